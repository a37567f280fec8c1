//! Signing in with a password, and accepting an invitation, at the browser.

use axum::body::Body;
use axum::http::{Method, Request, header};
use execlave_store::users::Role;
use serde_json::json;

use super::browser::{Browser, assert_hides, assert_shows, attribute};
use crate::support::{Answer, TestApp};

const PASSWORD: &str = "four words of mine";

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)], site: &str) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site);
    app.anonymous().send(request.body(Body::from(body)).expect("a request")).await
}

#[tokio::test]
async fn an_invitation_becomes_a_session_and_a_password_another() {
    let app = TestApp::new().await;
    let invite = json!({ "email": "ada@example.com", "name": "<Ada>", "role": "viewer" });
    let made = app.operator().post("/users", invite).await.expect(201);
    let link = made["data"]["link"].as_str().expect("a link");
    let path = format!("/invitation/{}", link.rsplit('/').next().expect("a token"));
    for _ in 0..2 {
        let page = app.anonymous().get_root(&path).await.expect(200);
        assert_shows(&page, &["ada@example.com", "&#60;Ada&#62;", "name=\"password\""]);
    }
    let short = [("name", "Ada"), ("password", "short")];
    let refused = post(&app, &path, &short, "same-origin").await.expect(400);
    assert_shows(&refused, &["12 to 256 characters", "role=\"alert\"", "value=\"Ada\""]);
    let good = [("name", "Ada"), ("password", PASSWORD)];
    post(&app, &path, &good, "cross-site").await.expect(403);
    let accepted = post(&app, &path, &good, "same-origin").await.expect(303);
    assert!(accepted.header("set-cookie").is_some_and(|cookie| cookie.contains("HttpOnly")));
    post(&app, &path, &good, "same-origin").await.expect(410);
    app.anonymous().get_root(&path).await.expect(410);

    let wrong = [("email", "ada@example.com"), ("password", "another password")];
    let refused = post(&app, "/sign-in", &wrong, "same-origin").await.expect(401);
    assert_shows(&refused, &["The address or the password is wrong", "value=\"ada@example.com\""]);
    assert!(!refused.text.contains("another password"));
    let right = [("email", "ada@example.com"), ("password", PASSWORD)];
    let foreign = post(&app, "/sign-in", &right, "cross-site").await.expect(403);
    assert_eq!(foreign.header("set-cookie"), None);
    let signed_in = post(&app, "/sign-in", &right, "same-origin").await.expect(303);
    assert_eq!(signed_in.header("location"), Some("/"));
}

#[tokio::test]
async fn an_owner_invites_changes_and_keeps_out_and_others_only_look() {
    let app = TestApp::new().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let invite = [("email", "ada@example.com"), ("name", "Ada"), ("role", "developer")];
    let page = owner.submit("/users", "/users", &invite).await.expect(200);
    assert_shows(&page, &["/invitation/", "A link for ada@example.com", "invited"]);
    let again = owner.submit("/users", "/users", &invite).await.expect(409);
    assert_shows(&again, &["already exists", "value=\"ada@example.com\""]);
    assert_hides(&owner.get("/users").await.expect(200), &["/invitation/"]);

    let people = app.operator().get("/users").await.expect(200);
    let path_of = |email: &str| {
        let people = people["data"].as_array().expect("a list");
        let found = people.iter().find(|user| user["email"] == email).expect("listed");
        format!("/users/{}", found["id"].as_str().expect("an id"))
    };
    let path = path_of("ada@example.com");
    let change = [("name", "Ada"), ("role", "viewer"), ("approver", "yes")];
    owner.submit(&path, &path, &change).await.expect(303);
    let now = app.operator().get(&path).await.expect(200);
    assert_eq!((&now["data"]["role"], &now["data"]["approver"]), (&json!("viewer"), &json!(true)));
    owner.post(&path, &change, &[]).await.expect(403);
    let linked = owner.submit(&path, &format!("{path}/link"), &[]).await.expect(200);
    assert_shows(&linked, &["/invitation/"]);
    owner.submit(&path, &format!("{path}/disable"), &[]).await.expect(303);
    assert_eq!(app.operator().get(&path).await.expect(200)["data"]["state"], "disabled");
    owner.submit(&path, &format!("{path}/enable"), &[]).await.expect(303);

    let viewer = Browser::signed_in(&app, Role::Viewer).await;
    assert_hides(&viewer.get("/users").await.expect(200), &["Invite somebody", &path]);
    viewer.get(&path).await.expect(403);
    viewer.submit("/account", "/users", &invite).await.expect(403);
    let admin = Browser::signed_in(&app, Role::Admin).await;
    let boss = path_of("owner@localhost");
    let refused = admin.submit(&boss, &format!("{boss}/disable"), &[]).await.expect(403);
    assert_shows(&refused, &["reaches further than you"]);
}

#[tokio::test]
async fn one_changes_ones_password_and_signs_out_elsewhere() {
    let app = TestApp::new().await;
    let user = app.user(app.org().await, Role::Viewer, false).await;
    let elsewhere = app.session(&user).await;
    let link = app.operator().post(&format!("/users/{}/reset-link", user.id), json!({})).await;
    let link = link.expect(200)["data"]["link"].as_str().expect("a link").to_owned();
    let path = format!("/sign-in/{}", link.rsplit('/').next().expect("a token"));
    let here = Browser::opened(&app, &path).await.expect("the link is fresh");

    let page = here.get("/account").await.expect(200);
    assert_shows(&page, &["this one", "name=\"next\""]);
    assert_hides(&page, &["name=\"current\""]);
    let end = format!("/account/sessions/{}", attribute(&page, "action=\"/account/sessions/"));
    let stranger = Browser::signed_in(&app, Role::Owner).await;
    stranger.submit("/account", &end, &[]).await.expect(404);
    elsewhere.get("/me").await.expect(200);
    here.submit("/account", &end, &[]).await.expect(303);
    elsewhere.get("/me").await.expect_error(401, "INVALID_SESSION");

    let short = here.submit("/account", "/account/password", &[("next", "short")]).await;
    assert_shows(&short.expect(400), &["12 to 256 characters"]);
    let done = here.submit("/account", "/account/password", &[("next", PASSWORD)]).await;
    assert_shows(&done.expect(200), &["Your password is changed"]);
    app.clock.advance_millis(15 * 60_000);
    let later = here.get("/account").await.expect(200);
    assert_shows(&later, &["name=\"current\""]);
    let wrong = [("current", "another password"), ("next", "five other words of mine")];
    here.submit("/account", "/account/password", &wrong).await.expect(401);
}
