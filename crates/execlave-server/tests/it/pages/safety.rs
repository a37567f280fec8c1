use execlave_store::users::Role;
use serde_json::json;

use super::browser::{Browser, assert_hides, assert_shows, csrf};
use crate::support::TestApp;

const EVIL: &str =
    r#""><script>alert(1)</script><img src=x onerror='alert(2)'>javascript:alert(3)"#;

#[tokio::test]
async fn what_others_wrote_is_text_everywhere() {
    let app = TestApp::new().await;
    let operator = app.operator();
    let agent = json!({ "agentId": EVIL, "name": EVIL, "description": EVIL, "tags": [EVIL], "ownerEmail": "o@example.com" });
    let agent = operator.post("/agents", agent).await.expect(201)["data"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let policy = json!({ "name": EVIL, "policyType": "action_approval", "enforcementMode": "require_approval", "ruleDefinition": { "tools": ["*"] } });
    operator.post("/policies", policy).await.expect(201);
    let action =
        json!({ "agentId": agent, "input": EVIL, "tools": [EVIL], "environment": "production" });
    let asked = app.agent_key().await.post("/policies/enforce", action).await.expect(202);
    let approval = format!("/approvals/{}", asked["approvalRequestId"].as_str().expect("an id"));
    let trace = json!({
        "traceId": EVIL, "agentId": EVIL, "timestamp": "2026-09-21T14:00:00.000Z", "status": "error", "errorType": EVIL, "errorMessage": EVIL,
        "input": EVIL, "output": { EVIL: EVIL }, "sessionId": EVIL, "userId": EVIL, "modelName": EVIL, "tags": [EVIL],
        "metadata": { "spanName": EVIL, "spanKind": EVIL, "spanId": EVIL },
    });
    operator.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);

    let owner = Browser::signed_in(&app, Role::Owner).await;
    owner
        .submit("/approvals", &approval, &[("answer", "approve"), ("reason", EVIL)])
        .await
        .expect(303);
    let pause = format!("/agents/{agent}/pause");
    owner.submit(&pause, &pause, &[("reason", EVIL)]).await.expect(303);

    let encoded: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let in_path = encoded.replace('+', "%20");
    let pages = [
        "/".to_owned(),
        "/agents".to_owned(),
        format!("/agents?search={encoded}"),
        format!("/agents/{agent}"),
        format!("/agents/{agent}/resume"),
        "/approvals".to_owned(),
        approval,
        "/traces".to_owned(),
        format!(
            "/traces?text={encoded}&agent={encoded}&session={encoded}&model={encoded}&status={encoded}&since={encoded}"
        ),
        format!("/traces/{in_path}"),
    ];
    for page in pages {
        let answer = owner.get(&page).await.expect(200);
        assert_hides(&answer, &["<script>", "<img", "href=\"javascript:", "'alert"]);
    }
    let missing = owner.get(&format!("/agents/{in_path}")).await.expect(404);
    assert_hides(&missing, &["<script>", "<img"]);
}

#[tokio::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let app = TestApp::new().await;
    let id = app.agent("support-bot").await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let other = Browser::signed_in(&app, Role::Owner).await;
    let path = format!("/agents/{id}/pause");
    let mine = csrf(&owner.get(&path).await);
    let theirs = csrf(&other.get(&path).await);
    assert_ne!(mine, theirs);

    let reason = ("reason", "because");
    for token in ["", "wrong", &theirs] {
        let page = owner.post(&path, &[reason, ("csrf", token)], &[]).await.expect(403);
        assert_shows(&page, &["did not come from your open session"]);
    }
    owner.post(&path, &[reason], &[]).await.expect(403);
    for header in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        owner.post(&path, &[reason, ("csrf", &mine)], &[header]).await.expect(403);
    }
    assert_eq!(app.operator().get(&format!("/agents/{id}")).await["data"]["status"], "active");
    owner
        .post(&path, &[reason, ("csrf", &mine)], &[("sec-fetch-site", "same-origin")])
        .await
        .expect(303);
}

#[tokio::test]
async fn another_organisation_does_not_exist() {
    let app = TestApp::new().await;
    let other = app.other_organisation().await;
    let agent =
        other.post("/agents", json!({ "agentId": "theirs", "name": "theirs" })).await.expect(201);
    let agent = agent["data"]["id"].as_str().expect("an id").to_owned();
    let policy = json!({ "name": "ask", "policyType": "action_approval", "enforcementMode": "require_approval", "ruleDefinition": { "tools": ["*"] } });
    other.post("/policies", policy).await.expect(201);
    let asked = other
        .post("/policies/enforce", json!({ "agentId": "theirs", "input": "pay", "tools": ["pay"] }))
        .await
        .expect(202);
    let approval = format!("/approvals/{}", asked["approvalRequestId"].as_str().expect("an id"));
    let trace = json!({ "traceId": "tr_theirs", "agentId": "theirs", "timestamp": "2026-09-21T14:00:00.000Z", "status": "success", "input": "secret" });
    other.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);

    let owner = Browser::signed_in(&app, Role::Owner).await;
    for path in [
        &format!("/agents/{agent}"),
        &format!("/agents/{agent}/pause"),
        &approval,
        "/traces/tr_theirs",
    ] {
        owner.get(path).await.expect(404);
    }
    owner
        .submit("/agents", &format!("/agents/{agent}/pause"), &[("reason", "mine")])
        .await
        .expect(404);
    owner
        .submit("/approvals", &approval, &[("answer", "approve"), ("reason", "mine")])
        .await
        .expect(404);
    for path in ["/", "/agents", "/approvals", "/traces"] {
        assert_hides(&owner.get(path).await.expect(200), &["theirs"]);
    }
    assert_eq!(other.get(&format!("/agents/{agent}")).await["data"]["status"], "active");
}

#[tokio::test]
async fn strange_addresses_are_answered_with_a_page() {
    let app = TestApp::new().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    for (status, path) in [
        (400, "/agents?search=a%00b"),
        (400, "/traces?text=%00"),
        (400, "/traces?agent=one&agent=two"),
        (400, "/approvals?cursor=nonsense"),
        (404, "/traces/a%00b"),
        (404, "/agents/%00"),
        (404, "/approvals/not-an-id"),
    ] {
        assert_shows(
            &owner.get(path).await.expect(status),
            &["<!doctype html>", "Back to the overview"],
        );
    }
    let person = axum::http::Request::builder()
        .uri("/nowhere")
        .header("accept", "text/html,*/*")
        .body(axum::body::Body::empty());
    let page = app.anonymous().send(person.expect("a request")).await.expect(404);
    assert_shows(&page, &["<code>/nowhere</code>"]);
    assert!(page.header("content-security-policy").is_some());
    app.anonymous().get_root("/nowhere").await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_browser_is_told_to_be_strict() {
    let app = TestApp::new().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    for page in [
        owner.get("/").await,
        app.anonymous().get_root("/sign-in").await,
        owner.get("/agents/nobody").await,
    ] {
        let policy = page.header("content-security-policy").expect("a policy");
        for rule in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn assets_are_kept_by_their_content() {
    let app = TestApp::new().await;
    let page = app.anonymous().get_root("/sign-in").await.expect(200);
    let style = super::browser::attribute(&page, "rel=\"stylesheet\" href=\"").to_owned();
    let answer = app.anonymous().get_root(&style).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/css"));
    assert!(answer.header("cache-control").is_some_and(|value| value.contains("immutable")));
    let tag = answer.header("etag").expect("a tag").to_owned();
    let again = axum::http::Request::builder()
        .uri(&style)
        .header("if-none-match", tag)
        .body(axum::body::Body::empty());
    app.anonymous().send(again.expect("a request")).await.expect(304);
    app.anonymous().get_root("/assets/..%2Fsrc%2Flib.rs").await.expect(404);
}
