use crate::support::{agent, at, decision, first_page, page_of, two_orgs};
use execlave_core::decision::Outcome;
use execlave_store::StoreError;
use execlave_store::decisions::{DecisionFilter, DecisionRecord, OutcomeCounts};

#[tokio::test]
async fn a_recorded_decision_reads_back_as_written_and_only_by_its_owner() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let written =
        DecisionRecord { input: Some("' OR 1=1 --\u{1F600}".into()), ..decision(ours, bot.id) };
    store.record_decision(written.clone()).await.expect("recorded");
    let read = store.find_decision(ours, written.id).await.expect("read").expect("there");
    assert_eq!(format!("{read:?}"), format!("{written:?}"));

    assert!(store.find_decision(theirs, written.id).await.expect("read").is_none());
    assert_eq!(
        store
            .list_decisions(theirs, &DecisionFilter::default(), &first_page())
            .await
            .expect("read")
            .items
            .len(),
        0
    );
    let foreign = store
        .record_decision(decision(theirs, bot.id))
        .await
        .expect_err("our agent, their organisation");
    assert!(matches!(foreign, StoreError::InvalidReference("decision")), "{foreign:?}");
    let twice = store.record_decision(written).await.expect_err("the same id");
    assert!(matches!(twice, StoreError::Conflict("decision")), "{twice:?}");
}

#[tokio::test]
async fn decisions_are_filtered_paged_and_counted() {
    let (store, ours, theirs) = two_orgs().await;
    let (bot, other) = (agent(&store, ours).await, agent(&store, ours).await);
    let outcomes = [Outcome::Allow, Outcome::Block, Outcome::RequireApproval];
    for (n, outcome) in (0..6).zip(outcomes.into_iter().cycle()) {
        let agent_id = if n < 4 { bot.id } else { other.id };
        // Two at the same moment, so that the id has to break the tie between pages.
        let record = DecisionRecord {
            outcome,
            agent_id,
            evaluated_at: at(n / 2),
            ..decision(ours, agent_id)
        };
        store.record_decision(record).await.expect("recorded");
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = store
            .list_decisions(ours, &DecisionFilter::default(), &page_of(1, cursor))
            .await
            .expect("read");
        seen.extend(page.items.iter().map(|decision| (decision.evaluated_at, decision.id)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");

    let count = async |filter: DecisionFilter| {
        store.list_decisions(ours, &filter, &first_page()).await.expect("read").items.len()
    };
    assert_eq!(count(DecisionFilter { agent_id: Some(other.id), ..Default::default() }).await, 2);
    assert_eq!(
        count(DecisionFilter { outcome: Some(Outcome::Block), ..Default::default() }).await,
        2
    );
    assert_eq!(
        count(DecisionFilter { environment: Some("staging".into()), ..Default::default() }).await,
        0
    );
    assert_eq!(
        count(DecisionFilter { since: Some(at(1)), until: Some(at(2)), ..Default::default() })
            .await,
        2
    );
    let counts = store.count_decisions_since(ours, at(1)).await.expect("counted");
    assert_eq!(counts, OutcomeCounts { allow: 1, require_approval: 2, block: 1 });
    assert_eq!(
        store.count_decisions_since(theirs, at(0)).await.expect("counted"),
        OutcomeCounts::default()
    );
}
