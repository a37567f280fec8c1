//! Signing in with an account at a provider on this machine.

use axum::body::Body;
use axum::http::Request;
use execlave_core::ids::UserId;
use execlave_store::users::{Role, UserState};
use serde_json::json;

use crate::support::provider::Provider;
use crate::support::{Answer, TestApp};

async fn app(role: Option<Role>) -> (TestApp, Provider) {
    let provider = Provider::start().await;
    let app = TestApp::with(|config| {
        config.oidc.issuer = Some(provider.issuer());
        "us".clone_into(&mut config.oidc.client_id);
        config.oidc.client_secret = Some("s/3cret".to_owned());
        config.oidc.new_user_role = role;
    })
    .await;
    (app, provider)
}

/// Somebody at a browser: the cookie of the attempt, and where the provider is.
async fn leave(app: &TestApp) -> (String, String) {
    let answer = app.anonymous().get_root("/sign-in/provider").await.expect(303);
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a value").to_owned();
    (cookie, answer.header("location").expect("an address").to_owned())
}

async fn come_back(app: &TestApp, cookie: &str, path: &str) -> Answer {
    let request = Request::get(path).header("cookie", cookie);
    app.anonymous().send(request.body(Body::empty()).expect("a request")).await
}

async fn sign_in(app: &TestApp, provider: &Provider) -> Answer {
    let (cookie, address) = leave(app).await;
    come_back(app, &cookie, &provider.visit(&address)).await
}

fn is_signed_in(answer: &Answer) -> bool {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let session = cookies.filter_map(|value| value.to_str().ok()).any(|value| {
        value.starts_with("execlave_session=") && !value.starts_with("execlave_session=;")
    });
    session && answer.status == 303
}

async fn invite(app: &TestApp, email: &str) -> UserId {
    let body = json!({ "email": email, "name": "Ada", "role": "developer" });
    let made = app.person(Role::Owner, false).await.post("/users", body).await.expect(201);
    let id = made["data"]["id"].as_str().or_else(|| made["data"]["user"]["id"].as_str());
    id.expect("an id").parse().expect("a UUID")
}

#[tokio::test]
async fn who_was_invited_begins_with_an_account_at_the_provider() {
    let (app, provider) = app(None).await;
    let page = app.anonymous().get_root("/sign-in").await.expect(200);
    assert!(page.text.contains("href=\"/sign-in/provider\""), "{}", page.text);
    let id = invite(&app, "ada@example.com").await;
    provider.vouch_for("7", "Ada@Example.com", true);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    let org = app.org().await;
    let user = app.store.find_user(org, id).await.expect("the store is read").expect("a user");
    assert_eq!((user.state, user.role), (UserState::Active, Role::Developer));
    // From then on the provider's name for them counts, and the address no more.
    provider.vouch_for("7", "ada@married.example", true);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    provider.vouch_for("7", "ada@married.example", false);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    assert_eq!(provider.times_keys_asked(), 1, "a provider is not asked anew for each person");
}

#[tokio::test]
async fn an_address_that_passed_on_to_somebody_else_signs_nobody_in() {
    let (app, provider) = app(Some(Role::Viewer)).await;
    invite(&app, "ada@example.com").await;
    provider.vouch_for("7", "ada@example.com", true);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    provider.vouch_for("8", "ada@example.com", true);
    let refused = sign_in(&app, &provider).await.expect(403);
    assert!(refused.text.contains("somebody else"), "{}", refused.text);
}

#[tokio::test]
async fn strangers_stay_out_unless_there_is_a_role_for_them() {
    let (closed, provider) = app(None).await;
    provider.vouch_for("7", "ada@example.com", true);
    let refused = sign_in(&closed, &provider).await.expect(403);
    assert!(refused.text.contains("invite you"), "{}", refused.text);

    let (open, provider) = app(Some(Role::Viewer)).await;
    provider.vouch_for("7", "ada@example.com", false);
    let refused = sign_in(&open, &provider).await.expect(403);
    assert!(refused.text.contains("verified"), "{}", refused.text);
    provider.vouch_for("7", "ada@example.com", true);
    assert!(is_signed_in(&sign_in(&open, &provider).await));
    let user = open.store.find_user_by_email(open.org().await, "ada@example.com").await;
    let user = user.expect("the store is read").expect("a user");
    assert_eq!((user.role, user.name.as_str(), user.approver), (Role::Viewer, "Ada O.", false));
}

#[tokio::test]
async fn who_is_disabled_stays_out() {
    let (app, provider) = app(Some(Role::Viewer)).await;
    let id = invite(&app, "ada@example.com").await;
    provider.vouch_for("7", "ada@example.com", true);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    let owner = app.person(Role::Owner, false).await;
    owner.delete(&format!("/users/{id}")).await.expect(200);
    let refused = sign_in(&app, &provider).await.expect(403);
    assert!(refused.text.contains("disabled"), "{}", refused.text);
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_and_only_once() {
    let (app, provider) = app(Some(Role::Viewer)).await;
    provider.vouch_for("7", "ada@example.com", true);
    let (cookie, address) = leave(&app).await;
    let (other_cookie, _) = leave(&app).await;
    let path = provider.visit(&address);
    for cookie in ["", "execlave_sign_in=x", &other_cookie] {
        come_back(&app, cookie, &path).await.expect(401);
    }
    let stolen = path.replace("state=", "state=x");
    come_back(&app, &cookie, &stolen).await.expect(401);
    assert!(is_signed_in(&come_back(&app, &cookie, &path).await));
    // The provider gives a token for a code once.
    come_back(&app, &cookie, &path).await.expect(401);

    let (cookie, address) = leave(&app).await;
    let path = provider.visit(&address);
    app.clock.advance_millis(600_000);
    come_back(&app, &cookie, &path).await.expect(401);
}

#[tokio::test]
async fn a_token_for_somebody_else_signs_nobody_in() {
    let (app, provider) = app(Some(Role::Viewer)).await;
    provider.vouch_for("7", "ada@example.com", true);
    for (claim, value) in [
        ("nonce", json!("of another attempt")),
        ("aud", json!("another application")),
        ("iss", json!("https://another.example")),
        ("exp", json!(1)),
    ] {
        provider.vouch_for("7", "ada@example.com", true);
        provider.lie(claim, value);
        let refused = sign_in(&app, &provider).await.expect(401);
        assert!(refused.text.contains("did not say who you are"), "{claim}: {}", refused.text);
    }
    let users = app.store.all_users(app.org().await).await.expect("the store is read");
    assert!(users.iter().all(|user| user.email != "ada@example.com"));
}

#[tokio::test]
async fn new_keys_of_the_provider_are_found_but_not_asked_for_without_end() {
    let (app, provider) = app(Some(Role::Viewer)).await;
    provider.vouch_for("7", "ada@example.com", true);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    provider.change_keys();
    sign_in(&app, &provider).await.expect(401);
    assert_eq!(provider.times_keys_asked(), 1);
    app.clock.advance_millis(60_000);
    assert!(is_signed_in(&sign_in(&app, &provider).await));
    assert_eq!(provider.times_keys_asked(), 2);
}

#[tokio::test]
async fn a_provider_that_says_no_or_nothing_leaves_the_other_ways_open() {
    let (app, provider) = app(None).await;
    let path = "/sign-in/provider/callback?error=access_denied&state=x";
    let page = app.anonymous().get_root(path).await.expect(403);
    assert!(page.text.contains("name=\"password\""), "{}", page.text);
    provider.go_down();
    let page = app.anonymous().get_root("/sign-in/provider").await.expect(401);
    assert!(page.text.contains("use a password"), "{}", page.text);

    let without = TestApp::new().await;
    let page = without.anonymous().get_root("/sign-in").await.expect(200);
    assert!(!page.text.contains("/sign-in/provider"), "{}", page.text);
    without.anonymous().get_root("/sign-in/provider").await.expect(404);
    without.anonymous().get_root("/sign-in/provider/callback?code=x&state=y").await.expect(404);
}
