use execlave_core::ids::{AgentId, OrgId};
use execlave_store::prompt_versions::{
    DecideDeployment, Decided, Deploy, Deployed, DeploymentStatus, MOST_ENVIRONMENTS, Prompt,
    PromptFilter, PromptVersion, RollBack, RolledBack,
};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{agent, at, first_page, id, page_of, two_orgs};

fn version(org_id: OrgId, agent_id: AgentId) -> PromptVersion {
    PromptVersion {
        org_id,
        id: id(),
        agent_id,
        version_number: 0,
        version_tag: Some("terse".into()),
        prompt: "ä {question}".into(),
        system_prompt: None,
        model_name: None,
        model_parameters: json!({ "temperature": 0.5 }).into(),
        change_summary: None,
        notes: None,
        created_at: at(0),
        created_by: "key:a".into(),
    }
}

fn deploy(environment: &str, requires_approval: bool) -> Deploy<'_> {
    Deploy { environment, requires_approval, notes: Some("n"), actor: "key:a", at: at(1) }
}

fn running(prompt: &Prompt) -> Vec<&str> {
    let runs = |one: &&execlave_store::prompt_versions::PromptDeployment| {
        one.status == DeploymentStatus::Deployed
    };
    prompt.deployments.iter().filter(runs).map(|one| one.environment.as_str()).collect()
}

#[tokio::test]
async fn numbers_have_no_gaps_and_one_version_runs_whatever_happens_at_once() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let mut making = JoinSet::new();
    for _ in 0..12 {
        let (store, new) = ((*store).clone(), version(ours, bot));
        making.spawn(async move {
            let made = store.create_prompt_version(&new).await.expect("made").expect("room");
            let done =
                store.deploy_prompt_version(ours, new.id, &deploy("production", false)).await;
            assert!(matches!(done.expect("deployed"), Deployed::Done(_)));
            made.version.version_number
        });
    }
    let mut numbers = making.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=12).collect::<Vec<i64>>());
    let filter = PromptFilter { agent: Some(bot), deployed: Some(true), environment: None };
    let found = store.list_prompt_versions(ours, &filter, &first_page()).await.expect("read");
    assert_eq!(found.items.len(), 1);
    assert_eq!(running(&found.items[0]), ["production"]);
}

#[tokio::test]
async fn a_version_comes_back_as_it_was_made_and_pages_hold_each_once() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let made = store.create_prompt_version(&version(ours, bot)).await.expect("made");
    let made = made.expect("there is room");
    store.deploy_prompt_version(ours, made.version.id, &deploy("x", true)).await.expect("asked");
    let found = store.find_prompt_version(ours, made.version.id).await.expect("read");
    let found = found.expect("it is there");
    assert_eq!(found.version, made.version);
    assert_eq!(found.deployments[0].status, DeploymentStatus::Pending);
    for _ in 0..4 {
        store.create_prompt_version(&version(ours, bot)).await.expect("made");
    }
    let all = PromptFilter::default();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list_prompt_versions(ours, &all, &page_of(2, cursor)).await;
        let page = page.expect("read");
        seen.extend(page.items.iter().map(|prompt| prompt.version.version_number));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let none = store.list_prompt_versions(theirs, &all, &first_page()).await.expect("read");
    assert!(none.items.is_empty());
}

#[tokio::test]
async fn nobody_elses_version_is_touched() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let made = store.create_prompt_version(&version(ours, bot)).await.expect("made");
    let of_ours: Uuid = made.expect("there is room").version.id;
    assert_eq!(store.find_prompt_version(theirs, of_ours).await.expect("read"), None);
    let done = store.deploy_prompt_version(theirs, of_ours, &deploy("x", false)).await;
    assert_eq!(done.expect("read"), Deployed::NotFound);
    let yes = DecideDeployment {
        environment: None,
        approve: true,
        reason: None,
        actor: "key:b",
        at: at(2),
    };
    let done = store.decide_prompt_deployment(theirs, of_ours, &yes, |_| true).await;
    assert_eq!(done.expect("read"), Decided::NotFound);
    let back = RollBack { environment: None, reason: None, actor: "key:b", at: at(2) };
    let done = store.roll_back_to_prompt_version(theirs, of_ours, &back, |_| true).await;
    assert_eq!(done.expect("read"), RolledBack::NotFound);
    // A version of an agent that belongs to somebody else cannot be made at all.
    assert!(store.create_prompt_version(&version(theirs, bot)).await.is_err());
}

#[tokio::test]
async fn two_people_who_decide_at_once_decide_once() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let made = store.create_prompt_version(&version(ours, bot)).await.expect("made");
    let waits: Uuid = made.expect("there is room").version.id;
    store.deploy_prompt_version(ours, waits, &deploy("x", true)).await.expect("asked");
    let mut deciding = JoinSet::new();
    for (actor, approve) in [("key:b", true), ("key:c", false), ("key:a", true)] {
        let store = (*store).clone();
        deciding.spawn(async move {
            let decision =
                DecideDeployment { environment: None, approve, reason: None, actor, at: at(2) };
            store.decide_prompt_deployment(ours, waits, &decision, |_| true).await.expect("read")
        });
    }
    let outcomes = deciding.join_all().await;
    let done = outcomes.iter().filter(|one| matches!(one, Decided::Done(_))).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let after = store.find_prompt_version(ours, waits).await.expect("read").expect("there");
    assert_ne!(after.deployments[0].decided_by.as_deref(), Some("key:a"));
}

#[tokio::test]
async fn a_version_is_in_so_many_environments_and_no_more() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let made = store.create_prompt_version(&version(ours, bot)).await.expect("made");
    let one: Uuid = made.expect("there is room").version.id;
    for number in 0..MOST_ENVIRONMENTS {
        let place = format!("e{number}");
        let done = store.deploy_prompt_version(ours, one, &deploy(&place, false)).await;
        assert!(matches!(done.expect("deployed"), Deployed::Done(_)));
    }
    let done = store.deploy_prompt_version(ours, one, &deploy("another", false)).await;
    assert_eq!(done.expect("read"), Deployed::TooMany);
}
