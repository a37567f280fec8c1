use crate::support::{agent, at, first_page, page_of, trace, two_orgs};
use execlave_core::ids::OrgId;
use execlave_store::traces::{Trace, TraceFilter};
use execlave_store::{Store, StoreError};
use serde_json::json;

async fn found(store: &Store, org: OrgId, filter: TraceFilter) -> Vec<String> {
    let page = store.list_traces(org, &filter, &first_page()).await.expect("read");
    page.items.into_iter().map(|trace| trace.trace_id).collect()
}

#[tokio::test]
async fn a_trace_reads_back_as_reported() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let full = Trace {
        agent_row_id: Some(bot.id),
        user_id: Some("u".into()),
        completion_tokens: Some(3),
        cost_nanos: Some(i64::MAX),
        error_type: Some("ValueError".into()),
        error_message: Some("no \"such\" thing\n\u{1F600}".into()),
        parent_trace_id: Some("p".into()),
        span_type: Some("llm".into()),
        parent_span_id: Some("sp_0".into()),
        span_name: Some("step".into()),
        injection_risk: Some("high".into()),
        tags: vec!["a".into()],
        metadata: Some(json!({"nul": "\u{0}", "deep": [[[{"x": 1e-300}]]]}).into()),
        effect_evidence: Some(json!({"basis": "read_back"}).into()),
        ..trace(ours, "tr_1", 0)
    };
    let bare = Trace {
        agent_id: None,
        session_id: None,
        input: None,
        output: None,
        ..trace(ours, "tr_1", 1)
    };
    store.insert_traces(vec![full.clone(), bare.clone()]).await.expect("stored");
    store.insert_traces(Vec::<Trace>::new()).await.expect("nothing to do");
    let spans = store.find_traces_by_trace_id(ours, "tr_1").await.expect("read");
    assert_eq!(
        format!("{spans:?}"),
        format!("{:?}", [full, bare]),
        "spans share a trace id and are all kept"
    );
    assert_eq!(store.find_traces_by_trace_id(theirs, "tr_1").await.expect("read").len(), 0);
    assert_eq!(found(&store, theirs, TraceFilter::default()).await, [""; 0]);
}

#[tokio::test]
async fn traces_are_filtered() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let row = |name: &str, n| trace(ours, name, n);
    store
        .insert_traces(vec![
            Trace { agent_id: Some("x".into()), agent_row_id: Some(bot.id), ..row("agent", 0) },
            Trace { session_id: Some("s-2".into()), ..row("session", 1) },
            Trace { user_id: Some("u".into()), ..row("user", 2) },
            Trace {
                status: "error".into(),
                error_message: Some("Timeout 50%".into()),
                ..row("status", 3)
            },
            Trace { model_name: Some("m".into()), ..row("model", 4) },
            Trace { environment: Some("staging".into()), ..row("environment", 5) },
            Trace { input: Some(json!("Grüße an C:\\temp_1").into()), ..row("Text", 6) },
        ])
        .await
        .expect("stored");
    let all = TraceFilter::default;
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        found(&store, ours, all()).await,
        ["Text", "environment", "model", "status", "user", "session", "agent"]
    );
    assert_eq!(found(&store, ours, TraceFilter { agent_id: some("x"), ..all() }).await, ["agent"]);
    assert_eq!(
        found(&store, ours, TraceFilter { agent_row_id: Some(bot.id), ..all() }).await,
        ["agent"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { session_id: some("s-2"), ..all() }).await,
        ["session"]
    );
    assert_eq!(found(&store, ours, TraceFilter { user_id: some("u"), ..all() }).await, ["user"]);
    assert_eq!(
        found(&store, ours, TraceFilter { status: some("error"), ..all() }).await,
        ["status"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { model_name: some("m"), ..all() }).await,
        ["model"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { environment: some("staging"), ..all() }).await,
        ["environment"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { since: Some(at(2)), until: Some(at(4)), ..all() }).await,
        ["status", "user"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { text: some("TIMEOUT 50%"), ..all() }).await,
        ["status"]
    );
    assert_eq!(
        found(&store, ours, TraceFilter { text: some("50%_"), ..all() }).await,
        [""; 0],
        "taken literally"
    );
    assert_eq!(found(&store, ours, TraceFilter { text: some("temp_1"), ..all() }).await, ["Text"]);
    assert_eq!(
        found(&store, ours, TraceFilter { text: some("text"), ..all() }).await,
        ["Text"],
        "also in the trace id"
    );
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_traces_arrive() {
    let (store, ours, _) = two_orgs().await;
    store
        .insert_traces((0..201).map(|n| trace(ours, &n.to_string(), n / 10)).collect())
        .await
        .expect("stored");
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .list_traces(ours, &TraceFilter::default(), &page_of(90, cursor))
            .await
            .expect("read");
        ids.extend(page.items.iter().map(|trace| trace.id));
        store.insert_traces(vec![trace(ours, "late", 1000)]).await.expect("stored");
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), 201);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 201);
    let nul = TraceFilter { text: Some("a\0b".into()), ..TraceFilter::default() };
    let refused = store.list_traces(ours, &nul, &first_page()).await.expect_err("refused");
    assert!(matches!(refused, StoreError::InvalidText), "{refused:?}");
    let bad = store
        .list_traces(ours, &TraceFilter::default(), &page_of(1, Some("Zm9v".into())))
        .await
        .expect_err("refused");
    assert!(matches!(bad, StoreError::InvalidCursor));
}
