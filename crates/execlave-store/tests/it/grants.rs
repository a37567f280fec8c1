use execlave_core::ids::{AgentId, OrgId};
use execlave_store::grants::{Grant, MOST_GRANTS};

use crate::support::{agent, at, first_page, id, new_agent, two_orgs};

fn grant(org_id: OrgId, caller: AgentId, target: AgentId, end: Option<i64>) -> Grant {
    Grant {
        org_id,
        id: id(),
        caller_agent_id: caller,
        callee_agent_id: target,
        allowed_actions: vec!["read".into()],
        created_at: at(0),
        created_by: "user:ada".into(),
        expires_at: end.map(at),
        revoked_at: None,
    }
}

#[tokio::test]
async fn a_grant_is_in_force_until_it_ends_or_is_revoked() {
    let (store, ours, theirs) = two_orgs().await;
    let caller = agent(&store, ours).await.id;
    let target = store.register_agent(ours, &new_agent("worker"), "user:ada", at(0)).await;
    let target = target.expect("registered").0.id;
    let (short, long) = (grant(ours, caller, target, Some(10)), grant(ours, caller, target, None));
    for one in [&short, &long] {
        assert!(store.create_grant(one).await.expect("made").is_some());
    }
    let in_force = async |org, from, to, now| {
        store.grants_in_force(org, from, to, at(now)).await.expect("read").len()
    };
    assert_eq!(in_force(ours, caller, target, 9).await, 2);
    assert_eq!(in_force(ours, caller, target, 10).await, 1);
    assert_eq!(in_force(ours, target, caller, 0).await, 0);
    assert_eq!(in_force(theirs, caller, target, 0).await, 0);
    let foreign = store.revoke_grant(theirs, caller, long.id, "user:eve", at(11)).await;
    assert_eq!(foreign.expect("read"), None);
    for _ in 0..2 {
        let revoked = store.revoke_grant(ours, caller, long.id, "user:ada", at(11)).await;
        assert_eq!(revoked.expect("revoked").and_then(|grant| grant.revoked_at), Some(at(11)));
    }
    assert_eq!(in_force(ours, caller, target, 11).await, 0);
    let listed = store.list_grants(ours, caller, &first_page()).await.expect("read");
    assert_eq!(listed.items.len(), 2);
}

#[tokio::test]
async fn an_agent_has_so_many_grants_and_no_more() {
    let (store, ours, _) = two_orgs().await;
    let caller = agent(&store, ours).await.id;
    let target = store.register_agent(ours, &new_agent("worker"), "user:ada", at(0)).await;
    let target = target.expect("registered").0.id;
    for _ in 0..MOST_GRANTS {
        let made = store.create_grant(&grant(ours, caller, target, None)).await;
        assert!(made.expect("made").is_some());
    }
    let one_more = grant(ours, caller, target, None);
    assert!(store.create_grant(&one_more).await.expect("read").is_none());
    assert!(store.create_grant(&grant(ours, target, caller, None)).await.expect("made").is_some());
}
