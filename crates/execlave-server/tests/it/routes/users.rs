//! People: invited, changed, kept out, let back in.

use execlave_store::users::{Role, User};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

const PASSWORD: &str = "four words of mine";

fn invitation(email: &str, role: &str) -> Value {
    json!({ "email": email, "name": "Ada", "role": role })
}

fn id(answer: &Answer) -> String {
    answer["data"]["user"]["id"].as_str().expect("an id").to_owned()
}

/// The last part of the link in an answer.
fn token(answer: &Answer) -> String {
    let link = answer["data"]["link"].as_str().expect("a link");
    link.rsplit('/').next().expect("a token").to_owned()
}

async fn accept(app: &TestApp, token: &str) -> Answer {
    let body = json!({ "token": token, "name": "Ada Okafor", "password": PASSWORD });
    app.anonymous().post("/auth/accept-invitation", body).await
}

async fn owner(app: &TestApp) -> (User, Client) {
    let user = app.user(app.org().await, Role::Owner, false).await;
    let client = app.session(&user).await;
    (user, client)
}

#[tokio::test]
async fn an_invitation_is_accepted_once() {
    let app = TestApp::new().await;
    let (_, owner) = owner(&app).await;
    let made = owner.post("/users", invitation("Ada@Example.com", "developer")).await.expect(201);
    assert_eq!(made["data"]["user"]["state"], "invited");
    let weak = json!({ "token": token(&made), "name": "Ada", "password": "short" });
    let refused = app.anonymous().post("/auth/accept-invitation", weak).await;
    assert_eq!(refused.expect_error(400, "VALIDATION_ERROR").fault(), "password");

    let session = accept(&app, &token(&made)).await.expect(200);
    let ada = app.client(session["data"]["token"].as_str().expect("a token"));
    let me = ada.get("/me").await.expect(200);
    assert_eq!(me["data"]["user"]["name"], "Ada Okafor");
    assert_eq!(me["data"]["scopes"], json!(["read", "agents:write", "policies:write"]));
    accept(&app, &token(&made)).await.expect_error(404, "NOT_FOUND");
    let again = owner.post("/users", invitation("ada@example.COM", "viewer")).await;
    again.expect_error(409, "CONFLICT");
    assert!(!owner.get("/users").await.expect(200).text.contains(&token(&made)));
}

#[tokio::test]
async fn an_invitation_ends_is_sent_again_and_is_taken_back() {
    let app = TestApp::new().await;
    let (_, owner) = owner(&app).await;
    let invited = owner.post("/users", invitation("a@example.com", "viewer")).await.expect(201);
    let path = format!("/users/{}", id(&invited));
    let again = owner.post(&format!("{path}/reset-link"), json!({})).await.expect(200);
    accept(&app, &token(&invited)).await.expect_error(404, "NOT_FOUND");
    app.clock.advance_millis(6 * 86_400_000);
    let owner = app.operator();
    app.clock.advance_millis(86_400_000);
    accept(&app, &token(&again)).await.expect_error(404, "NOT_FOUND");

    let third = owner.post(&format!("{path}/reset-link"), json!({})).await.expect(200);
    owner.delete(&path).await.expect(200);
    accept(&app, &token(&third)).await.expect_error(404, "NOT_FOUND");
    let link = owner.post(&format!("{path}/reset-link"), json!({})).await;
    link.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn nobody_gives_more_than_they_have_and_admins_do_not_touch_owners() {
    let app = TestApp::new().await;
    let (boss, _) = owner(&app).await;
    let admin = app.person(Role::Admin, false).await;
    let boss = format!("/users/{}", boss.id);
    admin.post("/users", invitation("o@example.com", "owner")).await.expect_error(403, "FORBIDDEN");
    admin.patch(&boss, json!({ "role": "viewer" })).await.expect_error(403, "FORBIDDEN");
    admin.patch(&boss, json!({ "name": "Nobody" })).await.expect_error(403, "FORBIDDEN");
    admin.delete(&boss).await.expect_error(403, "FORBIDDEN");
    let link = admin.post(&format!("{boss}/reset-link"), json!({})).await;
    link.expect_error(403, "FORBIDDEN");
    let made = admin.post("/users", invitation("d@example.com", "developer")).await.expect(201);
    let path = format!("/users/{}", id(&made));
    admin.patch(&path, json!({ "role": "owner" })).await.expect_error(403, "FORBIDDEN");
    let granted = admin.patch(&path, json!({ "role": "admin", "approver": true })).await;
    assert_eq!(granted.expect(200)["data"]["role"], "admin");

    let narrow = app.key(json!(["users:write", "read"])).await;
    narrow.post("/users", invitation("v@example.com", "viewer")).await.expect(201);
    let more = narrow.post("/users", invitation("w@example.com", "developer")).await;
    more.expect_error(403, "FORBIDDEN");
    let link = narrow.post(&format!("{path}/reset-link"), json!({})).await;
    link.expect_error(403, "FORBIDDEN");
    let same = app.person(Role::Viewer, false).await;
    same.patch(&path, json!({ "role": "viewer" })).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    let app = TestApp::new().await;
    let user = app.user(app.org().await, Role::Developer, false).await;
    let session = app.session(&user).await;
    session.get("/agents").await.expect(200);
    let path = format!("/users/{}", user.id);
    app.operator().delete(&path).await.expect(200);
    session.get("/agents").await.expect_error(401, "INVALID_SESSION");
    app.operator().patch(&path, json!({ "state": "active" })).await.expect(200);
    session.get("/agents").await.expect_error(401, "INVALID_SESSION");
    for bad in [json!({ "state": "invited" }), json!({ "role": "king" }), json!({ "name": " " })] {
        app.operator().patch(&path, bad).await.expect_error(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    let app = TestApp::new().await;
    let first = app.operator().get("/users").await.expect(200)["data"][0]["id"].clone();
    let first = format!("/users/{}", first.as_str().expect("an id"));
    app.operator().delete(&first).await.expect_error(409, "CONFLICT");
    let demoted = app.operator().patch(&first, json!({ "role": "admin" })).await;
    demoted.expect_error(409, "CONFLICT");
    // Somebody who is invited could never come.
    app.operator().post("/users", invitation("o@example.com", "owner")).await.expect(201);
    app.operator().delete(&first).await.expect_error(409, "CONFLICT");

    let (second, _) = owner(&app).await;
    let second = format!("/users/{}", second.id);
    let operator = app.operator();
    let (one, other) = tokio::join!(operator.delete(&first), operator.delete(&second));
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409]);
}

#[tokio::test]
async fn faults_of_an_invitation_are_named() {
    let app = TestApp::new().await;
    for (body, fault) in [
        (invitation("nobody", "viewer"), "email"),
        (invitation("a b@example.com", "viewer"), "email"),
        (invitation(&format!("{}@example.com", "a".repeat(250)), "viewer"), "email"),
        (invitation("a@example.com", "root"), "role"),
        (json!({ "email": "a@example.com", "name": "", "role": "viewer" }), "name"),
    ] {
        let refused = app.operator().post("/users", body).await;
        assert_eq!(refused.expect_error(400, "VALIDATION_ERROR").fault(), fault);
    }
    assert_eq!(app.operator().get("/users").await.expect(200)["meta"]["total"], 1);
}
