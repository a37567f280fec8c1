//! Versions of prompts and agents: what is sent, and which version is the current one.

use execlave_api::agent_versions::CreateAgentVersion;
use execlave_api::prompt_versions::DeployPromptVersion;
use serde_json::{Value, json};

use crate::support::{FakeServer, Reply, registered, registration};

fn running(number: i64, places: &[&str]) -> Value {
    let places = places.iter().map(|place| json!({ "environment": place, "status": "deployed" }));
    let places: Vec<Value> = places.collect();
    json!({ "id": format!("p{number}"), "versionNumber": number, "isDeployed": true, "deployments": places, "promptContent": "x" })
}

#[tokio::test]
async fn the_current_version_is_the_one_that_runs_where_the_agent_does() {
    let server = FakeServer::new(|_| {
        let data = [running(3, &["production"]), running(2, &["qa", "staging"])];
        Reply::Json(200, json!({ "data": data }))
    })
    .await;
    let client = server.client();
    for (environment, number) in [("staging", 2), ("production", 3), ("nowhere", 3)] {
        let current = client.current_prompt_version("bot", environment).await.expect("an answer");
        let current = current.expect("one runs");
        assert_eq!(current.version_number, number, "{environment}");
        assert_eq!(current.more["promptContent"], "x");
        assert_eq!(current.approval_status, "pending");
    }
    let seen = &server.seen("/")[0];
    assert_eq!(seen.path, "/api/v1/prompt-versions?agentId=bot&deployed=true");
}

#[tokio::test]
async fn a_version_that_does_not_run_is_not_the_current_one() {
    let server = FakeServer::new(|_| {
        Reply::Json(200, json!({ "data": [{ "id": "p", "isDeployed": false, "isActive": true }] }))
    })
    .await;
    let current = server.client().current_prompt_version("bot", "x").await.expect("an answer");
    assert_eq!(current, None);
}

#[tokio::test]
async fn every_page_of_a_list_is_read_and_a_list_without_end_is_not() {
    let server = FakeServer::new(|seen| {
        let meta = if seen.path.contains("cursor=c%2F1") && seen.path.contains("finite") {
            json!({})
        } else {
            json!({ "nextCursor": "c/1" })
        };
        Reply::Json(200, json!({ "data": [{ "id": "p", "versionNumber": 1 }], "meta": meta }))
    })
    .await;
    let client = server.client();
    assert_eq!(client.list_prompt_versions("finite").await.expect("a list").len(), 2);
    assert_eq!(client.list_prompt_versions("endless").await.expect("a list").len(), 100);
}

#[tokio::test]
async fn a_registered_agent_is_named_by_the_servers_id() {
    let server = FakeServer::new(|seen| match seen.path.as_str() {
        "/api/v1/agents" => registered(seen, "active"),
        path if path.ends_with("/versions") => {
            Reply::Json(201, json!({ "data": { "id": "v", "extra": [1] } }))
        }
        _ => Reply::Json(200, json!({ "data": { "id": "p 1", "versionNumber": 1 } })),
    })
    .await;
    let client = server.client();
    client.register_agent(&registration("bot")).await.expect("registered");
    let version = CreateAgentVersion { activate: true, ..CreateAgentVersion::default() };
    let record = client.report_agent_metadata("bot", &version).await.expect("recorded");
    assert_eq!(record, json!({ "data": { "id": "v", "extra": [1] } }));
    let seen = &server.seen("/api/v1/agents/id-bot/versions")[0];
    assert_eq!(seen.json(), json!({ "activate": true }));
    let deploy = DeployPromptVersion {
        environment: "production".into(),
        require_approval: Some(true),
        deployment_notes: None,
    };
    client.deploy_prompt_version("p 1", &deploy).await.expect("asked");
    client.roll_back_to_prompt_version("p 1", "worse").await.expect("done");
    let seen = server.seen("/api/v1/prompt-versions/p%201/");
    assert_eq!(seen[0].json(), json!({ "environment": "production", "requireApproval": true }));
    assert_eq!(seen[1].json(), json!({ "reason": "worse" }));
    client.shutdown().await;
    let closed = client.list_prompt_versions("bot").await.expect_err("closed");
    assert!(matches!(closed, execlave_client::Error::Closed));
}
