use crate::support::{agent, at, trace, two_orgs};
use execlave_core::request::AgentStatus;
use execlave_store::usage::UsageCounts;

#[tokio::test]
async fn usage_counts_what_plans_limit() {
    let (store, ours, theirs) = two_orgs().await;
    agent(&store, ours).await;
    let old = agent(&store, ours).await;
    store
        .set_agent_status(ours, old.id, AgentStatus::Archived, None, "user:ada", at(1))
        .await
        .expect("archived");
    store.insert_traces(vec![trace(ours, "a", 0), trace(ours, "a", 1)]).await.expect("stored");
    store.insert_traces(vec![trace(ours, "b", 2)]).await.expect("stored");
    let usage = store.usage(ours, at(0)).await.expect("counted");
    assert_eq!(usage, UsageCounts { agents: 1, traces: 3, users: 1, policies: 0 });
    let next_month = store.usage(ours, at(31 * 86_400_000)).await.expect("counted");
    assert_eq!(next_month.traces, 0);
    assert_eq!(store.usage(theirs, at(0)).await.expect("counted").traces, 0);
}
