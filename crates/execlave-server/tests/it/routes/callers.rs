//! People at the API: with the token of a session, or with the dashboard's cookie and what only its pages know.

use axum::body::Body;
use axum::http::{Method, Request};
use execlave_store::users::Role;
use serde_json::json;

use crate::support::{Answer, TestApp, payment};

#[tokio::test]
async fn a_role_is_a_set_of_scopes() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let viewer = app.person(Role::Viewer, false).await;
    let developer = app.person(Role::Developer, false).await;
    let admin = app.person(Role::Admin, false).await;
    viewer.get("/agents").await.expect(200);
    let refused = viewer.patch("/agents/bot/pause", json!({})).await;
    let refused = refused.expect_error(403, "FORBIDDEN");
    let message = refused["error"]["message"].as_str().expect("text");
    assert!(message.contains("`developer`"), "{message}");
    developer.patch("/agents/bot/pause", json!({})).await.expect(200);
    developer.post("/api-keys", json!({ "name": "mine" })).await.expect_error(403, "FORBIDDEN");
    admin.post("/api-keys", json!({ "name": "mine" })).await.expect(201);
    let all = json!({ "name": "all", "scopes": ["*"] });
    admin.post("/api-keys", all.clone()).await.expect_error(403, "FORBIDDEN");
    app.person(Role::Owner, false).await.post("/api-keys", all).await.expect(201);
}

#[tokio::test]
async fn whoever_decides_is_not_who_asks() {
    let app = TestApp::new().await;
    let (approval, _) = app.pending_approval().await;
    let owner = app.person(Role::Owner, false).await;
    let refused = owner.post("/policies/enforce", payment()).await.expect_error(403, "FORBIDDEN");
    assert!(refused["error"]["message"].as_str().expect("text").contains("API key"));
    let path = format!("/approvals/{approval}/approve");
    app.person(Role::Developer, false)
        .await
        .post(&path, json!({}))
        .await
        .expect_error(403, "FORBIDDEN");
    let decided = app.person(Role::Viewer, true).await.post(&path, json!({})).await.expect(200);
    assert_eq!(decided["data"]["certificate"]["approvedBy"], "A viewer");
}

#[tokio::test]
async fn a_cookie_changes_nothing_without_the_sessions_own_token() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let token = app.person(Role::Owner, false).await.key.expect("a token");
    let csrf = format!("csrf {token}");
    let send = |method: Method, path: &str, csrf: Option<&str>| {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("cookie", format!("execlave_session={token}"));
        if let Some(csrf) = csrf {
            request = request.header("x-csrf-token", csrf);
        }
        app_send(&app, request.body(Body::empty()).expect("a request"))
    };
    send(Method::GET, "/agents", None).await.expect(200);
    for wrong in [None, Some(""), Some("csrf"), Some(token.as_str())] {
        let answer = send(Method::PATCH, "/agents/bot/pause", wrong).await;
        answer.expect_error(403, "FORBIDDEN");
    }
    assert_eq!(app.operator().get("/agents/bot").await.expect(200)["data"]["status"], "active");
    send(Method::PATCH, "/agents/bot/pause", Some(&csrf)).await.expect(200);
}

async fn app_send(app: &TestApp, request: Request<Body>) -> Answer {
    app.anonymous().send(request).await
}

#[tokio::test]
async fn a_session_ends_in_time_and_is_no_key() {
    let app = TestApp::new().await;
    let person = app.person(Role::Owner, false).await;
    let token = person.key.clone().expect("a token");
    person.get("/agents").await.expect(200);
    let as_key =
        Request::builder().uri("/api/v1/agents").header("x-api-key", &token).body(Body::empty());
    let answer = app.anonymous().send(as_key.expect("a request")).await;
    answer.expect_error(401, "INVALID_API_KEY");
    app.client("exe_ses_never").get("/agents").await.expect_error(401, "INVALID_SESSION");
    app.clock.advance_millis(12 * 3_600_000);
    person.get("/agents").await.expect_error(401, "INVALID_SESSION");
}
