use execlave_store::users::Role;
use serde_json::json;

use super::browser::{Browser, assert_hides, assert_shows};
use crate::support::TestApp;

#[tokio::test]
async fn agents_are_listed_found_and_filtered() {
    let app = TestApp::new().await;
    app.agent("support-bot").await;
    app.agent("release-bot").await;
    let viewer = Browser::signed_in(&app, Role::Viewer).await;
    assert_shows(
        &viewer.get("/agents").await.expect(200),
        &["support-bot", "release-bot", "pill-good"],
    );
    let found = viewer.get("/agents?search=RELEASE").await.expect(200);
    assert_shows(&found, &["release-bot", "value=\"RELEASE\""]);
    assert_hides(&found, &["support-bot"]);
    let none = viewer.get("/agents?status=paused").await.expect(200);
    assert_shows(&none, &["No agent matches", "<option value=\"paused\" selected>"]);
}

#[tokio::test]
async fn pausing_takes_effect_at_once_and_tells_why() {
    let app = TestApp::new().await;
    let id = app.agent("support-bot").await;
    let developer = Browser::signed_in(&app, Role::Developer).await;
    let ask = format!("/agents/{id}/pause?from=agents");
    assert_shows(
        &developer.get(&ask).await.expect(200),
        &["Pause support-bot?", "data-dialog-content"],
    );

    let fields = [("reason", "strange answers since noon"), ("from", "agents")];
    let answer = developer.submit(&ask, &format!("/agents/{id}/pause"), &fields).await.expect(303);
    assert_eq!(answer.header("location"), Some(format!("/agents#agent-{id}").as_str()));
    let refused = app
        .operator()
        .post("/policies/enforce", json!({ "agentId": "support-bot", "input": "hello" }))
        .await
        .expect(403);
    assert_eq!(refused["violations"][0]["ruleId"], "system.agent_paused");
    let page = developer.get(&format!("/agents/{id}")).await.expect(200);
    assert_shows(
        &page,
        &["strange answers since noon", "This agent is paused", "Resume agent", "pill-bad"],
    );

    let resume = format!("/agents/{id}/resume");
    let answer = developer.submit(&resume, &resume, &[]).await.expect(303);
    assert_eq!(answer.header("location"), Some(format!("/agents/{id}").as_str()));
    app.operator()
        .post("/policies/enforce", json!({ "agentId": "support-bot", "input": "hello" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_pause_without_a_reason_is_not_a_pause() {
    let app = TestApp::new().await;
    let id = app.agent("support-bot").await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let path = format!("/agents/{id}/pause");
    let page = owner.submit(&path, &path, &[("reason", " \n ")]).await.expect(400);
    assert_shows(&page, &["Give a reason", "aria-invalid"]);
    let long = "x".repeat(1_001);
    let page = owner.submit(&path, &path, &[("reason", &long)]).await.expect(400);
    assert_shows(&page, &["below 1,000 characters", &long]);
    owner.submit(&path, &path, &[("reason", "a\0b")]).await.expect(400);
    assert_eq!(app.operator().get(&format!("/agents/{id}")).await["data"]["status"], "active");
}

#[tokio::test]
async fn a_viewer_reads_and_does_not_pause() {
    let app = TestApp::new().await;
    let id = app.agent("support-bot").await;
    let viewer = Browser::signed_in(&app, Role::Viewer).await;
    assert_hides(&viewer.get("/agents").await.expect(200), &[&format!("/agents/{id}/pause")]);
    let path = format!("/agents/{id}/pause");
    assert_shows(&viewer.get(&path).await.expect(403), &["Not allowed", "developer"]);
    viewer.submit("/agents", &path, &[("reason", "because")]).await.expect(403);
    assert_eq!(app.operator().get(&format!("/agents/{id}")).await["data"]["status"], "active");
}

#[tokio::test]
async fn all_agents_and_those_with_a_tag_are_stopped_at_once() {
    let app = TestApp::new().await;
    let operator = app.operator();
    for (id, tags) in [("payer", json!(["money"])), ("support-bot", json!([]))] {
        let body = json!({ "agentId": id, "name": id, "tags": tags });
        operator.post("/agents", body).await.expect(201);
    }
    let status =
        async |id: &str| operator.get(&format!("/agents/{id}")).await["data"]["status"].clone();
    let developer = Browser::signed_in(&app, Role::Developer).await;
    assert_shows(&developer.get("/agents").await.expect(200), &["href=\"/agents/pause\""]);
    let page = developer.get("/agents/pause").await.expect(200);
    assert_shows(&page, &["All agents (2)", "Tag money (1)", "value=\"environment:production\""]);

    let pause = async |fields: &[(&str, &str)]| {
        developer.submit("/agents/pause", "/agents/pause", fields).await
    };
    pause(&[("group", "tag:money"), ("reason", "drill")]).await.expect(303);
    assert_eq!(
        (status("payer").await, status("support-bot").await),
        (json!("paused"), json!("active"))
    );
    pause(&[("group", "all"), ("reason", "drill")]).await.expect(303);
    assert_eq!(status("support-bot").await, "paused");
    let resume = [("group", "environment:production"), ("reason", "over")];
    developer.submit("/agents/resume", "/agents/resume", &resume).await.expect(303);
    assert_eq!(
        (status("payer").await, status("support-bot").await),
        (json!("active"), json!("active"))
    );

    let page = pause(&[("group", "tag:money"), ("reason", "")]).await.expect(400);
    assert_shows(&page, &["Give a reason", "value=\"tag:money\" selected"]);
    for group in ["", "tag:", "everything"] {
        pause(&[("group", group), ("reason", "drill")]).await.expect(400);
    }
    let viewer = Browser::signed_in(&app, Role::Viewer).await;
    viewer.get("/agents/pause").await.expect(403);
    assert_hides(&viewer.get("/agents").await.expect(200), &["href=\"/agents/pause\""]);
    assert_eq!(status("payer").await, "active");
}
