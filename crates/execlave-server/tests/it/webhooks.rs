//! Events arrive at receivers exactly as documented, whatever the receivers, the network and the server do meanwhile.

mod answers;
mod events;
mod receiver;

use std::net::SocketAddr;

use execlave_core::webhook::{ATTEMPTS, delay_ms};
use execlave_server::config::Config;
use execlave_server::state::AppState;
use execlave_server::webhooks::deliver_due;
use execlave_server::{Server, build_state};
use execlave_store::page::PageRequest;
use execlave_store::{ConnectOptions, Store};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::{TestApp, eventually};
use receiver::{Does, Receiver, Told};

/// With webhooks on this machine.
fn beside_private_networks(config: &mut Config) {
    config.webhooks.allow_private_networks = true;
}

async fn app() -> TestApp {
    TestApp::with(beside_private_networks).await
}

/// A webhook; its id and its secret.
async fn webhook(app: &TestApp, url: String, more: Value) -> (String, String) {
    let mut body =
        json!({ "name": format!("{url} {more}"), "url": url, "events": ["agent.paused"] });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let made = app.operator().post("/webhooks", body).await.expect(201);
    let text = |field: &str| made["data"][field].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

/// One event that the webhooks are told of.
async fn pause(app: &TestApp, agent: &str) {
    app.operator().patch(&format!("/agents/{agent}/pause"), json!({})).await.expect(200);
}

async fn deliver(app: &TestApp) {
    deliver_due(&app.state).await.expect("the store answers");
}

/// To the latest moment at which a delivery that failed that often is tried again.
fn wait_for_retry(app: &TestApp, attempts: usize) {
    let attempts = u32::try_from(attempts).expect("few");
    app.clock.advance_millis(delay_ms(attempts, u32::MAX).expect("another try"));
}

async fn deliveries(app: &TestApp, webhook: &str, query: &str) -> Vec<Value> {
    let list = app.operator().get(&format!("/webhooks/{webhook}/deliveries{query}")).await;
    list.expect(200)["data"].as_array().expect("a list").clone()
}

/// The same store and clock after a restart.
async fn restarted(app: &TestApp) -> AppState {
    let mut config = Config::default();
    beside_private_networks(&mut config);
    build_state(config, store_of(app).await, app.clock.clone()).await.expect("the store is read")
}

async fn store_of(app: &TestApp) -> Store {
    Store::open(app.store.url(), &ConnectOptions::default()).await.expect("the store opens")
}

fn hook(address: SocketAddr) -> String {
    format!("http://{address}/hook")
}

#[tokio::test]
async fn an_event_survives_failures_silence_redirects_and_restarts_and_arrives_once() {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    let away = |to: String| Does::Redirect(to);
    receiver.will([
        Does::Answer(500),
        Does::Answer(503),
        Does::Hang,
        away("http://10.0.0.1/latest/meta-data".into()),
        away(format!("http://{address}/elsewhere")),
        Does::Answer(404),
    ]);
    let (id, secret) = webhook(&app, hook(address), json!({ "timeoutMs": 200 })).await;
    app.agent("bot").await;
    pause(&app, "bot").await;
    let errors =
        ["status 500", "status 503", "within 200 ms", "not followed", "not followed", "404"];
    for (index, error) in errors.iter().enumerate() {
        if index % 2 == 0 {
            deliver(&app).await;
        } else {
            let state = restarted(&app).await;
            deliver_due(&state).await.expect("the store answers");
            state.store.close().await;
        }
        let told = receiver.told().len();
        assert_eq!(told, index + 1);
        let delivery = deliveries(&app, &id, "?status=pending").await.remove(0);
        assert_eq!(delivery["attempts"], told);
        let said = delivery["lastError"].as_str().expect("an error");
        assert!(said.contains(error), "{said}");
        // Not a moment before its time.
        deliver(&app).await;
        assert_eq!(receiver.told().len(), told);
        wait_for_retry(&app, told);
    }
    deliver(&app).await;
    app.clock.advance_millis(86_400_000);
    deliver(&app).await;
    let told = receiver.told();
    assert_eq!(told.len(), errors.len() + 1, "what was taken is not sent again");
    assert_eq!(receiver.visits_elsewhere(), 0);
    let delivery = deliveries(&app, &id, "?status=delivered").await.remove(0);
    assert_eq!((&delivery["lastStatus"], &delivery["lastError"]), (&json!(204), &Value::Null));

    let times: Vec<&str> =
        told.iter().map(|told| told.header("x-execlave-timestamp").expect("a time")).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    for request in &told {
        assert!(request.is_signed_with(&secret));
        assert!(!request.is_signed_with("another"));
        assert_eq!(request.body, told[0].body);
        for (name, value) in [
            ("x-execlave-idempotency-key", &delivery["idempotencyKey"]),
            ("x-execlave-delivery-id", &delivery["id"]),
            ("x-execlave-event", &json!("agent.paused")),
            ("x-execlave-signature-version", &json!("v2")),
            ("content-type", &json!("application/json")),
        ] {
            assert_eq!(request.header(name), value.as_str(), "{name}");
        }
    }
    let body: Value = serde_json::from_slice(&told[0].body).expect("JSON");
    assert_eq!((&body["id"], &body["type"]), (&delivery["eventId"], &json!("agent.paused")));
    assert_eq!(body["data"]["agentId"], "bot");
}

#[tokio::test]
async fn after_a_day_of_failures_a_delivery_is_dead_until_somebody_begins_it_anew() {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    let tries = ATTEMPTS as usize;
    receiver.will(vec![Does::Answer(500); tries]);
    let (id, _) = webhook(&app, hook(address), json!({})).await;
    app.agent("bot").await;
    pause(&app, "bot").await;
    for attempts in 1..tries {
        deliver(&app).await;
        wait_for_retry(&app, attempts);
    }
    assert!(deliveries(&app, &id, "?status=dead").await.is_empty());
    let [pending] = &deliveries(&app, &id, "?eventType=agent.paused").await[..] else {
        panic!("one delivery")
    };
    let redeliver =
        format!("/webhooks/{id}/deliveries/{}/redeliver", pending["id"].as_str().expect("an id"));
    app.operator().post(&redeliver, json!({})).await.expect_error(409, "CONFLICT");
    deliver(&app).await;
    assert_eq!(receiver.told().len(), tries);
    app.clock.advance_millis(86_400_000);
    deliver(&app).await;
    assert_eq!(receiver.told().len(), tries, "nobody is told for ever");
    let dead = deliveries(&app, &id, "?status=dead").await.remove(0);
    assert_eq!((&dead["attempts"], &dead["nextAttemptAt"]), (&json!(tries), &Value::Null));

    let again = app.operator().post(&redeliver, json!({})).await.expect(200);
    assert_eq!(
        (&again["data"]["status"], &again["data"]["attempts"]),
        (&json!("pending"), &json!(0))
    );
    deliver(&app).await;
    let told = receiver.told();
    assert_eq!(told.len(), tries + 1);
    let key = |told: &Told| told.header("x-execlave-idempotency-key").map(str::to_owned);
    assert_eq!(key(&told[tries]), key(&told[0]));
    assert!(deliveries(&app, &id, "?status=dead").await.is_empty());
    let page = PageRequest::default();
    let audit = app.store.list_audit(app.org().await, &page).await.expect("read").items;
    assert!(audit.iter().any(|entry| entry.event == "webhook.redelivered"));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_once_and_one_that_is_off_not_at_all() {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    receiver.will([Does::Answer(410)]);
    let (id, _) = webhook(&app, hook(address), json!({})).await;
    app.agent("bot").await;
    pause(&app, "bot").await;
    deliver(&app).await;
    let dead = deliveries(&app, &id, "?status=dead").await;
    assert_eq!((dead.len(), &dead[0]["lastStatus"]), (1, &json!(410)));

    // What waits when a webhook is switched off waits until it is on again.
    app.agent("other").await;
    pause(&app, "other").await;
    let body = |active: bool| json!({ "name": "w", "url": hook(address), "events": ["agent.paused"], "isActive": active });
    let path = format!("/webhooks/{id}");
    app.operator().put(&path, body(false)).await.expect(200);
    app.agent("unheard").await;
    pause(&app, "unheard").await;
    deliver(&app).await;
    assert_eq!(receiver.told().len(), 1);
    app.operator().put(&path, body(true)).await.expect(200);
    deliver(&app).await;
    let told = receiver.told();
    assert_eq!(told.len(), 2);
    assert!(String::from_utf8_lossy(&told[1].body).contains("\"other\""));
}

#[tokio::test]
async fn what_was_being_sent_when_a_server_died_is_sent_by_the_next() {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    let (id, _) = webhook(&app, hook(address), json!({})).await;
    app.agent("bot").await;
    pause(&app, "bot").await;
    let (org, now) = (app.org().await, app.clock.now());
    let webhook = id.parse().expect("an id");
    // A server takes it, and dies before it has sent it or before it could write what came of it.
    let taken = app.store.claim_deliveries(org, webhook, 1, now, now.plus_millis(60_000)).await;
    assert_eq!(taken.expect("claimed").len(), 1);
    let next = restarted(&app).await;
    deliver_due(&next).await.expect("the store answers");
    assert!(receiver.told().is_empty(), "it may still be on its way");
    app.clock.advance_millis(60_000);
    deliver_due(&next).await.expect("the store answers");
    assert_eq!(receiver.told().len(), 1);
    assert_eq!(deliveries(&app, &id, "?status=delivered").await[0]["attempts"], 2);
    next.store.close().await;
}

#[tokio::test]
async fn names_of_private_addresses_are_found_out_when_they_are_told() {
    let app = TestApp::new().await;
    let (receiver, address) = Receiver::start().await;
    let url = format!("https://localhost:{}/hook", address.port());
    let (id, _) = webhook(&app, url, json!({})).await;
    app.agent("bot").await;
    pause(&app, "bot").await;
    deliver(&app).await;
    let delivery = deliveries(&app, &id, "?status=pending").await.remove(0);
    let error = delivery["lastError"].as_str().expect("an error");
    assert!(error.contains("`webhooks.allow_private_networks`"), "{error}");
    let test = app.operator().post(&format!("/webhooks/{id}/test"), json!({})).await.expect(200);
    assert_eq!(test["data"]["ok"], false);
    assert!(receiver.told().is_empty());
}

#[tokio::test]
async fn every_format_and_both_signatures_arrive() {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    app.agent("bot").await;
    for (format, content_type, names) in [
        ("slack", "application/json", "\"blocks\":"),
        ("teams", "application/json", "AdaptiveCard"),
        ("pagerduty", "application/json", "\"routing_key\":\"R0\""),
        ("cloudevents", "application/cloudevents+json; charset=utf-8", "\"specversion\":\"1.0\""),
    ] {
        let mut more = json!({ "format": format, "signatureVersion": "v1" });
        if format == "pagerduty" {
            more["routingKey"] = json!("R0");
        }
        let (id, secret) = webhook(&app, hook(address), more).await;
        let before = receiver.told().len();
        let path = format!("/webhooks/{id}/test");
        let test = app.operator().post(&path, json!({})).await.expect(200);
        assert_eq!((&test["data"]["ok"], &test["data"]["status"]), (&json!(true), &json!(204)));
        let told = receiver.told().remove(before);
        assert_eq!(told.header("content-type"), Some(content_type));
        assert_eq!(told.header("x-execlave-event"), Some("webhook.test"));
        assert_eq!(told.header("x-execlave-signature-version"), Some("v1"));
        assert_eq!(told.header("x-execlave-timestamp"), None);
        assert!(told.is_signed_with(&secret));
        assert!(String::from_utf8_lossy(&told.body).contains(names), "{format}");
        assert!(deliveries(&app, &id, "").await.is_empty(), "a test is not kept");
    }
}

#[tokio::test]
async fn a_running_server_tells_at_once_and_nobody_waits_for_one_that_hangs() {
    let app = app().await;
    let (quick, quick_at) = Receiver::start().await;
    let (slow, slow_at) = Receiver::start().await;
    slow.will(vec![Does::Hang; 20]);
    let (stuck, _) = webhook(&app, hook(slow_at), json!({ "timeoutMs": 10_000 })).await;
    webhook(&app, hook(quick_at), json!({})).await;
    for n in 0..10 {
        let agent = format!("bot-{n}");
        app.agent(&agent).await;
        pause(&app, &agent).await;
    }
    let mut config = Config::default();
    beside_private_networks(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::with_clock(config, store_of(&app).await, listener, app.clock.clone());
    let server = server.await.expect("the store is read");
    let (stop, stopped) = oneshot::channel::<()>();
    #[expect(clippy::disallowed_methods, reason = "stopping waits for it")]
    let running = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        server.run(stopped).await.expect("the server ends well");
    });
    eventually(async || quick.told().len() == 10).await;
    // With the server running, a change is enough.
    app.agent("late").await;
    pause(&app, "late").await;
    eventually(async || quick.told().len() == 11).await;
    assert!(slow.told().len() <= 4, "few at once to the same receiver");
    assert_eq!(deliveries(&app, &stuck, "?status=pending").await.len(), 11);
    stop.send(()).expect("the server runs");
    running.await.expect("no panic");
}
