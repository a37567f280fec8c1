use crate::support::{agent, at, decision, first_page, id, page_of, two_orgs};
use execlave_core::decision::Outcome;
use execlave_core::ids::PolicyId;
use execlave_store::StoreError;
use execlave_store::decisions::{DecisionFilter, DecisionRecord, DecisionSource, OutcomeCounts};
use execlave_store::policy_sets::PolicySetRecord;
use serde_json::json;

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

#[tokio::test]
async fn numbers_are_grouped_by_outcome_source_time_and_agent() {
    let (store, ours, theirs) = two_orgs().await;
    let (bot, other) = (agent(&store, ours).await, agent(&store, ours).await);
    let hour = 3_600_000;
    let policy: PolicyId = id();
    let fired = json!([{ "policyId": policy, "policyName": "p" }]);
    for (n, (agent_id, outcome, source, duration_us)) in (0..).zip([
        (bot.id, Outcome::Allow, DecisionSource::Server, 100),
        (bot.id, Outcome::Block, DecisionSource::Server, 300),
        (bot.id, Outcome::Allow, DecisionSource::Local, 9),
        (other.id, Outcome::Block, DecisionSource::Server, 200),
        (bot.id, Outcome::RequireApproval, DecisionSource::Server, 200),
    ]) {
        let violations = if outcome == Outcome::Block { fired.clone() } else { json!([]) };
        let record = DecisionRecord {
            outcome,
            source,
            duration_us,
            violations: violations.into(),
            evaluated_at: at(n * hour / 2),
            ..decision(ours, agent_id)
        };
        store.record_decision(record).await.expect("recorded");
    }
    let all = DecisionFilter::default();
    let stats = store.decision_stats(ours, &all, hour).await.expect("counted");
    assert_eq!(stats.outcomes, OutcomeCounts { allow: 2, require_approval: 1, block: 2 });
    assert_eq!((stats.server, stats.local), (4, 1));
    assert_eq!((stats.average_duration_us, stats.longest_duration_us), (200, 300));
    // The first moment is half past one.
    let buckets: Vec<(i64, i64)> = stats
        .buckets
        .iter()
        .map(|(start, counts)| (start.millis_since(at(0)), counts.total()))
        .collect();
    assert_eq!(buckets, [(-hour / 2, 1), (hour / 2, 2), (hour * 3 / 2, 2)]);
    let ranked: Vec<_> =
        stats.agents.iter().map(|(agent, counts)| (*agent, counts.total())).collect();
    assert_eq!(ranked, [(bot.id, 2), (other.id, 1)]);

    let count = async |filter: DecisionFilter| {
        store.decision_stats(ours, &filter, hour).await.expect("counted").outcomes.total()
    };
    assert_eq!(count(DecisionFilter { policy_id: Some(policy), ..Default::default() }).await, 2);
    assert_eq!(count(DecisionFilter { policy_id: Some(id()), ..Default::default() }).await, 0);
    let local = DecisionFilter { source: Some(DecisionSource::Local), ..Default::default() };
    assert_eq!(count(local).await, 1);
    let none = store.decision_stats(theirs, &all, hour).await.expect("counted");
    assert_eq!((none.outcomes, none.buckets.len()), (OutcomeCounts::default(), 0));
}

#[tokio::test]
async fn a_set_of_policies_is_written_once() {
    let (store, ours, theirs) = two_orgs().await;
    let set = |n| PolicySetRecord {
        org_id: ours,
        version: "abc".into(),
        policies: json!([n]).into(),
        created_at: at(n),
    };
    store.ensure_policy_set(&set(1)).await.expect("written");
    store.ensure_policy_set(&set(2)).await.expect("known");
    let read = store.find_policy_set(ours, "abc").await.expect("read").expect("there");
    assert_eq!(format!("{read:?}"), format!("{:?}", set(1)));
    assert!(store.find_policy_set(theirs, "abc").await.expect("read").is_none());
}

#[tokio::test]
async fn a_decision_made_elsewhere_is_kept_once() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let local = DecisionRecord { source: DecisionSource::Local, ..decision(ours, bot.id) };
    let other = DecisionRecord { source: DecisionSource::Local, ..decision(ours, bot.id) };
    let record = async |decisions: Vec<DecisionRecord>| {
        store.record_local_decisions(ours, decisions).await.expect("recorded")
    };
    assert_eq!(record(vec![local.clone(), local.clone()]).await, 1);
    let rewritten = DecisionRecord { outcome: Outcome::Block, ..local.clone() };
    assert_eq!(record(vec![rewritten, other]).await, 1);
    let read = store.find_decision(ours, local.id).await.expect("read").expect("there");
    assert_eq!(format!("{read:?}"), format!("{local:?}"));
    let foreign = store.record_local_decisions(theirs, vec![local]).await;
    assert!(matches!(foreign, Err(StoreError::InvalidReference("decision"))), "{foreign:?}");
}
