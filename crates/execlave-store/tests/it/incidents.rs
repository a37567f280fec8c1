use crate::support::{agent, at, first_page, id, trace, two_orgs};
use execlave_core::decision::{EnforcementMode, Severity};
use execlave_core::ids::{AgentId, OrgId, PolicyId};
use execlave_store::incidents::{Incident, IncidentFilter};
use execlave_store::traces::NewTrace;
use serde_json::json;

fn incident(
    org_id: OrgId,
    agent_id: AgentId,
    policy_id: PolicyId,
    trace_id: &str,
    n: i64,
) -> Incident {
    Incident {
        org_id,
        id: id(),
        trace_id: trace_id.into(),
        span_id: "sp_1".into(),
        agent_id,
        environment: "production".into(),
        policy_id,
        policy_name: "p".into(),
        policy_type: "pii_access".into(),
        enforcement_mode: EnforcementMode::Block,
        severity: Severity::High,
        rule_id: "pii_access.email".into(),
        message: "an address".into(),
        evidence: Some(json!({"field": "output"}).into()),
        occurred_at: at(n),
        created_at: at(n),
    }
}

#[tokio::test]
async fn a_span_that_is_handed_in_again_is_found_once() {
    let (store, ours, theirs) = two_orgs().await;
    let (bot, other) = (agent(&store, ours).await.id, agent(&store, ours).await.id);
    let (first, second): (PolicyId, PolicyId) = (id(), id());
    let found = [incident(ours, bot, first, "t", 1), incident(ours, bot, second, "t", 1)];
    for _ in 0..2 {
        let again = found.iter().map(|one| Incident { id: id(), ..one.clone() }).collect();
        let new = NewTrace { incidents: again, ..trace(ours, "t", 0).into() };
        store.insert_traces(vec![new]).await.expect("stored");
    }
    let low = Incident { severity: Severity::Low, ..incident(ours, other, first, "u", 5) };
    let new = NewTrace { incidents: vec![low.clone()], ..trace(ours, "u", 0).into() };
    store.insert_traces(vec![new]).await.expect("stored");

    let all = store
        .list_incidents(ours, &IncidentFilter::default(), &first_page())
        .await
        .expect("read")
        .items;
    assert_eq!(all.len(), 3);
    assert_eq!(format!("{:?}", all[0]), format!("{low:?}"));
    let count = async |filter: IncidentFilter| {
        store.list_incidents(ours, &filter, &first_page()).await.expect("read").items.len()
    };
    assert_eq!(count(IncidentFilter { agent_id: Some(bot), ..Default::default() }).await, 2);
    assert_eq!(count(IncidentFilter { policy_id: Some(first), ..Default::default() }).await, 2);
    assert_eq!(
        count(IncidentFilter { severity: Some(Severity::High), ..Default::default() }).await,
        2
    );
    assert_eq!(count(IncidentFilter { trace_id: Some("u".into()), ..Default::default() }).await, 1);
    assert_eq!(
        count(IncidentFilter { since: Some(at(2)), until: Some(at(5)), ..Default::default() })
            .await,
        0
    );
    assert_eq!(
        count(IncidentFilter { policy_type: Some("x".into()), ..Default::default() }).await,
        0
    );
    let stats = store.incident_stats(ours, &IncidentFilter::default()).await.expect("counted");
    assert_eq!(stats.severities, [("high".to_owned(), 2), ("low".to_owned(), 1)]);
    assert_eq!(stats.policies, [(first.to_string(), 2), (second.to_string(), 1)]);
    assert_eq!(stats.agents, [(bot.to_string(), 2), (other.to_string(), 1)]);
    assert_eq!(stats.policy_types, [("pii_access".to_owned(), 3)]);

    assert!(store.find_incident(ours, low.id).await.expect("read").is_some());
    assert!(store.find_incident(theirs, low.id).await.expect("read").is_none());
    let theirs = store.incident_stats(theirs, &IncidentFilter::default()).await.expect("counted");
    assert!(theirs.policies.is_empty());
}
