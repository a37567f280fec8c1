use execlave_core::ids::{AgentId, OrgId};
use execlave_store::Json;
use execlave_store::agent_versions::AgentVersion;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{agent, at, first_page, id, two_orgs};

fn version(org_id: OrgId, agent_id: AgentId) -> AgentVersion {
    AgentVersion {
        org_id,
        id: id(),
        agent_id,
        version_number: 0,
        version_label: Some("1.0".into()),
        notes: None,
        metadata: json!({ "gitCommit": "abc" }).into(),
        snapshot: json!({}).into(),
        created_at: at(0),
        created_by: "key:a".into(),
    }
}

#[tokio::test]
async fn numbers_have_no_gaps_whatever_happens_at_once() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let mut making = JoinSet::new();
    for _ in 0..12 {
        let (store, new) = ((*store).clone(), version(ours, bot));
        making.spawn(async move {
            let snapshot = |agent: execlave_store::agents::Agent| Json::of(&agent.name);
            let made = store.create_agent_version(&new, true, snapshot).await.expect("made");
            made.expect("there is room").version_number
        });
    }
    let mut numbers = making.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=12).collect::<Vec<i64>>());
    let active = store.find_active_agent_version(ours, bot).await.expect("read");
    let last = store.find_agent_version(ours, bot, 12).await.expect("read").expect("it is there");
    assert_eq!(active.map(|active| active.version_id), Some(last.id));
}

#[tokio::test]
async fn a_version_is_read_by_its_own_organisation_alone() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let snapshot = |agent: execlave_store::agents::Agent| Json::of(&agent.name);
    let made = store.create_agent_version(&version(ours, bot.id), false, snapshot).await;
    let made = made.expect("made").expect("there is room");
    assert_eq!(made.snapshot, Json::of(&bot.name));
    let found = store.find_agent_version(ours, bot.id, 1).await.expect("read");
    assert_eq!(found, Some(made.clone()));
    assert_eq!(store.find_agent_version(theirs, bot.id, 1).await.expect("read"), None);
    let stolen = store.activate_agent_version(theirs, bot.id, 1, "key:b", at(1)).await;
    assert_eq!(stolen.expect("read"), None);
    assert!(store.create_agent_version(&version(theirs, bot.id), true, snapshot).await.is_err());
    for org in [ours, theirs] {
        let listed = store.list_agent_versions(org, bot.id, &first_page()).await.expect("read");
        assert_eq!(listed.items.len(), usize::from(org == ours));
    }
    assert_eq!(store.find_active_agent_version(ours, bot.id).await.expect("read"), None);
    for _ in 0..2 {
        let done = store.activate_agent_version(ours, bot.id, 1, "key:b", at(1)).await;
        assert_eq!(done.expect("done"), Some(made.clone()));
    }
    let active = store.find_active_agent_version(ours, bot.id).await.expect("read");
    assert_eq!(active.map(|active| active.activated_at), Some(at(1)));
}
