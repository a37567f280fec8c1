use execlave_store::users::Role;

use super::browser::{Browser, assert_hides, assert_shows};
use crate::support::TestApp;

#[tokio::test]
async fn the_queue_shows_what_one_needs_to_decide() {
    let app = TestApp::new().await;
    let (id, _) = app.pending_approval().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let page = owner.get("/approvals").await.expect(200);
    assert_shows(
        &page,
        &[
            "pay the invoice",
            "pay_invoice",
            "of 100",
            "class=\"points\"",
            "action_approval",
            "in 30 min",
            &format!("action=\"/approvals/{id}\""),
        ],
    );
    assert_shows(&page, &["<span class=\"count\">1"]);
}

#[tokio::test]
async fn an_approval_given_here_is_signed() {
    let app = TestApp::new().await;
    let (id, sdk) = app.pending_approval().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let path = format!("/approvals/{id}");
    owner
        .submit("/approvals", &path, &[("answer", "approve"), ("reason", "checked with finance")])
        .await
        .expect(303);
    let answer = sdk.get(&path).await.expect(200);
    assert_eq!(answer["data"]["status"], "approved");
    let page = owner.get(&path).await.expect(200);
    assert_shows(
        &page,
        &["checked with finance", "A owner", "actionDigest", "pill-good", "unused"],
    );
    assert_hides(&page, &["name=\"answer\""]);
    assert_shows(
        &owner.get("/approvals").await.expect(200),
        &["checked with finance", "Nothing waits for you"],
    );
}

#[tokio::test]
async fn only_the_first_answer_counts() {
    let app = TestApp::new().await;
    let (id, sdk) = app.pending_approval().await;
    let (first, second) =
        (Browser::signed_in(&app, Role::Owner).await, Browser::signed_in(&app, Role::Admin).await);
    let path = format!("/approvals/{id}");
    first
        .submit("/approvals", &path, &[("answer", "deny"), ("reason", "no order")])
        .await
        .expect(303);
    let page = second
        .submit("/approvals", &path, &[("answer", "approve"), ("reason", "looks fine")])
        .await
        .expect(409);
    assert_shows(&page, &["Your answer was not recorded", "no order"]);
    assert_eq!(sdk.get(&path).await["data"]["status"], "denied");
}

#[tokio::test]
async fn an_answer_needs_a_reason_and_a_yes_or_a_no() {
    let app = TestApp::new().await;
    let (id, sdk) = app.pending_approval().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    let path = format!("/approvals/{id}");
    assert_shows(
        &owner.submit("/approvals", &path, &[("answer", "approve")]).await.expect(400),
        &["Give a reason"],
    );
    owner.submit("/approvals", &path, &[("answer", "maybe"), ("reason", "hm")]).await.expect(400);
    assert_eq!(sdk.get(&path).await["data"]["status"], "pending");
}

#[tokio::test]
async fn a_developer_reads_the_queue_and_does_not_decide() {
    let app = TestApp::new().await;
    let (id, sdk) = app.pending_approval().await;
    let developer = Browser::signed_in(&app, Role::Developer).await;
    let page = developer.get("/approvals").await.expect(200);
    assert_shows(&page, &["pay the invoice", "Your role is developer"]);
    assert_hides(&page, &["name=\"answer\""]);
    let path = format!("/approvals/{id}");
    developer
        .submit("/approvals", &path, &[("answer", "approve"), ("reason", "me")])
        .await
        .expect(403);
    assert_eq!(sdk.get(&path).await["data"]["status"], "pending");
}

#[tokio::test]
async fn what_has_expired_cannot_be_answered() {
    let app = TestApp::new().await;
    let (id, _) = app.pending_approval().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    app.clock.advance_millis(31 * 60_000);
    let path = format!("/approvals/{id}");
    assert_hides(&owner.get(&path).await.expect(200), &["name=\"answer\""]);
    owner
        .submit("/approvals", &path, &[("answer", "approve"), ("reason", "late")])
        .await
        .expect(409);
}
