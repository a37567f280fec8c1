use axum::body::Body;
use axum::http::{Method, Request};
use execlave_store::users::Role;

use super::browser::{Browser, assert_shows, link};
use crate::support::TestApp;

const PAGES: [&str; 11] = [
    "/users",
    "/users/019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12",
    "/account",
    "/",
    "/agents",
    "/agents/019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12",
    "/agents/019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12/pause",
    "/approvals",
    "/approvals/019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12",
    "/traces",
    "/traces/tr_1",
];

#[tokio::test]
async fn without_a_session_every_page_leads_to_the_sign_in_page() {
    let app = TestApp::new().await;
    for page in PAGES {
        let answer = app.anonymous().get_root(page).await.expect(303);
        assert_eq!(answer.header("location"), Some("/sign-in"), "{page}");
    }
    let page = app.anonymous().get_root("/sign-in").await.expect(200);
    assert_shows(&page, &["execlave users reset-link"]);
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let app = TestApp::new().await;
    let link = link(&app, Role::Owner).await;
    let answer = app.anonymous().get_root(&link).await.expect(303);
    assert_eq!(answer.header("location"), Some("/"));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for part in ["execlave_session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "`{part}` is not in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let again = app.anonymous().get_root(&link).await.expect(410);
    assert_shows(&again, &["This link no longer works", "execlave users reset-link"]);
    assert_eq!(again.header("set-cookie"), None);
}

#[tokio::test]
async fn the_same_browser_may_open_its_link_again() {
    let app = TestApp::new().await;
    let link = link(&app, Role::Owner).await;
    let browser = Browser::opened(&app, &link).await.expect("a fresh link");
    assert_eq!(browser.get(&link).await.expect(303).header("location"), Some("/"));
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure() {
    let app = TestApp::with(|config| {
        config.server.public_url = Some("https://governance.example".to_owned());
    })
    .await;
    let answer = app.anonymous().get_root(&link(&app, Role::Owner).await).await.expect(303);
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.contains("Secure")));
}

#[tokio::test]
async fn looking_at_a_link_does_not_use_it_up() {
    let app = TestApp::new().await;
    let link = link(&app, Role::Owner).await;
    let head =
        Request::builder().method(Method::HEAD).uri(&link).body(Body::empty()).expect("a request");
    app.anonymous().send(head).await.expect(200);
    let prefetch =
        Request::builder().uri(&link).header("sec-purpose", "prefetch").body(Body::empty());
    let looked = app.anonymous().send(prefetch.expect("a request")).await.expect(200);
    assert_eq!(looked.header("set-cookie"), None);
    app.anonymous().get_root(&link).await.expect(303);
}

#[tokio::test]
async fn a_link_expires() {
    let app = TestApp::new().await;
    let link = link(&app, Role::Owner).await;
    app.clock.advance_millis(24 * 3_600_000);
    app.anonymous().get_root(&link).await.expect(410);
    app.anonymous().get_root("/sign-in/never-given-out").await.expect(410);
}

#[tokio::test]
async fn a_session_ends_after_its_hours_and_when_one_signs_out() {
    let app = TestApp::new().await;
    let long = Browser::signed_in(&app, Role::Owner).await;
    app.clock.advance_millis(6 * 3_600_000);
    let short = Browser::signed_in(&app, Role::Owner).await;
    long.get("/").await.expect(200);

    let answer = short.submit("/", "/sign-out", &[]).await.expect(303);
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    short.get("/").await.expect(303);

    app.clock.advance_millis(6 * 3_600_000);
    long.get("/").await.expect(303);
}
