use crate::support::{at, first_page, id, page_of, trace, two_orgs};
use execlave_store::resolutions::Resolution;

#[tokio::test]
async fn findings_stand_beside_each_other_and_belong_to_a_trace_of_ones_own() {
    let (store, ours, theirs) = two_orgs().await;
    store
        .insert_traces(vec![trace(ours, "tr/1", 0), trace(ours, "tr/1", 1)])
        .await
        .expect("stored");
    let finding = |n: i64| Resolution {
        org_id: ours,
        id: id(),
        trace_id: "tr/1".into(),
        resolved_status: "success".into(),
        basis: "callback".into(),
        effect_ref: Some("row 7".into()),
        acknowledgement_id: None,
        detail: None,
        observed_at: at(n),
        recorded_by: "key:k".into(),
        recorded_at: at(n),
    };
    let (first, second) =
        (finding(1), Resolution { resolved_status: "error".into(), ..finding(2) });
    assert!(store.add_resolution(&first).await.expect("added"));
    assert!(store.add_resolution(&second).await.expect("added"));
    let unknown = Resolution { trace_id: "tr/2".into(), ..finding(3) };
    assert!(!store.add_resolution(&unknown).await.expect("answered"));
    let foreign = Resolution { org_id: theirs, ..finding(3) };
    assert!(!store.add_resolution(&foreign).await.expect("answered"));

    let all = store.list_resolutions(ours, "tr/1", &first_page()).await.expect("read").items;
    assert_eq!(format!("{all:?}"), format!("{:?}", [second, first]));
    let page = store.list_resolutions(ours, "tr/1", &page_of(1, None)).await.expect("read");
    let rest =
        store.list_resolutions(ours, "tr/1", &page_of(1, page.next_cursor)).await.expect("read");
    assert_eq!(rest.items[0].recorded_at, at(1));
    assert!(
        store.list_resolutions(theirs, "tr/1", &first_page()).await.expect("read").items.is_empty()
    );
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    assert_eq!(audit.iter().filter(|entry| entry.event == "trace.resolved").count(), 2);
}
