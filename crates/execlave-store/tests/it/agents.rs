use crate::support::{agent, at, first_page, id, new_agent, page_of, two_orgs};
use execlave_core::request::AgentStatus;
use execlave_store::agents::{AgentFilter, AgentPatch, NewAgent, OutcomeStrictness};
use execlave_store::{Json, Store};

#[tokio::test]
async fn registering_again_updates_and_keeps_identity_and_status() {
    let (store, ours, _) = two_orgs().await;
    let new = new_agent("bot");
    let (first, created) =
        store.register_agent(ours, &new, "key:k", at(0)).await.expect("registered");
    assert!(created);
    assert_eq!((first.id, first.epoch, first.status), (new.id, 1, AgentStatus::Active));
    assert_eq!((first.tags, first.metadata), (new.tags.clone(), new.metadata.clone()));
    store
        .set_agent_status(ours, first.id, AgentStatus::Paused, Some("odd"), "user:ada", at(1))
        .await
        .expect("paused");

    let renamed = NewAgent { id: id(), name: "Renamed".into(), description: None, ..new.clone() };
    let (second, created) =
        store.register_agent(ours, &renamed, "key:k", at(2)).await.expect("registered");
    assert!(!created);
    assert_eq!((second.id, second.name.as_str(), second.description), (first.id, "Renamed", None));
    assert_eq!(
        (second.status, second.epoch, second.created_at, second.updated_at),
        (AgentStatus::Paused, 2, at(0), at(2))
    );

    let elsewhere = NewAgent { id: id(), environment: "staging".into(), ..new };
    assert!(
        store.register_agent(ours, &elsewhere, "key:k", at(3)).await.expect("registered").1,
        "another environment, another agent"
    );
}

#[tokio::test]
async fn a_status_changes_once_and_raises_the_epoch() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    assert!(
        store
            .set_agent_status(theirs, bot.id, AgentStatus::Paused, None, "user:eve", at(1))
            .await
            .expect("answered")
            .is_none()
    );

    let paused = store
        .set_agent_status(ours, bot.id, AgentStatus::Paused, Some("leak"), "user:ada", at(1))
        .await
        .expect("ok")
        .expect("there");
    assert_eq!(
        (paused.status, paused.epoch, paused.status_reason.as_deref()),
        (AgentStatus::Paused, 2, Some("leak"))
    );
    let again = store
        .set_agent_status(ours, bot.id, AgentStatus::Paused, Some("other"), "user:bob", at(2))
        .await
        .expect("ok")
        .expect("there");
    assert_eq!((again.epoch, again.status_reason.as_deref()), (2, Some("leak")));
    let entry = store.list_audit(ours, &first_page()).await.expect("read").items.remove(0);
    assert_eq!(
        (entry.idx, entry.event.as_str(), entry.actor.as_str()),
        (2, "agent.status_updated", "user:ada")
    );
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let unchanged = store
        .update_agent(ours, bot.id, &AgentPatch::default(), "user:ada", at(1))
        .await
        .expect("ok")
        .expect("there");
    assert_eq!(unchanged.updated_at, at(0));
    let patch = AgentPatch {
        outcome_strictness: Some(OutcomeStrictness::Strict),
        name: Some("New".into()),
        kind: Some("workflow".into()),
        platform: Some("custom".into()),
        description: Some(None),
        owner_email: Some(Some("a@b.test".into())),
        allowed_data_sources: Some(vec![]),
        allowed_actions: Some(vec!["*".into()]),
        requires_human_approval_for: Some(vec!["refund".into()]),
        tags: Some(vec!["red".into()]),
        metadata: Some(Json::of(&serde_json::json!({}))),
        autonomy_level: Some(Some("advise".into())),
    };
    assert!(
        store
            .update_agent(theirs, bot.id, &patch, "user:eve", at(1))
            .await
            .expect("answered")
            .is_none(),
        "not theirs"
    );
    let changed = store
        .update_agent(ours, bot.id, &patch, "user:ada", at(2))
        .await
        .expect("ok")
        .expect("there");
    assert_eq!(
        (changed.name.as_str(), changed.kind.as_str(), changed.platform.as_str()),
        ("New", "workflow", "custom")
    );
    assert_eq!((changed.description, changed.owner_email.as_deref()), (None, Some("a@b.test")));
    assert_eq!(
        (changed.allowed_data_sources.len(), changed.allowed_actions, changed.tags),
        (0, vec!["*".into()], vec!["red".into()])
    );
    assert_eq!(
        (changed.autonomy_level.as_deref(), changed.updated_at, changed.epoch),
        (Some("advise"), at(2), 1)
    );
}

#[tokio::test]
async fn lists_are_filtered_paged_and_apart() {
    let (store, ours, theirs) = two_orgs().await;
    for (n, name) in (0..).zip(["alpha", "Beta_1", "BetaX1", "gamma%"]) {
        let tags =
            if name == "alpha" { vec!["Blue".into()] } else { vec!["blue".into(), "x".into()] };
        let environment = if name == "gamma%" { "staging" } else { "production" };
        let new = NewAgent { tags, environment: environment.into(), ..new_agent(name) };
        store.register_agent(ours, &new, "key:k", at(n)).await.expect("registered");
    }
    let names = async |filter: AgentFilter| ids(&store, ours, &filter).await;
    assert_eq!(names(AgentFilter::default()).await, ["gamma%", "BetaX1", "Beta_1", "alpha"]);
    assert_eq!(
        names(AgentFilter { search: Some("beta_".into()), ..Default::default() }).await,
        ["Beta_1"],
        "`_` is taken literally"
    );
    assert_eq!(
        names(AgentFilter { search: Some("%".into()), ..Default::default() }).await,
        ["gamma%"]
    );
    assert_eq!(
        names(AgentFilter { tag: Some("Blue".into()), ..Default::default() }).await,
        ["alpha"],
        "tags have case"
    );
    assert_eq!(names(AgentFilter { tag: Some("blu".into()), ..Default::default() }).await, [""; 0]);
    assert_eq!(
        names(AgentFilter { environment: Some("staging".into()), ..Default::default() }).await,
        ["gamma%"]
    );
    assert_eq!(
        names(AgentFilter { status: Some(AgentStatus::Paused), ..Default::default() }).await,
        [""; 0]
    );
    assert_eq!(ids(&store, theirs, &AgentFilter::default()).await, [""; 0]);
    let page =
        store.list_agents(ours, &AgentFilter::default(), &page_of(3, None)).await.expect("read");
    assert_eq!(page.total, Some(4));
    let last = store
        .list_agents(ours, &AgentFilter::default(), &page_of(3, page.next_cursor))
        .await
        .expect("read");
    assert_eq!((last.items.len(), last.next_cursor), (1, None));
}

async fn ids(store: &Store, org: execlave_core::ids::OrgId, filter: &AgentFilter) -> Vec<String> {
    let page = store.list_agents(org, filter, &first_page()).await.expect("read");
    assert_eq!(page.total, i64::try_from(page.items.len()).ok());
    page.items.into_iter().map(|agent| agent.agent_id).collect()
}

#[tokio::test]
async fn calls_are_remembered_per_organisation() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    store.touch_agents(&[]).await.expect("nothing to do");
    store
        .touch_agents(&[(ours, bot.id, at(5)), (theirs, bot.id, at(9)), (ours, bot.id, at(3))])
        .await
        .expect("touched");
    assert_eq!(
        store.find_agent(ours, bot.id).await.expect("read").expect("there").last_seen_at,
        Some(at(5))
    );
    assert!(store.find_agent(theirs, bot.id).await.expect("read").is_none());
    assert_eq!(store.list_agents_across_orgs().await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_red_team_score_is_kept_through_registrations() {
    let (store, ours, theirs) = two_orgs().await;
    let new = new_agent("bot");
    let bot = store.register_agent(ours, &new, "key:k", at(0)).await.expect("registered").0;
    assert_eq!(bot.red_team_score, None);
    let none = store.set_red_team_score(theirs, bot.id, 900, "key:k", at(1)).await;
    assert!(none.expect("answered").is_none());
    let scored = store.set_red_team_score(ours, bot.id, 875, "key:k", at(1)).await;
    assert_eq!(scored.expect("set").expect("there").red_team_score, Some(875));
    let again = store.register_agent(ours, &new, "key:k", at(2)).await.expect("registered").0;
    assert_eq!((again.red_team_score, again.red_team_scored_at), (Some(875), Some(at(1))));
}
