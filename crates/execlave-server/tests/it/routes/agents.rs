use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn registering_twice_updates_what_is_given_and_keeps_the_rest() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    let full = json!({
        "agentId": "support-bot", "name": "Support", "type": "copilot", "platform": "openai_assistants", "environment": "staging",
        "description": "answers", "ownerEmail": "a@example.com", "allowedDataSources": ["crm"], "allowedActions": ["search_*"],
        "requiresHumanApprovalFor": ["refund"], "tags": ["eu"], "metadata": {"team": null}, "autonomyLevel": "act_with_approval",
    });
    let first = client.post("/agents", full).await.expect(201);
    app.clock.advance_millis(1_000);
    let again = json!({ "agentId": "support-bot", "name": "Support 2", "environment": "staging", "tags": [] });
    let second = client.post("/agents", again).await.expect(200);

    assert_eq!(second["data"]["id"], first["data"]["id"]);
    assert_eq!(second["data"]["name"], "Support 2");
    assert_eq!(second["data"]["tags"], json!([]));
    assert_eq!(second["data"]["allowedActions"], json!(["search_*"]));
    assert_eq!(second["data"]["metadata"], json!({"team": null}));
    assert_eq!(second["data"]["autonomyLevel"], "act_with_approval");
    assert_eq!(second["data"]["epoch"], 1);
}

#[tokio::test]
async fn the_python_clients_registration_is_accepted() {
    let app = TestApp::new().await;
    let body = json!({ "agentId": "bot", "name": "Bot", "type": "chatbot", "platform": "custom", "environment": "production" });
    let answer = app.agent_key().await.post("/agents", body).await.expect(201);
    assert_eq!(answer["data"]["status"], "active");
    assert_eq!(answer["data"]["agentId"], "bot");
}

#[tokio::test]
async fn the_same_name_in_two_environments_is_two_agents() {
    let app = TestApp::new().await;
    let client = app.operator();
    for environment in ["production", "staging"] {
        client
            .post("/agents", json!({ "agentId": "bot", "name": "Bot", "environment": environment }))
            .await
            .expect(201);
        app.clock.advance_millis(1);
    }
    let of = async |query: &str| {
        client.get(&format!("/agents/bot{query}")).await.expect(200)["data"]["environment"].clone()
    };
    assert_eq!(of("").await, "production", "the oldest when nothing is said");
    assert_eq!(of("?environment=staging").await, "staging");

    client.patch("/agents/bot/pause?environment=staging", json!({})).await.expect(200);
    assert_eq!(client.get("/agents/bot/status-poll").await.expect(200)["data"]["status"], "active");
}

#[tokio::test]
async fn search_finds_by_external_id_and_name() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    for (id, name) in [("invoice-bot", "Billing"), ("mail-bot", "Mailer"), ("x", "100% sure")] {
        client
            .post("/agents", json!({ "agentId": id, "name": name, "tags": ["t"] }))
            .await
            .expect(201);
        app.clock.advance_millis(1);
    }
    let found = async |query: &str| -> Vec<String> {
        let answer = client.get(&format!("/agents?{query}")).await.expect(200);
        let agents = answer["data"].as_array().expect("a list").clone();
        agents.iter().map(|agent| agent["agentId"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(found("search=INVOICE").await, ["invoice-bot"]);
    assert_eq!(found("search=mailer").await, ["mail-bot"]);
    assert_eq!(found("search=%25").await, ["x"]);
    assert_eq!(found("search=nothing").await, [""; 0]);
    assert_eq!(
        found("tag=t&status=active&environment=production").await,
        ["x", "mail-bot", "invoice-bot"]
    );
    assert_eq!(found("status=paused").await, [""; 0]);
}

#[tokio::test]
async fn lists_are_paged_by_cursor() {
    let app = TestApp::new().await;
    let client = app.operator();
    for index in 0..5 {
        client
            .post("/agents", json!({ "agentId": format!("a{index}"), "name": "A" }))
            .await
            .expect(201);
    }
    let mut seen: Vec<Value> = Vec::new();
    let mut path = "/agents?limit=2".to_owned();
    loop {
        let page = client.get(&path).await.expect(200);
        assert_eq!(page["meta"]["total"], 5);
        seen.extend(
            page["data"].as_array().expect("a list").iter().map(|agent| agent["agentId"].clone()),
        );
        let Some(cursor) = page["meta"]["nextCursor"].as_str() else { break };
        path = format!("/agents?limit=2&cursor={cursor}");
    }
    seen.sort_by_key(ToString::to_string);
    assert_eq!(seen, ["a0", "a1", "a2", "a3", "a4"]);
    client.get("/agents?cursor=abc").await.expect_error(400, "INVALID_CURSOR");
}

#[tokio::test]
async fn a_pause_is_seen_by_the_next_question_and_raises_the_epoch_once() {
    let app = TestApp::new().await;
    let id = app.agent("bot").await;
    let client = app.operator();
    let agent = app.agent_key().await;
    let ask = || agent.post("/policies/enforce", json!({ "agentId": "bot", "input": "hello" }));

    ask().await.expect(200);
    let paused = client
        .patch(&format!("/agents/{id}/pause"), json!({ "reason": "looks wrong" }))
        .await
        .expect(200);
    assert_eq!(paused["data"]["status"], "paused");
    assert_eq!(paused["data"]["epoch"], 2);
    assert_eq!(client.patch("/agents/bot/pause", json!({})).await.expect(200)["data"]["epoch"], 2);

    let refused = ask().await.expect(403);
    assert_eq!(refused["allowed"], false);
    assert_eq!(refused["violations"][0]["policyType"], "system");
    assert_eq!(refused["violations"][0]["ruleId"], "system.agent_paused");
    let message = refused["violations"][0]["message"].as_str().expect("a message");
    assert!(message.contains("looks wrong"), "{message}");
    let poll = agent.get("/agents/bot/status-poll").await.expect(200);
    assert_eq!(
        poll.body,
        json!({ "data": { "status": "paused", "epoch": 2, "reason": "looks wrong" } })
    );

    // The published client sends no body at all.
    let resume = client
        .request(axum::http::Method::PATCH, "/agents/bot/resume")
        .body(axum::body::Body::empty());
    assert_eq!(client.send(resume.expect("a request")).await.expect(200)["data"]["epoch"], 3);
    ask().await.expect(200);
}

#[tokio::test]
async fn registering_a_paused_agent_again_leaves_it_paused() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.operator();
    client.patch("/agents/bot/pause", json!({})).await.expect(200);
    let again =
        client.post("/agents", json!({ "agentId": "bot", "name": "Bot" })).await.expect(200);
    assert_eq!(again["data"]["status"], "paused");
}

#[tokio::test]
async fn patch_changes_the_given_fields() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let body = json!({ "description": "new", "tags": ["a", "b"], "autonomyLevel": "observe" });
    let patched = app.operator().patch("/agents/bot", body).await.expect(200);
    assert_eq!(patched["data"]["description"], "new");
    assert_eq!(patched["data"]["name"], "bot");
    assert_eq!(app.operator().get("/agents/bot").await.expect(200)["data"], patched["data"]);
    app.operator()
        .patch("/agents/bot", json!({ "status": "paused" }))
        .await
        .expect_error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn heartbeats_come_with_null_with_nothing_and_with_a_time() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    for body in [
        "{\"lastPolicyCheckAt\":null}",
        "",
        "{}",
        "{\"lastPolicyCheckAt\":\"2026-01-01T00:00:00Z\"}",
    ] {
        let answer =
            client.json(axum::http::Method::POST, "/agents/bot/heartbeat", body).await.expect(200);
        assert_eq!(answer["data"]["status"], "active", "{body}");
    }
}

#[tokio::test]
async fn the_red_team_gate_holds_promotions_only() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let early = json!({ "agentId": "early", "name": "e", "autonomyLevel": "autonomous" });
    app.operator().post("/agents", early.clone()).await.expect(201);
    app.operator()
        .patch("/organization/settings", json!({ "redTeamGate": true }))
        .await
        .expect(200);
    let promote = json!({ "autonomyLevel": "autonomous" });
    app.operator().patch("/agents/bot", promote.clone()).await.expect_error(409, "CONFLICT");
    let fresh = json!({ "agentId": "fresh", "name": "f", "autonomyLevel": "autonomous" });
    app.operator().post("/agents", fresh).await.expect_error(409, "CONFLICT");
    app.operator().post("/agents", early).await.expect(200);
    app.operator()
        .patch("/agents/bot", json!({ "autonomyLevel": "act_with_approval" }))
        .await
        .expect(200);

    let score = async |score: serde_json::Value| {
        app.operator().patch("/agents/bot/red-team-score", json!({ "score": score })).await
    };
    for bad in [json!(1.01), json!(-0.1), json!("0.9"), json!(null)] {
        assert_eq!(score(bad).await.expect_error(400, "VALIDATION_ERROR").fault(), "score");
    }
    assert_eq!(score(json!(0.8999)).await.expect(200)["data"]["redTeamScore"], 0.899);
    app.operator().patch("/agents/bot", promote.clone()).await.expect_error(409, "CONFLICT");
    assert_eq!(score(json!(0.9)).await.expect(200)["data"]["redTeamScore"], 0.9);
    app.operator().patch("/agents/bot", promote).await.expect(200);
    app.agent_key()
        .await
        .patch("/agents/bot/red-team-score", json!({ "score": 1 }))
        .await
        .expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn agents_are_paused_by_tag_by_environment_or_all() {
    let app = TestApp::new().await;
    let client = app.operator();
    for (id, environment, tags) in [
        ("a", "production", json!(["money"])),
        ("b", "staging", json!(["money", "x"])),
        ("c", "staging", json!([])),
    ] {
        let body = json!({ "agentId": id, "name": id, "environment": environment, "tags": tags });
        client.post("/agents", body).await.expect(201);
    }
    let change = async |verb: &str, body: Value| {
        let answer = client.post(&format!("/agents/{verb}"), body).await.expect(200);
        let mut agents: Vec<String> =
            serde_json::from_value(answer["data"]["agents"].clone()).expect("names");
        agents.sort();
        agents.join(" ")
    };
    let money = json!({ "tag": "money", "reason": "drill" });
    assert_eq!(change("pause", money.clone()).await, "a b");
    assert_eq!(change("pause", money).await, "", "they are paused");
    let refused = client.post("/policies/enforce", question("b")).await.expect(403);
    assert!(
        refused["violations"][0]["message"].as_str().is_some_and(|text| text.contains("drill")),
        "{}",
        refused.text
    );
    client.post("/policies/enforce", question("c")).await.expect(200);
    let both = json!({ "tag": "money", "environment": "staging" });
    assert_eq!(change("resume", both).await, "b");
    assert_eq!(change("pause", json!({ "all": true })).await, "b c");
    client.post("/policies/enforce", question("c")).await.expect(403);
    assert_eq!(change("resume", json!({ "all": true })).await, "a b c");
    client.post("/policies/enforce", question("a")).await.expect(200);
    for unclear in
        [json!({}), json!({ "all": true, "tag": "money" }), json!({ "reason": "because" })]
    {
        client.post("/agents/pause", unclear).await.expect_error(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_group_is_of_one_organisation() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let stranger = app.other_organisation().await;
    let paused = stranger.post("/agents/pause", json!({ "all": true })).await.expect(200);
    assert_eq!(paused["data"]["agents"], json!([]));
    app.operator().post("/policies/enforce", question("bot")).await.expect(200);
    let narrow = app.agent_key().await;
    narrow.post("/agents/pause", json!({ "all": true })).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn a_drill_is_recorded_in_the_audit_log() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let measured = json!({ "pauseMs": 4.25, "resumeMs": 3 });
    let place = app.operator().post("/agents/bot/drills", measured).await.expect(201);
    let place = place["data"]["auditIndex"].as_i64().expect("a place");
    let entry =
        app.store.anchored(app.org().await, place).await.expect("read").expect("it is whole");
    assert_eq!(entry.event, "agent.drilled");
    assert_eq!(entry.body, r#"{"pauseMs":4.25,"resumeMs":3}"#);
    for wrong in
        [json!({ "pauseMs": -1, "resumeMs": 1 }), json!({ "pauseMs": 1, "resumeMs": 1e12 })]
    {
        app.operator()
            .post("/agents/bot/drills", wrong)
            .await
            .expect_error(400, "VALIDATION_ERROR");
    }
}

fn question(agent_id: &str) -> Value {
    json!({ "agentId": agent_id, "input": "hello" })
}
