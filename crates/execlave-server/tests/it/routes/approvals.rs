use serde_json::{Value, json};

use crate::support::{Client, TestApp, payment, payment_context};

async fn approve(app: &TestApp, id: &str) -> Value {
    let decided = app
        .operator()
        .post(&format!("/approvals/{id}/approve"), json!({ "reason": "known supplier" }))
        .await;
    decided.expect(200)["data"].clone()
}

async fn verify(client: &Client, id: &str, context: Value) -> Value {
    client
        .post(&format!("/approvals/{id}/verify"), json!({ "actionContext": context }))
        .await
        .expect(200)["data"]
        .clone()
}

#[tokio::test]
async fn an_approval_says_what_is_asked_and_how_risky_it_is() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let approval = client.get(&format!("/approvals/{id}")).await.expect(200)["data"].clone();
    assert_eq!(approval["status"], "pending");
    assert_eq!(approval["actionSummary"], "pay_invoice: pay the invoice");
    assert_eq!(approval["violations"][0]["policyType"], "action_approval");
    assert!(approval["riskScore"].as_i64().is_some_and(|score| (1..=100).contains(&score)));
    assert!(approval["riskParts"].as_array().is_some_and(|parts| !parts.is_empty()));
    assert_eq!(approval["requiredApprovers"], 1);
    assert!(approval.get("certificate").is_none());
    let list = app.operator().get("/approvals?status=pending").await.expect(200);
    assert_eq!(list["data"][0]["id"], id);
    assert_eq!(list["meta"]["total"], 1);
    assert_eq!(
        app.operator().get("/approvals?status=denied").await.expect(200)["meta"]["total"],
        0
    );
}

#[tokio::test]
async fn asking_again_finds_the_same_approval() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let again = client.post("/policies/enforce", payment()).await.expect(202);
    assert_eq!(again["approvalRequestId"], id);
    let mut other = payment();
    other["input"] = json!("pay another invoice");
    assert_ne!(client.post("/policies/enforce", other).await.expect(202)["approvalRequestId"], id);
}

#[tokio::test]
async fn an_approved_action_is_verified_exactly_once() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let approved = approve(&app, &id).await;
    assert_eq!(approved["status"], "approved");
    assert_eq!(approved["decisionReason"], "known supplier");
    assert_eq!(approved["decisions"][0]["decision"], "approved");
    let certificate = &approved["certificate"];
    assert_eq!(certificate["approvalId"], id);
    assert_eq!(certificate["actionDigest"], approved["actionDigest"]);

    let mut changed = payment_context();
    changed["estimatedCost"] = json!(2);
    assert_eq!(
        verify(&client, &id, changed).await,
        json!({ "valid": false, "reason": "action_context_mismatch" })
    );
    let mut with_null = payment_context();
    with_null["metadata"] = Value::Null;
    assert_eq!(
        verify(&client, &id, with_null).await["reason"],
        "action_context_mismatch",
        "absent is not null"
    );

    let valid = verify(&client, &id, payment_context()).await;
    assert_eq!(valid["valid"], true);
    assert_eq!(valid["certificate"], *certificate);
    assert!(valid["verifiedAt"].is_string());
    let used = verify(&client, &id, payment_context()).await;
    assert_eq!(used, json!({ "valid": false, "reason": "certificate_already_used" }));
}

#[tokio::test]
async fn of_many_verifications_at_once_one_is_valid() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    approve(&app, &id).await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, id) = (client.clone(), id.clone());
        asking.spawn(async move { verify(&client, &id, payment_context()).await["valid"] == true });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|valid| *valid).count(), 1);
}

#[tokio::test]
async fn a_certificate_ends() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    approve(&app, &id).await;
    app.clock.advance_millis(30 * 60_000);
    assert_eq!(verify(&client, &id, payment_context()).await["reason"], "certificate_expired");
}

#[tokio::test]
async fn the_published_key_checks_the_certificate() {
    let app = TestApp::new().await;
    let (id, _) = app.pending_approval().await;
    let certificate = approve(&app, &id).await["certificate"].clone();
    let certificate: execlave_core::certificate::Certificate =
        serde_json::from_value(certificate).expect("a certificate");
    let keys = app.anonymous().get_root("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys["keys"][0]["kid"], certificate.key_id);
    let x = keys["keys"][0]["x"].as_str().expect("the public key");
    let x = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, x)
        .expect("base64url");
    let key =
        ed25519_dalek::VerifyingKey::from_bytes(&x.try_into().expect("32 bytes")).expect("a key");
    assert!(certificate.verify(&key));
}

#[tokio::test]
async fn the_signing_key_survives_a_restart() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    approve(&app, &id).await;
    let config = execlave_server::config::Config::default();
    let state = execlave_server::build_state(config, app.store.clone(), app.clock.clone())
        .await
        .expect("the store is read");
    let restarted = Client::new(execlave_server::router::router(state), client.key.clone());
    assert_eq!(verify(&restarted, &id, payment_context()).await["valid"], true);
}

#[tokio::test]
async fn a_certificate_names_the_policies_the_action_was_held_by() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let policies = app.operator().get("/policies").await.expect(200);
    let held_by = &policies["data"][0]["id"];
    let path = format!("/policies/{}", held_by.as_str().expect("an id"));
    app.operator()
        .patch(&path, json!({ "ruleDefinition": { "tools": ["pay_*", "refund_*"] } }))
        .await
        .expect(200);
    app.policy("secret_scan", "block", json!({})).await;
    let certificate = approve(&app, &id).await["certificate"].clone();
    assert_eq!(certificate["policyVersions"], json!([{ "policyId": held_by, "version": 1 }]));
    assert_eq!(verify(&client, &id, payment_context()).await["valid"], true);
}

#[tokio::test]
async fn a_certificate_outlives_the_key_that_signed_it() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let certificate = approve(&app, &id).await["certificate"].clone();
    app.clock.advance_millis(1);
    let fresh = execlave_server::administration::rotate_signing_key(&app.store, &app.clock)
        .await
        .expect("the store is written");
    let config = execlave_server::config::Config::default();
    let state = execlave_server::build_state(config, app.store.clone(), app.clock.clone())
        .await
        .expect("the store is read");
    let restarted = Client::new(execlave_server::router::router(state), client.key.clone());
    for server in [&client, &restarted] {
        let keys = server.get_root("/.well-known/jwks.json").await.expect(200);
        let published: Vec<&Value> =
            keys["keys"].as_array().expect("keys").iter().map(|key| &key["kid"]).collect();
        assert_eq!(published, [&json!(fresh), &certificate["keyId"]]);
    }
    assert_eq!(verify(&restarted, &id, payment_context()).await["valid"], true);

    // The other way round: a server that has not been restarted meets what a restarted one has signed.
    let mut other = payment();
    other["input"] = json!("pay another invoice");
    let asked = restarted.post("/policies/enforce", other).await.expect(202);
    let id = asked["approvalRequestId"].as_str().expect("an id");
    let operator = Client::new(restarted.router(), app.operator().key);
    let decided = operator.post(&format!("/approvals/{id}/approve"), json!({})).await.expect(200);
    assert_eq!(decided["data"]["certificate"]["keyId"], fresh);
    let mut context = payment_context();
    context["input"] = json!("pay another invoice");
    assert_eq!(verify(&client, id, context).await["valid"], true);
}

#[tokio::test]
async fn a_certificate_of_a_key_that_is_not_published_is_tampered() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    approve(&app, &id).await;
    app.store.run_sql("DELETE FROM signing_keys").await;
    assert_eq!(verify(&client, &id, payment_context()).await["reason"], "certificate_tampered");
}

#[tokio::test]
async fn a_denied_action_stays_denied() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let denied = app
        .operator()
        .post(&format!("/approvals/{id}/deny"), json!({ "reason": "unknown supplier" }))
        .await
        .expect(200);
    assert_eq!(denied["data"]["status"], "denied");
    let seen = client.get(&format!("/approvals/{id}")).await.expect(200);
    assert_eq!(seen["data"]["decisionReason"], "unknown supplier");
    app.operator()
        .post(&format!("/approvals/{id}/approve"), json!({}))
        .await
        .expect_error(409, "CONFLICT");
    client
        .post(&format!("/approvals/{id}/verify"), json!({ "actionContext": payment_context() }))
        .await
        .expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn nobody_approves_their_own_request() {
    let app = TestApp::new().await;
    app.agent("payer").await;
    app.policy("action_approval", "require_approval", json!({ "tools": ["pay_*"] })).await;
    let asked = app.operator().post("/policies/enforce", payment()).await.expect(202);
    let id = asked["approvalRequestId"].as_str().expect("an id");
    for verb in ["approve", "deny"] {
        app.operator()
            .post(&format!("/approvals/{id}/{verb}"), json!({}))
            .await
            .expect_error(403, "SELF_APPROVAL");
    }
    let decider = app.key(json!(["approvals:decide"])).await;
    decider.post(&format!("/approvals/{id}/approve"), json!({})).await.expect(200);
}

#[tokio::test]
async fn deciding_needs_its_scope() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    client
        .post(&format!("/approvals/{id}/approve"), json!({}))
        .await
        .expect_error(403, "FORBIDDEN");
    assert_eq!(
        client.get(&format!("/approvals/{id}")).await.expect(200)["data"]["status"],
        "pending"
    );
}

#[tokio::test]
async fn what_nobody_answers_expires() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    app.clock.advance_millis(30 * 60_000 - 1);
    assert_eq!(
        client.get(&format!("/approvals/{id}")).await.expect(200)["data"]["status"],
        "pending"
    );
    app.clock.advance_millis(1);
    assert_eq!(
        client.get(&format!("/approvals/{id}?wait=60")).await.expect(200)["data"]["status"],
        "expired"
    );
    app.operator()
        .post(&format!("/approvals/{id}/approve"), json!({}))
        .await
        .expect_error(409, "CONFLICT");
    assert_ne!(
        client.post("/policies/enforce", payment()).await.expect(202)["approvalRequestId"],
        id,
        "a new one is asked for"
    );
}

#[tokio::test]
async fn a_waiting_client_learns_the_answer_at_once() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let waiting = {
        let (client, path) = (client.clone(), format!("/approvals/{id}?wait=60"));
        async move { client.get(&path).await.expect(200)["data"]["status"].clone() }
    };
    let deciding = async {
        tokio::task::yield_now().await;
        approve(&app, &id).await;
    };
    let soon = std::time::Duration::from_secs(10);
    let (status, ()) = tokio::time::timeout(soon, async { tokio::join!(waiting, deciding) })
        .await
        .expect("no need to wait for the end");
    assert_eq!(status, "approved");
}

#[tokio::test]
async fn a_wait_has_a_limit() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let answer =
        client.get(&format!("/approvals/{id}?wait=61")).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "wait");
    assert_eq!(
        client.get(&format!("/approvals/{id}?wait=1")).await.expect(200)["data"]["status"],
        "pending"
    );
}

#[tokio::test]
async fn the_summary_shows_no_personal_data() {
    let app = TestApp::new().await;
    app.agent("payer").await;
    app.policy("action_approval", "require_approval", json!({ "tools": ["pay_*"] })).await;
    let mut action = payment();
    action["input"] = json!(format!(
        "pay {} jane@example.com {}",
        "x".repeat(230),
        "jane@example.com ".repeat(40)
    ));
    let asked = app.agent_key().await.post("/policies/enforce", action).await.expect(202);
    let id = asked["approvalRequestId"].as_str().expect("an id");
    let approval = app.operator().get(&format!("/approvals/{id}")).await.expect(200);
    assert!(!approval.text.contains("jane"), "{}", approval.text);
}

#[tokio::test]
async fn a_quorum_takes_different_people() {
    let app = TestApp::with(|config| config.approvals.approvers = 2).await;
    let (id, client) = app.pending_approval().await;
    let path = format!("/approvals/{id}/approve");
    let first = app.operator().post(&path, json!({})).await.expect(200)["data"].clone();
    assert_eq!((&first["status"], &first["requiredApprovers"]), (&json!("pending"), &json!(2)));
    assert!(first.get("certificate").is_none());
    app.operator().post(&path, json!({})).await.expect_error(409, "CONFLICT");
    client
        .post(&format!("/approvals/{id}/verify"), json!({ "actionContext": payment_context() }))
        .await
        .expect(409);
    let second = app.key(json!(["approvals:decide"])).await;
    let decided = second.post(&path, json!({})).await.expect(200)["data"].clone();
    assert_eq!(decided["status"], "approved");
    assert_eq!(verify(&client, &id, payment_context()).await["valid"], true);
}

#[tokio::test]
async fn more_people_are_asked_where_the_risk_is_high() {
    let app = TestApp::with(|config| config.approvals.approvers_high_risk = 3).await;
    let (id, client) = app.pending_approval().await;
    let asked = async |id: &str| {
        let approval = client.get(&format!("/approvals/{id}")).await.expect(200);
        let approval = &approval["data"];
        (approval["riskLevel"].clone(), approval["requiredApprovers"].clone())
    };
    assert_eq!(asked(&id).await, (json!("high"), json!(3)));
    app.policy("action_approval", "require_approval", json!({ "tools": ["look_up"] })).await;
    let harmless =
        json!({ "agentId": "payer", "input": "hours", "environment": "dev", "tools": ["look_up"] });
    let harmless = client.post("/policies/enforce", harmless).await.expect(202);
    let id = harmless["approvalRequestId"].as_str().expect("an approval");
    assert_eq!(asked(id).await, (json!("low"), json!(1)));
}

#[tokio::test]
async fn an_approval_is_cancelled_by_who_asked_or_who_decides() {
    let app = TestApp::new().await;
    let (id, client) = app.pending_approval().await;
    let path = format!("/approvals/{id}/cancel");
    app.agent_key().await.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let reason = json!({ "reason": "not needed any more" });
    let cancelled = client.post(&path, reason).await.expect(200)["data"].clone();
    assert_eq!(
        (&cancelled["status"], &cancelled["decisionReason"]),
        (&json!("cancelled"), &json!("not needed any more"))
    );
    client.post(&path, json!({})).await.expect_error(409, "CONFLICT");
    let approve = format!("/approvals/{id}/approve");
    app.operator().post(&approve, json!({})).await.expect_error(409, "CONFLICT");
    // Asked again, it is another approval.
    let again = client.post("/policies/enforce", payment()).await.expect(202);
    let again = again["approvalRequestId"].as_str().expect("an approval");
    assert_ne!(again, id);
    let path = format!("/approvals/{again}/cancel");
    app.other_organisation().await.post(&path, json!({})).await.expect(404);
    app.operator().post(&path, json!({})).await.expect(200);
}

#[tokio::test]
async fn people_and_their_times_are_counted() {
    let app = TestApp::new().await;
    let (first, client) = app.pending_approval().await;
    app.clock.advance_millis(4_000);
    approve(&app, &first).await;
    let mut other = payment();
    other["input"] = json!("pay another invoice");
    let second = client.post("/policies/enforce", other).await.expect(202);
    let second = second["approvalRequestId"].as_str().expect("an approval");
    app.clock.advance_millis(10_000);
    let person = app.key(json!(["approvals:decide"])).await;
    person.post(&format!("/approvals/{second}/deny"), json!({})).await.expect(200);
    let third = client.post("/policies/enforce", payment()).await.expect(202);
    let third = third["approvalRequestId"].as_str().expect("an approval");
    client.post(&format!("/approvals/{third}/cancel"), json!({})).await.expect(200);
    app.clock.advance_millis(1);
    let stats = app.operator().get("/approvals/stats").await.expect(200)["data"].clone();
    assert_eq!(stats["ended"], json!({ "approved": 1, "denied": 1, "cancelled": 1 }));
    assert_eq!((&stats["medianMs"], &stats["p90Ms"]), (&json!(4_000), &json!(4_000)), "{stats}");
    let answers = |place: usize| {
        let one = &stats["approvers"][place];
        (one["approved"].clone(), one["denied"].clone(), one["medianMs"].clone())
    };
    let mut all = [answers(0), answers(1)];
    all.sort_by_key(|(approved, ..)| approved.as_i64());
    assert_eq!(all, [(json!(0), json!(1), json!(10_000)), (json!(1), json!(0), json!(4_000))]);
    let earlier =
        app.operator().get("/approvals/stats?until=2020-01-01T00:00:00Z").await.expect(200);
    assert_eq!(earlier["data"]["ended"], json!({}));
    let theirs = app.other_organisation().await.get("/approvals/stats").await.expect(200);
    assert_eq!(theirs["data"]["ended"], json!({}));
}
