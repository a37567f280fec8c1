//! Approvals answered from where people were told of them: by the link in a message, and inside Slack.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Receiver, app, deliver, hook, webhook};
use crate::support::outside::signature;
use crate::support::{Answer, Client, TestApp, payment};

/// A webhook that takes answers, and the message about an approval that it was sent.
struct Told {
    app: TestApp,
    webhook: String,
    approval: String,
    agent: Client,
    message: Value,
}

async fn told(more: Value) -> Told {
    let app = app().await;
    let (receiver, address) = Receiver::start().await;
    let mut body =
        json!({ "events": ["approval.requested", "approval.approved"], "takesAnswers": true });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let (webhook, _) = webhook(&app, hook(address), body).await;
    let (approval, agent) = app.pending_approval().await;
    deliver(&app).await;
    let message = serde_json::from_slice(&receiver.told().remove(0).body).expect("JSON");
    Told { app, webhook, approval, agent, message }
}

impl Told {
    /// The path of the link.
    fn link(&self) -> String {
        let url = self.message["data"]["answerUrl"].as_str().expect("a link");
        url.strip_prefix("http://127.0.0.1:4000").expect("the public address").to_owned()
    }

    async fn status(&self) -> String {
        let path = format!("/approvals/{}", self.approval);
        self.agent.get(&path).await.expect(200)["data"]["status"].as_str().expect("text").to_owned()
    }
}

async fn submit(app: &TestApp, path: &str, fields: &[(&str, &str)], origin: &str) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", origin);
    app.anonymous().send(request.body(Body::from(body)).expect("a request")).await
}

const YES: &[(&str, &str)] =
    &[("answer", "approve"), ("name", "Ada"), ("reason", "known supplier")];

#[tokio::test]
async fn a_link_shows_what_is_asked_and_answers_with_a_second_click() {
    let told = told(json!({})).await;
    let link = told.link();
    for _ in 0..2 {
        let page = told.app.anonymous().get_root(&link).await.expect(200);
        for piece in ["pay the invoice", "pay_invoice", "1.0 USD", "action_approval", "Approve"] {
            assert!(page.text.contains(piece), "{piece}: {}", page.text);
        }
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    assert_eq!(told.status().await, "pending", "opening a link answers nothing");

    submit(&told.app, &link, YES, "same-origin").await.expect(303);
    assert_eq!(told.status().await, "approved");
    let path = format!("/approvals/{}", told.approval);
    let shown = told.agent.get(&path).await.expect(200);
    let vote = &shown["data"]["decisions"][0];
    assert_eq!(vote["by"], format!("webhook:{}", told.webhook));
    assert!(vote["label"].as_str().expect("text").starts_with("Ada by a link sent to "), "{vote}");
    let page = told.app.anonymous().get_root(&link).await.expect(200);
    assert!(page.text.contains("known supplier") && !page.text.contains("<form"), "{}", page.text);
    let verified = json!({ "actionContext": crate::support::payment_context() });
    let verified = told.agent.post(&format!("{path}/verify"), verified).await.expect(200);
    assert_eq!(verified["data"]["valid"], true);
}

#[tokio::test]
async fn a_link_answers_once() {
    let told = told(json!({})).await;
    submit(&told.app, &told.link(), &[("answer", "deny"), YES[1], YES[2]], "none")
        .await
        .expect(303);
    let again = submit(&told.app, &told.link(), YES, "none").await.expect(409);
    assert!(again.text.contains("Your answer was not recorded"), "{}", again.text);
    assert_eq!(told.status().await, "denied");
}

#[tokio::test]
async fn a_channel_of_people_is_one_voice_where_two_must_agree() {
    let mut told = told(json!({})).await;
    told.app = TestApp::with(|config| {
        config.webhooks.allow_private_networks = true;
        config.approvals.approvers = 2;
    })
    .await;
    let (receiver, address) = Receiver::start().await;
    let wants = json!({ "events": ["approval.requested"], "takesAnswers": true });
    webhook(&told.app, hook(address), wants).await;
    (told.approval, told.agent) = told.app.pending_approval().await;
    deliver(&told.app).await;
    told.message = serde_json::from_slice(&receiver.told().remove(0).body).expect("JSON");
    submit(&told.app, &told.link(), YES, "none").await.expect(303);
    let bob = [("answer", "approve"), ("name", "Bob"), ("reason", "me too")];
    submit(&told.app, &told.link(), &bob, "none").await.expect(409);
    assert_eq!(told.status().await, "pending");
    told.app
        .operator()
        .post(&format!("/approvals/{}/approve", told.approval), json!({ "reason": "seen" }))
        .await
        .expect(200);
    assert_eq!(told.status().await, "approved");
}

#[tokio::test]
async fn an_answer_says_who_and_why_and_comes_from_our_page() {
    let told = told(json!({})).await;
    let link = told.link();
    for missing in ["name", "reason"] {
        let fields: Vec<_> = YES.iter().copied().filter(|(name, _)| *name != missing).collect();
        let page = submit(&told.app, &link, &fields, "none").await.expect(400);
        assert!(page.text.contains(&format!("id=\"{missing}-fault\"")), "{}", page.text);
    }
    let long = "x".repeat(101);
    let fields = [YES[0], ("name", long.as_str()), YES[2]];
    submit(&told.app, &link, &fields, "none").await.expect(400);
    submit(&told.app, &link, &[("answer", "maybe"), YES[1], YES[2]], "none").await.expect(400);
    submit(&told.app, &link, YES, "cross-site").await.expect(403);
    let markup = [YES[0], ("name", "<b>Ada</b>"), ("reason", "")];
    let page = submit(&told.app, &link, &markup, "none").await.expect(400);
    assert!(!page.text.contains("<b>Ada"), "{}", page.text);
    assert_eq!(told.status().await, "pending");
}

#[tokio::test]
async fn a_link_ends_with_its_secret_its_webhook_and_its_permission() {
    let told = told(json!({})).await;
    let (link, operator) = (told.link(), told.app.operator());
    let opens = async || told.app.anonymous().get_root(&link).await.status.as_u16();
    assert_eq!(opens().await, 200);
    for changed in [
        &link[..link.len() - 1],
        "/answer/AAAA",
        "/answer/%00",
        "/answer/%E2%82%AC%E2%82%AC%E2%82%AC",
        &format!("{link}A"),
    ] {
        told.app.anonymous().get_root(changed).await.expect(404);
        submit(&told.app, changed, YES, "none").await.expect(404);
    }
    let path = format!("/webhooks/{}", told.webhook);
    let shown = operator.get(&path).await.expect(200);
    let body = json!({
        "name": shown["data"]["name"], "url": shown["data"]["url"], "events": ["*"], "takesAnswers": false,
    });
    operator.put(&path, body.clone()).await.expect(200);
    assert_eq!(opens().await, 404);
    let body =
        json!({ "name": body["name"], "url": body["url"], "events": ["*"], "takesAnswers": true });
    operator.put(&path, body).await.expect(200);
    assert_eq!(opens().await, 200);
    operator.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200);
    assert_eq!(opens().await, 404);
    operator.delete(&path).await.expect(204);
    assert_eq!(opens().await, 404);
    assert_eq!(told.status().await, "pending");
}

#[tokio::test]
async fn only_who_may_decide_lets_others_decide() {
    let app = app().await;
    let body = json!({ "name": "w", "url": "https://hooks.example.com/in", "events": ["*"], "takesAnswers": true });
    let settings = app.key(json!(["settings:write"])).await;
    settings.post("/webhooks", body.clone()).await.expect_error(403, "FORBIDDEN");
    let mut quiet = body.clone();
    quiet["takesAnswers"] = json!(false);
    let made = settings.post("/webhooks", quiet).await.expect(201);
    let path = format!("/webhooks/{}", made["data"]["id"].as_str().expect("an id"));
    settings.put(&path, body.clone()).await.expect_error(403, "FORBIDDEN");
    let both = app.key(json!(["settings:write", "approvals:decide"])).await;
    both.put(&path, body.clone()).await.expect(200);
    let mut secret = body;
    secret["slackSigningSecret"] = json!("s");
    both.put(&path, secret).await.expect_error(400, "VALIDATION_ERROR");
}

/// What Slack sends when a person presses a button.
fn pressed(message: &Value, action: &str, user: &str) -> String {
    let blocks = message["blocks"].as_array().expect("blocks");
    let buttons = blocks.iter().find_map(|block| block["elements"].as_array()).expect("buttons");
    let button = buttons.iter().find(|button| button["action_id"] == action).expect("the button");
    let payload = json!({
        "type": "block_actions", "team": { "id": "T1", "domain": "x" }, "user": { "id": user, "username": "ada", "team_id": "T1" },
        "actions": [{ "action_id": action, "value": button["value"], "type": "button" }],
    });
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("payload", &payload.to_string()).finish()
}

async fn from_slack(app: &TestApp, body: &str, secret: &str, seconds_ago: i64) -> Answer {
    let at = app.clock.now().as_millis() / 1_000 - seconds_ago;
    let signed = signature(secret, format!("v0:{at}:{body}").as_bytes());
    let request = Request::post("/hooks/slack")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", at.to_string())
        .header("x-slack-signature", signed.replace("sha256=", "v0="));
    app.anonymous().send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

#[tokio::test]
async fn a_person_answers_inside_slack() {
    let told = told(json!({ "format": "slack", "slackSigningSecret": "app-secret" })).await;
    let yes = pressed(&told.message, "execlave_approve", "U1");
    from_slack(&told.app, &yes, "another", 0).await.expect_error(401, "INVALID_SIGNATURE");
    from_slack(&told.app, &yes, "app-secret", 301).await.expect_error(401, "INVALID_SIGNATURE");
    let changed = yes.replace("U1", "U2");
    let unsigned = Request::post("/hooks/slack").body(Body::from(changed)).expect("a request");
    told.app.anonymous().send(unsigned).await.expect_error(401, "INVALID_SIGNATURE");
    assert_eq!(told.status().await, "pending");

    from_slack(&told.app, &yes, "app-secret", 0).await.expect(200);
    assert_eq!(told.status().await, "approved");
    let shown = told.agent.get(&format!("/approvals/{}", told.approval)).await.expect(200);
    assert_eq!(shown["data"]["decisions"][0]["by"], "slack:T1/U1");
    from_slack(&told.app, &yes, "app-secret", 0).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn what_slack_did_not_send_is_refused_with_its_fault() {
    let told = told(json!({ "format": "slack", "slackSigningSecret": "app-secret" })).await;
    let payload = |payload: &Value| {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("payload", &payload.to_string()).finish()
    };
    let user = json!({ "id": "U1" });
    let review = json!({ "team": { "id": "T1" }, "user": user, "actions": [{ "action_id": "execlave_review" }] });
    from_slack(&told.app, &payload(&review), "x", 0).await.expect(200);
    for (body, status) in [
        (String::new(), 400),
        ("payload=1".to_owned(), 400),
        (format!("payload={}", "%5B".repeat(5_000)), 400),
        (payload(&json!({ "user": user })), 400),
        (
            payload(
                &json!({ "team": { "id": "T1" }, "user": user, "actions": [{ "action_id": "execlave_deny", "value": "A" }] }),
            ),
            404,
        ),
    ] {
        from_slack(&told.app, &body, "app-secret", 0).await.expect(status);
    }
    let odd = pressed(&told.message, "execlave_deny", "U1/../webhook");
    from_slack(&told.app, &odd, "app-secret", 0).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(told.status().await, "pending");
}

#[tokio::test]
async fn a_link_of_another_organisation_finds_nothing_here() {
    let told = told(json!({})).await;
    let stranger = told.app.other_organisation().await;
    let path = format!("/approvals/{}", told.approval);
    stranger.get(&path).await.expect_error(404, "NOT_FOUND");
    // Their webhook signs links to their approvals only: ours is not among them.
    let body = json!({ "name": "w", "url": "https://hooks.example.com/in", "events": ["*"], "takesAnswers": true });
    let theirs = stranger.post("/webhooks", body).await.expect(201);
    let (org, secret) = (organisation_of(&told), theirs["data"]["secret"].as_str().expect("one"));
    let forged = execlave_core::webhook::AnswerLink {
        organization_id: org,
        webhook_id: theirs["data"]["id"].as_str().expect("an id").parse().expect("a UUID"),
        approval_id: told.approval.parse().expect("a UUID"),
    };
    let link = format!("/answer/{}", forged.token(secret));
    told.app.anonymous().get_root(&link).await.expect(404);
    submit(&told.app, &link, YES, "none").await.expect(404);
    let action = told.agent.post("/policies/enforce", payment()).await.expect(202);
    assert_eq!(action["approvalRequestId"], told.approval);
}

fn organisation_of(told: &Told) -> execlave_core::ids::OrgId {
    told.message["organizationId"].as_str().expect("an id").parse().expect("a UUID")
}
