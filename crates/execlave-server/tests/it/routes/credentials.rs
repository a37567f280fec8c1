use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use execlave_store::page::PageRequest;
use execlave_store::traces::TraceFilter;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Deployment, TestApp, eventually};

async fn credential(client: &Client, agent: &str) -> Answer {
    client.post(&format!("/agents/{agent}/credential"), json!({})).await.expect(200)
}

fn text(answer: &Answer) -> String {
    answer["data"]["credential"].as_str().expect("a credential").to_owned()
}

async fn verdict(client: &Client, credential: &str) -> Value {
    let body = json!({ "credential": credential });
    client.post("/agents/credentials/verify", body).await.expect(200)["data"].clone()
}

fn traces(agent: &str, credential: &str) -> Value {
    json!({ "traces": [
        { "traceId": "tr_1", "agentId": agent, "agentCredential": credential },
        { "traceId": "tr_2", "agentId": agent },
    ] })
}

#[tokio::test]
async fn a_credential_says_who_it_is_and_is_signed_with_a_published_key() {
    let app = TestApp::new().await;
    let id = app.agent("bot").await;
    let client = app.agent_key().await;
    let issued = client.get("/agents/bot/credential").await;
    assert_eq!(issued.status.as_u16(), 405);
    let empty = client.request(axum::http::Method::POST, "/agents/bot/credential");
    let empty = empty.body(axum::body::Body::empty()).expect("a request");
    let issued = client.send(empty).await.expect(200);
    assert_eq!(issued.header("cache-control"), Some("no-store"));
    let credential = text(&issued);
    let token = credential.strip_prefix("exe_agt_").expect("the prefix");
    let part = |index: usize| -> Value {
        let part = token.split('.').nth(index).expect("a part");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
    };
    let keys = app.anonymous().get_root("/.well-known/jwks.json").await.expect(200);
    assert_eq!(part(0), json!({ "alg": "EdDSA", "kid": keys["keys"][0]["kid"], "typ": "JWT" }));
    assert_eq!(issued["data"]["kid"], keys["keys"][0]["kid"]);
    let claims = part(1);
    assert_eq!(claims["sub"], json!(id));
    assert_eq!(claims["jti"], issued["data"]["jti"]);
    assert_eq!(claims["exp"].as_i64(), claims["iat"].as_i64().map(|iat| iat + 900));

    let proved = verdict(&client, &credential).await;
    assert_eq!(proved["valid"], true, "{proved}");
    assert_eq!(
        (proved["id"].as_str(), proved["agentId"].as_str()),
        (Some(id.as_str()), Some("bot"))
    );
    app.clock.advance_millis(900_000);
    assert_eq!(verdict(&client, &credential).await, json!({ "valid": false, "reason": "expired" }));
}

#[tokio::test]
async fn an_agent_that_does_not_run_gets_none_and_others_organisations_see_nothing() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    let stranger = app.other_organisation().await;
    let issued = text(&credential(&client, "bot").await);
    let foreign = json!({ "valid": false, "reason": "unknown_agent" });
    assert_eq!(verdict(&stranger, &issued).await, foreign);
    stranger.post("/agents/bot/credential", json!({})).await.expect_error(404, "NOT_FOUND");
    app.operator().patch("/agents/bot/pause", json!({})).await.expect(200);
    client.post("/agents/bot/credential", json!({})).await.expect_error(403, "AGENT_PAUSED");
    let paused = verdict(&client, &issued).await;
    assert_eq!((&paused["valid"], &paused["status"]), (&json!(true), &json!("paused")));
    let read = app.key(json!(["read"])).await;
    read.post("/agents/bot/credential", json!({})).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn one_credential_is_revoked_or_all_of_an_agent() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let (client, operator) = (app.agent_key().await, app.operator());
    let (first, second) = (credential(&client, "bot").await, credential(&client, "bot").await);
    let jti = first["data"]["jti"].as_str().expect("an id");
    let revoke = format!("/agents/bot/credentials/{jti}/revoke");
    client.post(&revoke, json!({})).await.expect_error(403, "FORBIDDEN");
    for _ in 0..2 {
        operator.post(&revoke, json!({})).await.expect(200);
    }
    let revoked = json!({ "valid": false, "reason": "revoked" });
    assert_eq!(verdict(&client, &text(&first)).await, revoked);
    assert_eq!(verdict(&client, &text(&second)).await["valid"], true);
    app.state.directory.load(&app.store).await.expect("the store is read");
    assert_eq!(verdict(&client, &text(&first)).await, revoked);

    operator.post("/agents/bot/credentials/revoke-all", json!({})).await.expect(200);
    assert_eq!(verdict(&client, &text(&second)).await, revoked);
    let third = credential(&client, "bot").await;
    assert_eq!(verdict(&client, &text(&third)).await["valid"], true);
    operator
        .post("/agents/bot/credentials/not-an-id/revoke", json!({}))
        .await
        .expect_error(404, "NOT_FOUND");
    let log = operator.get("/audit").await.expect(200).text;
    assert!(log.contains("credential.revoked") && log.contains("credential.all_revoked"), "{log}");
}

#[tokio::test]
async fn a_trace_with_a_good_credential_is_verified_and_one_with_a_bad_one_refused() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    app.agent("other").await;
    let client = app.agent_key().await;
    let good = text(&credential(&client, "bot").await);
    let taken = client.post("/traces/ingest", traces("bot", &good)).await.expect(202);
    assert_eq!((&taken["accepted"], &taken["failed"]), (&json!(2), &json!(0)));
    let verified = app.operator().get("/traces/tr_1").await.expect(200);
    assert_eq!(verified["data"][0]["identityVerified"], true);
    assert!(!verified.text.contains("exe_agt_"));
    let plain = app.operator().get("/traces/tr_2").await.expect(200);
    assert!(plain["data"][0].get("identityVerified").is_none());

    for (agent, credential) in [("other", good.as_str()), ("bot", "exe_agt_x"), ("nobody", &good)] {
        let taken = client.post("/traces/ingest", traces(agent, credential)).await.expect(202);
        assert_eq!((&taken["accepted"], &taken["failed"]), (&json!(1), &json!(1)), "{agent}");
        assert_eq!(taken["errors"][0]["code"], "INVALID_AGENT_CREDENTIAL");
        assert!(!taken.text.contains("exe_agt_"), "{}", taken.text);
    }
    let alone =
        json!({ "traces": [{ "traceId": "tr_3", "agentId": "bot", "agentCredential": "x" }] });
    client.post("/traces/ingest", alone).await.expect(400);
    let stored = app
        .store
        .list_traces(app.org().await, &TraceFilter::default(), &PageRequest::default())
        .await;
    assert_eq!(stored.expect("read").items.len(), 5);
}

#[tokio::test]
async fn a_credential_of_a_key_that_another_server_began_to_sign_with_is_known() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.agent_key().await;
    app.clock.advance_millis(1);
    let new = execlave_server::administration::rotate_signing_key(&app.store, &app.clock).await;
    let new = new.expect("rotated");
    let other = execlave_server::build_state(
        execlave_server::config::Config::default(),
        (*app.store).clone(),
        app.clock.clone(),
    );
    let other = execlave_server::router::router(other.await.expect("the store is read"));
    let issued = credential(&Client::new(other, client.key.clone()), "bot").await;
    assert_eq!(issued["data"]["kid"], json!(new));
    assert_eq!(
        client.post("/traces/ingest", traces("bot", &text(&issued))).await.expect(202)["failed"],
        0
    );
    assert_eq!(verdict(&client, &text(&issued)).await["valid"], true);
}

#[tokio::test]
async fn a_revocation_reaches_every_server() {
    let mut deployment = Deployment::new().await;
    let client = deployment.application(|config| config.local_decisions = false).await;
    let second = deployment.second_server().await;
    let other = deployment
        .application(|config| {
            config.base_url = format!("http://{second}").parse().expect("a URL");
            config.local_decisions = false;
        })
        .await;
    let reason = async |credential: &str| {
        let body = json!({ "credential": credential });
        let answer: Value = other.post("/agents/credentials/verify", &body).await.expect("asked");
        answer["data"]["reason"].as_str().map(str::to_owned)
    };
    let first = client.get_agent_credential("bot").await.expect("issued");
    assert_eq!(reason(&first.credential).await, None);
    let jti = first.more["jti"].as_str().expect("an id");
    let path = format!("/agents/bot/credentials/{jti}/revoke");
    let _: Value = deployment.operator.post(&path, &json!({})).await.expect("revoked");
    eventually(async || reason(&first.credential).await.as_deref() == Some("revoked")).await;

    let second = other.get_agent_credential("bot").await.expect("issued");
    assert_eq!(reason(&second.credential).await, None);
    let path = "/agents/bot/credentials/revoke-all";
    let _: Value = deployment.operator.post(path, &json!({})).await.expect("revoked");
    eventually(async || reason(&second.credential).await.as_deref() == Some("revoked")).await;
}
