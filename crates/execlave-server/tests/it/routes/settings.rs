use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_input_is_kept_only_where_the_organisation_says_so() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    app.agent("bot").await;
    stranger.post("/agents", json!({ "agentId": "bot", "name": "b" })).await.expect(201);
    let client = app.agent_key().await;
    let ask = json!({ "agentId": "bot", "input": "the secret plan" });
    let kept = async |client: &crate::support::Client| {
        let answer = client.post("/policies/enforce", ask.clone()).await.expect(200);
        let path = format!("/decisions/{}", answer["decisionId"].as_str().expect("an id"));
        let owner = if client.key == stranger.key { stranger.clone() } else { app.operator() };
        let decision = owner.get(&path).await.expect(200);
        assert_eq!(decision["data"]["actionDigest"].as_str().map(str::len), Some(64));
        decision["data"]["input"].clone()
    };
    assert_eq!(kept(&client).await, json!(null));
    let settings = app.operator().get("/organization/settings").await.expect(200);
    assert_eq!(
        settings["data"],
        json!({ "keepInput": false, "keepInputChosen": false, "redTeamGate": false })
    );

    let patch = app
        .operator()
        .patch("/organization/settings", json!({ "keepInput": true }))
        .await
        .expect(200);
    assert_eq!(patch["data"]["keepInput"], true);
    assert_eq!(kept(&client).await, json!("the secret plan"));
    assert_eq!(kept(&stranger).await, json!(null), "another organisation chose nothing");
    let theirs = stranger.get("/organization/settings").await.expect(200);
    assert_eq!(theirs["data"]["keepInput"], false);

    app.operator()
        .patch("/organization/settings", json!({ "redTeamGate": true }))
        .await
        .expect(200);
    assert_eq!(kept(&client).await, json!("the secret plan"), "what is not named stays");
    app.operator().patch("/organization/settings", json!({ "keepInput": null })).await.expect(200);
    assert_eq!(kept(&client).await, json!(null));
    let list = app.operator().get("/decisions").await.expect(200);
    assert!(!list.text.contains("the secret plan"), "lists never show inputs");
}

#[tokio::test]
async fn bad_settings_change_nothing() {
    let app = TestApp::new().await;
    for (field, value) in
        [("keepInput", json!("yes")), ("redTeamGate", json!(null)), ("keepOutput", json!(true))]
    {
        let mut body = json!({ "redTeamGate": true });
        body[field] = value;
        let answer = app.operator().patch("/organization/settings", body).await;
        assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), field);
    }
    let settings = app.operator().get("/organization/settings").await.expect(200);
    assert_eq!(settings["data"]["redTeamGate"], false);
    app.agent_key()
        .await
        .patch("/organization/settings", json!({}))
        .await
        .expect_error(403, "FORBIDDEN");
}
