//! Signing in with a password, and where one is signed in.

use execlave_store::users::Role;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

const PASSWORD: &str = "four words of mine";

/// A person with a password; their address.
async fn person(app: &TestApp) -> String {
    let user = app.user(app.org().await, Role::Developer, false).await;
    let link = app.operator().post(&format!("/users/{}/reset-link", user.id), json!({})).await;
    let link = link.expect(200)["data"]["link"].as_str().expect("a link").to_owned();
    let path = link.split_once("/sign-in/").expect("it signs in").1.to_owned();
    let opened = app.anonymous().get_root(&format!("/sign-in/{path}")).await.expect(303);
    let cookie = opened.header("set-cookie").expect("a cookie");
    let cookie = cookie.split([';', '=']).nth(1).expect("a value").to_owned();
    let client = app.client(&cookie);
    client.post("/me/password", json!({ "newPassword": PASSWORD })).await.expect(204);
    client.post("/auth/sign-out", json!({})).await.expect(204);
    user.email
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.anonymous().post("/auth/sign-in", body).await
}

async fn signed_in(app: &TestApp, email: &str) -> Client {
    let answer = sign_in(app, email, PASSWORD).await.expect(200);
    app.client(answer["data"]["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn a_password_gives_a_session_until_one_signs_out() {
    let app = TestApp::new().await;
    let email = person(&app).await;
    let session = signed_in(&app, &format!(" {} ", email.to_uppercase())).await;
    session.get("/agents").await.expect(200);
    let own = session.get("/sessions").await.expect(200);
    assert_eq!(
        (&own["data"][0]["current"], &own["data"][0]["method"]),
        (&json!(true), &json!("password"))
    );
    assert!(!own.text.contains("exe_ses_"));
    session.post("/auth/sign-out", json!({})).await.expect(204);
    session.get("/agents").await.expect_error(401, "INVALID_SESSION");
    app.operator().post("/auth/sign-out", json!({})).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn nobody_learns_which_addresses_there_are() {
    let app = TestApp::new().await;
    let email = person(&app).await;
    let wrong = sign_in(&app, &email, "another password").await;
    let unknown = sign_in(&app, "nobody@example.com", PASSWORD).await;
    let without = sign_in(&app, "owner@localhost", PASSWORD).await;
    let message = |answer: Answer| -> Value {
        answer.expect_error(401, "INVALID_CREDENTIALS")["error"]["message"].clone()
    };
    let wrong = message(wrong);
    assert_eq!([message(unknown), message(without)], [wrong.clone(), wrong]);
}

#[tokio::test]
async fn after_ten_failures_even_the_right_password_waits() {
    let app = TestApp::new().await;
    let email = person(&app).await;
    for _ in 0..10 {
        sign_in(&app, &email, "another password").await.expect_error(401, "INVALID_CREDENTIALS");
    }
    app.clock.advance_millis(60_000);
    let waits = sign_in(&app, &email, PASSWORD).await.expect_error(429, "RATE_LIMITED");
    assert_eq!(waits.header("retry-after"), Some("840"));
    app.clock.advance_millis(840_000);
    signed_in(&app, &email).await;
}

#[tokio::test]
async fn another_password_ends_every_other_session() {
    let app = TestApp::new().await;
    let email = person(&app).await;
    let (here, there) = (signed_in(&app, &email).await, signed_in(&app, &email).await);
    let next = "five other words of mine";
    for wrong in [
        json!({ "newPassword": next }),
        json!({ "currentPassword": PASSWORD, "newPassword": "short" }),
    ] {
        here.post("/me/password", wrong).await.expect_error(400, "VALIDATION_ERROR");
    }
    let guess = json!({ "currentPassword": "another password", "newPassword": next });
    here.post("/me/password", guess).await.expect_error(401, "INVALID_CREDENTIALS");
    there.get("/me").await.expect(200);
    let change = json!({ "currentPassword": PASSWORD, "newPassword": next });
    here.post("/me/password", change).await.expect(204);
    here.get("/me").await.expect(200);
    there.get("/me").await.expect_error(401, "INVALID_SESSION");
    sign_in(&app, &email, PASSWORD).await.expect_error(401, "INVALID_CREDENTIALS");
    sign_in(&app, &email, next).await.expect(200);
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_admins_those_of_others() {
    let app = TestApp::new().await;
    let org = app.org().await;
    let user = app.user(org, Role::Developer, false).await;
    let (first, second) = (app.session(&user).await, app.session(&user).await);
    let list = first.get("/sessions").await.expect(200);
    assert_eq!(list["meta"]["total"], 2);
    let session =
        list["data"].as_array().expect("a list").iter().find(|one| one["current"] == true);
    let path =
        format!("/sessions/{}/revoke", session.expect("mine")["id"].as_str().expect("an id"));

    let viewer = app.person(Role::Viewer, false).await;
    viewer.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let of_user = format!("/sessions?user={}", user.id);
    viewer.get(&of_user).await.expect_error(403, "FORBIDDEN");
    first.get("/me").await.expect(200);
    let admin = app.person(Role::Admin, false).await;
    assert_eq!(admin.get(&of_user).await.expect(200)["meta"]["total"], 2);
    admin.post(&path, json!({})).await.expect(204);
    first.get("/me").await.expect_error(401, "INVALID_SESSION");
    admin.post(&path, json!({})).await.expect_error(404, "NOT_FOUND");
    second.get("/me").await.expect(200);

    let owner = app.person(Role::Owner, false).await;
    let own = owner.get("/sessions").await.expect(200);
    let path = format!("/sessions/{}/revoke", own["data"][0]["id"].as_str().expect("an id"));
    admin.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    owner.post(&path, json!({})).await.expect(204);
    owner.get("/me").await.expect_error(401, "INVALID_SESSION");
}

#[tokio::test]
async fn a_name_is_changed_by_its_owner_alone() {
    let app = TestApp::new().await;
    let viewer = app.person(Role::Viewer, false).await;
    let renamed = viewer.patch("/me", json!({ "name": "Grace" })).await.expect(200);
    assert_eq!(
        (&renamed["data"]["name"], &renamed["data"]["role"]),
        (&json!("Grace"), &json!("viewer"))
    );
    viewer.patch("/me", json!({ "role": "owner" })).await.expect_error(400, "VALIDATION_ERROR");
    app.operator().get("/me").await.expect_error(403, "FORBIDDEN");
}
