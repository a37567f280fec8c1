use execlave_store::users::Role;
use serde_json::json;

use super::browser::{Browser, assert_hides, assert_shows};
use crate::support::TestApp;

#[tokio::test]
async fn a_newcomer_learns_how_to_begin() {
    let app = TestApp::new().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    for page in ["/", "/agents"] {
        assert_shows(
            &owner.get(page).await.expect(200),
            &["pip install execlave-sdk", "register_agent"],
        );
    }
    assert_shows(&owner.get("/traces").await.expect(200), &["No trace has arrived", "start_trace"]);
    assert_shows(&owner.get("/approvals").await.expect(200), &["Nothing waits for you"]);
}

#[tokio::test]
async fn it_shows_what_was_blocked_what_waits_and_what_it_cost() {
    let app = TestApp::new().await;
    let (approval, sdk) = app.pending_approval().await;
    app.agent("support").await;
    app.policy("pii_access", "block", json!({ "deniedPiiTypes": ["credit_card"] })).await;
    let action = json!({ "agentId": "support", "input": "charge 4111 1111 1111 1111" });
    sdk.post("/policies/enforce", action).await.expect(403);
    sdk.post("/policies/enforce", json!({ "agentId": "support", "input": "good morning" }))
        .await
        .expect(200);
    let trace = json!({ "traceId": "tr_1", "agentId": "support", "timestamp": "2026-09-21T14:13:00.000Z", "status": "success", "costUsd": 0.25 });
    sdk.post("/traces/ingest", json!({ "traces": [trace] })).await.expect(202);

    let owner = Browser::signed_in(&app, Role::Owner).await;
    let page = owner.get("/").await.expect(200);
    assert_shows(
        &page,
        &[
            "1 allowed, 1 sent for approval, 1 blocked in 24 hours",
            "1 blocked · 1 sent for approval",
            &format!("/approvals/{approval}"),
            "pii_access.credit_card",
            "$0.25",
            "bar-block",
        ],
    );
    assert_hides(&page, &["pip install", "4111"]);
}
