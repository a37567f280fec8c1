//! `custom_validator` policies: an action waits for what somebody else's server says.

use execlave_server::config::Config;
use serde_json::{Value, json};

use crate::support::outside::Outside;
use crate::support::{Answer, Client, TestApp};

/// An action that the validator has to judge.
fn wire() -> Value {
    json!({
        "agentId": "payer", "input": "wire the money", "environment": "staging", "tools": ["wire"],
        "estimatedCost": 2.5, "metadata": { "team": "treasury" },
    })
}

async fn policy(app: &TestApp, validator: &str, more: Value) -> Client {
    app.agent("payer").await;
    let mut body = json!({
        "name": "Ask outside", "policyType": "custom_validator", "enforcementMode": "block",
        "ruleDefinition": { "validatorId": validator },
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    app.operator().post("/policies", body).await.expect(201);
    app.agent_key().await
}

/// A server with one validator there and a policy that names it; the agent's client.
async fn asking(url: String, validator: Value, more: Value) -> (TestApp, Client) {
    let app = TestApp::beside_private_networks().await;
    let (id, _) = app.validator(url, validator).await;
    let client = policy(&app, &id, more).await;
    (app, client)
}

#[track_caller]
fn says(answer: &Answer, words: &str) {
    let message = answer["violations"][0]["message"].as_str();
    assert!(message.is_some_and(|message| message.contains(words)), "{}", answer.text);
}

#[tokio::test]
async fn a_signed_question_is_asked_and_its_answer_decides() {
    let app = TestApp::beside_private_networks().await;
    let (outside, address) = Outside::start().await;
    let (id, secret) = app.validator(format!("http://{address}/check"), json!({})).await;
    let client = policy(&app, &id, json!({})).await;
    outside.insist_on(secret);

    outside.answer(200, &json!({ "decision": "allow" }));
    let allowed = client.post("/policies/enforce", wire()).await.expect(200);
    assert_eq!(allowed["allowed"], true);
    let (headers, body) = outside.asked(0);
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("x-execlave-validator-id"), id);
    assert_eq!(header("x-execlave-timestamp"), app.clock.now().to_string());
    assert_eq!(header("content-type"), "application/json");
    let organization = app.org().await;
    assert_eq!(
        serde_json::from_slice::<Value>(&body).expect("JSON"),
        json!({
            "organizationId": organization, "agentId": "payer", "agentName": "payer", "environment": "staging",
            "input": "wire the money", "tools": ["wire"], "metadata": { "team": "treasury" }, "estimatedCost": 2.5,
            "timestamp": app.clock.now().to_string(),
        })
    );

    outside.answer(200, &json!({ "decision": "deny", "reason": "closed on Sundays" }));
    let denied = client.post("/policies/enforce", wire()).await.expect(403);
    assert_eq!(
        (&denied["allowed"], &denied["violations"][0]["policyType"]),
        (&json!(false), &json!("custom_validator"))
    );
    says(&denied, "closed on Sundays");

    outside.answer(200, &json!({ "decision": "require_approval", "reason": "new account" }));
    let held = client.post("/policies/enforce", wire()).await.expect(202);
    assert!(held["approvalRequestId"].is_string(), "{}", held.text);
    says(&held, "new account");
    let delivery = |index: usize| outside.asked(index).0["x-execlave-delivery-id"].clone();
    assert_ne!(delivery(0), delivery(1), "each question has a name of its own");
    assert_eq!(outside.times_asked(), 3);

    // A simulation has no effect outside.
    let simulated = json!({ "action": wire() });
    app.operator().post("/policies/simulate", simulated).await.expect(200);
    assert_eq!(outside.times_asked(), 3);
}

#[tokio::test]
async fn what_the_validator_may_not_hear_from_us_it_does_not_answer() {
    let app = TestApp::beside_private_networks().await;
    let (outside, address) = Outside::start().await;
    let (id, _) = app.validator(format!("http://{address}/check"), json!({})).await;
    let client = policy(&app, &id, json!({})).await;
    outside.insist_on("another secret".to_owned());
    outside.answer(200, &json!({ "decision": "allow" }));
    says(&client.post("/policies/enforce", wire()).await.expect(403), "status 401");
}

#[tokio::test]
async fn silence_is_what_the_fail_modes_say() {
    let (_outside, address) = Outside::start().await;
    let slow = format!("http://{address}/slow");
    let closed = json!({ "timeoutMs": 100 });
    let open = json!({ "timeoutMs": 100, "failMode": "fail_open" });

    let (_app, client) = asking(slow.clone(), closed, json!({})).await;
    says(&client.post("/policies/enforce", wire()).await.expect(403), "within 100 ms");

    let (app, client) = asking(slow.clone(), open.clone(), json!({})).await;
    let allowed = client.post("/policies/enforce", wire()).await.expect(200);
    let path = format!("/decisions/{}", allowed["decisionId"].as_str().expect("an id"));
    let stored = app.operator().get(&path).await.expect(200);
    assert_eq!(stored["data"]["problems"].as_array().map(Vec::len), Some(1), "{}", stored.text);

    // The validator's word is open, the policy's own is closed.
    let (_app, client) = asking(slow, open, json!({ "failureMode": "fail_closed" })).await;
    client.post("/policies/enforce", wire()).await.expect(403);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (outside, address) = Outside::start().await;
    outside.answer(200, &json!({ "decision": "allow" }));
    let (_app, client) = asking(format!("http://{address}/away"), json!({}), json!({})).await;
    says(&client.post("/policies/enforce", wire()).await.expect(403), "status 302");
    assert_eq!(outside.times_asked(), 0);
}

#[tokio::test]
async fn a_private_address_is_not_asked_while_the_guard_is_on() {
    let (outside, address) = Outside::start().await;
    outside.answer(200, &json!({ "decision": "allow" }));
    // Registered while private networks were allowed, by a server that has been configured otherwise since.
    let (app, client) = asking(format!("http://{address}/check"), json!({}), json!({})).await;
    let guarded =
        execlave_server::build_state(Config::default(), app.store.clone(), app.clock.clone())
            .await
            .expect("the store is read");
    let guarded = Client::new(execlave_server::router::router(guarded), client.key.clone());
    says(
        &guarded.post("/policies/enforce", wire()).await.expect(403),
        "its address must begin with",
    );

    // A public name with a private address.
    let app = TestApp::new().await;
    let (id, _) =
        app.validator(format!("https://localhost:{}/check", address.port()), json!({})).await;
    let client = policy(&app, &id, json!({})).await;
    says(&client.post("/policies/enforce", wire()).await.expect(403), "the host belongs to a");
    assert_eq!(outside.times_asked(), 0);
}

#[tokio::test]
async fn a_validator_that_keeps_failing_is_left_alone_for_a_while() {
    let (outside, address) = Outside::start().await;
    outside.answer(500, &json!({}));
    let (app, client) = asking(format!("http://{address}/check"), json!({}), json!({})).await;
    for _ in 0..5 {
        says(&client.post("/policies/enforce", wire()).await.expect(403), "status 500");
    }
    outside.answer(200, &json!({ "decision": "allow" }));
    says(&client.post("/policies/enforce", wire()).await.expect(403), "was not asked");
    app.clock.advance_millis(29_999);
    says(&client.post("/policies/enforce", wire()).await.expect(403), "was not asked");
    assert_eq!(outside.times_asked(), 5);
    app.clock.advance_millis(1);
    client.post("/policies/enforce", wire()).await.expect(200);
    client.post("/policies/enforce", wire()).await.expect(200);
    assert_eq!(outside.times_asked(), 7);
}
