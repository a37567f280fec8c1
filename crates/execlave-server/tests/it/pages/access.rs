//! Signing in with a password, and accepting an invitation, at the browser.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

use super::browser::assert_shows;
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
