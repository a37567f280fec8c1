//! A second factor at the browser: enrolled on one's account, asked for on a second page, reset by a manager.

use axum::body::Body;
use axum::http::{Method, Request, header};
use execlave_store::users::{Role, User};

use super::browser::{Browser, assert_hides, assert_shows, attribute};
use crate::support::{Answer, Authenticator, TestApp};

const PASSWORD: &str = "four words of mine";

/// Sends a form without a session; `cookie` is what the browser has kept.
async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)], cookie: &str) -> Answer {
    send(app, path, fields, cookie, "same-origin").await
}

async fn send(
    app: &TestApp,
    path: &str,
    fields: &[(&str, &str)],
    cookie: &str,
    site: &str,
) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .header("sec-fetch-site", site);
    app.anonymous().send(request.body(Body::from(body)).expect("a request")).await
}

async fn get(app: &TestApp, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().uri(path).header(header::COOKIE, cookie).body(Body::empty());
    app.anonymous().send(request.expect("a request")).await
}

/// What the browser keeps of an answer.
fn kept(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().expect("a value").to_owned()
}

async fn guarded(app: &TestApp) -> (User, Authenticator, Vec<String>) {
    let user = app.user(app.org().await, Role::Viewer, false).await;
    app.password(&user, PASSWORD).await;
    let (authenticator, codes) = app.second_factor(&app.session(&user).await, Some(PASSWORD)).await;
    app.clock.advance_millis(60_000);
    (user, authenticator, codes)
}

/// Shows the password; what the browser keeps for the second step.
async fn first_step(app: &TestApp, user: &User) -> String {
    let right = [("email", user.email.as_str()), ("password", PASSWORD)];
    let begun = post(app, "/sign-in", &right, "").await.expect(303);
    assert_eq!(begun.header("location"), Some("/sign-in/code"));
    let cookie = begun.header("set-cookie").expect("a cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/sign-in/code", "Max-Age=600"] {
        assert!(cookie.contains(part), "`{part}` is not in {cookie}");
    }
    assert!(!cookie.contains("execlave_session"), "{cookie}");
    kept(&begun)
}

#[tokio::test]
async fn it_is_set_up_and_turned_off_on_ones_account() {
    let app = TestApp::new().await;
    let browser = Browser::signed_in(&app, Role::Viewer).await;
    assert_shows(&browser.get("/account").await.expect(200), &["Set up", "Off:"]);
    browser.post("/account/totp", &[], &[]).await.expect(403);
    let page = browser.submit("/account", "/account/totp", &[]).await.expect(200);
    assert_shows(&page, &["<svg", "role=\"img\"", "otpauth://totp/Execlave:"]);
    assert_hides(&page, &["<?xml", " style="]);
    let authenticator =
        Authenticator::new(attribute(&page, "id=\"secret\">").split('<').next().expect("a secret"));

    let wrong = authenticator.wrong_code(app.clock.now());
    let again = browser.submit("/account", "/account/totp/confirm", &[("code", &wrong)]).await;
    let again = again.expect(400);
    assert_shows(&again, &["role=\"alert\"", attribute(&page, "id=\"secret\">")]);
    let right = authenticator.code(app.clock.now());
    browser.post("/account/totp/confirm", &[("code", &right)], &[]).await.expect(403);
    let done = browser.submit("/account", "/account/totp/confirm", &[("code", &right)]).await;
    let done = done.expect(200);
    let codes = done.text.split("aria-label=\"Recovery codes\">").nth(1).expect("a list");
    let codes: Vec<&str> = codes.split('<').next().expect("a list").split_whitespace().collect();
    assert_eq!(codes.len(), 10, "{}", done.text);
    let account = browser.get("/account").await.expect(200);
    assert_shows(&account, &["On:", "10 recovery codes are left"]);
    assert_hides(&account, &[codes[0], attribute(&page, "id=\"secret\">")]);

    let wrong = [("code", wrong.as_str())];
    let refused = browser.submit("/account", "/account/totp/disable", &wrong).await.expect(401);
    assert_shows(&refused, &["The code is wrong", "id=\"factor-fault\""]);
    let recovery = [("code", codes[0])];
    browser.post("/account/totp/disable", &recovery, &[]).await.expect(403);
    browser.submit("/account", "/account/totp/disable", &recovery).await.expect(303);
    assert_shows(&browser.get("/account").await.expect(200), &["Set up"]);
}

#[tokio::test]
async fn the_second_page_asks_for_a_code_and_holds_no_password() {
    let app = TestApp::new().await;
    let (user, authenticator, _) = guarded(&app).await;
    let pending = first_step(&app, &user).await;
    let page = get(&app, "/sign-in/code", &pending).await.expect(200);
    assert_shows(&page, &[&user.email, "autocomplete=\"one-time-code\""]);
    let token = pending.split_once('=').expect("a value").1;
    assert_hides(&page, &[PASSWORD, token, "type=\"password\"", "type=\"hidden\""]);

    let wrong = authenticator.wrong_code(app.clock.now());
    let refused = post(&app, "/sign-in/code", &[("code", &wrong)], &pending).await.expect(401);
    assert_shows(&refused, &["The code is wrong", &user.email, "role=\"alert\""]);
    let code = authenticator.code(app.clock.now());
    let code = [("code", code.as_str())];
    send(&app, "/sign-in/code", &code, &pending, "cross-site").await.expect(403);
    let entered = post(&app, "/sign-in/code", &code, &pending).await.expect(303);
    assert_eq!(entered.header("location"), Some("/"));

    app.clock.advance_millis(30_000);
    let next = authenticator.code(app.clock.now());
    let again = post(&app, "/sign-in/code", &[("code", &next)], &pending).await.expect(303);
    assert_eq!(again.header("location"), Some("/sign-in"), "what was begun is good once");
}

#[tokio::test]
async fn what_was_begun_ends_after_minutes_and_with_the_password() {
    let app = TestApp::new().await;
    let (user, _, codes) = guarded(&app).await;
    for path in ["/sign-in/code", "/sign-in/code?x"] {
        assert_eq!(get(&app, path, "").await.expect(303).header("location"), Some("/sign-in"));
    }
    let guess = "execlave_sign_in=guessed";
    get(&app, "/sign-in/code", guess).await.expect(303);
    let code = [("code", codes[0].as_str())];
    let nowhere = post(&app, "/sign-in/code", &code, guess).await.expect(303);
    assert_eq!(nowhere.header("location"), Some("/sign-in"));

    let late = first_step(&app, &user).await;
    app.clock.advance_millis(10 * 60_000);
    assert_eq!(
        post(&app, "/sign-in/code", &code, &late).await.header("location"),
        Some("/sign-in")
    );
    let before = first_step(&app, &user).await;
    let change = serde_json::json!({ "currentPassword": PASSWORD, "newPassword": "five other words of mine" });
    app.session(&user).await.post("/me/password", change).await.expect(204);
    get(&app, "/sign-in/code", &before).await.expect(303);
    let void = post(&app, "/sign-in/code", &code, &before).await;
    assert_eq!(void.header("location"), Some("/sign-in"), "the password is another one");
}

#[tokio::test]
async fn a_one_time_link_owes_a_code_as_well() {
    let app = TestApp::new().await;
    let (user, _, codes) = guarded(&app).await;
    let path = format!("/users/{}/reset-link", user.id);
    let link = app.operator().post(&path, serde_json::json!({})).await.expect(200);
    let link = link["data"]["link"].as_str().expect("a link").to_owned();
    let path = format!("/sign-in/{}", link.rsplit('/').next().expect("a token"));
    let opened = app.anonymous().get_root(&path).await.expect(303);
    assert_eq!(opened.header("location"), Some("/sign-in/code"));
    let pending = kept(&opened);
    get(&app, "/agents", &pending).await.expect(303);
    let code = [("code", codes[0].as_str())];
    let entered = post(&app, "/sign-in/code", &code, &pending).await.expect(303);
    assert_eq!(entered.header("location"), Some("/"));
    app.anonymous().get_root(&path).await.expect(410);
}

#[tokio::test]
async fn guesses_on_the_second_page_are_counted() {
    let app = TestApp::new().await;
    let (user, authenticator, codes) = guarded(&app).await;
    let wrong = authenticator.wrong_code(app.clock.now());
    for _ in 0..10 {
        let pending = first_step(&app, &user).await;
        post(&app, "/sign-in/code", &[("code", &wrong)], &pending).await.expect(401);
        app.clock.advance_millis(1_000);
    }
    let right = [("email", user.email.as_str()), ("password", PASSWORD)];
    post(&app, "/sign-in", &right, "").await.expect(429);
    app.clock.advance_millis(15 * 60_000);
    let pending = first_step(&app, &user).await;
    post(&app, "/sign-in/code", &[("code", &codes[0])], &pending).await.expect(303);
}

#[tokio::test]
async fn a_manager_resets_it_on_the_page_of_the_person() {
    let app = TestApp::new().await;
    let (user, ..) = guarded(&app).await;
    let admin = Browser::signed_in(&app, Role::Admin).await;
    let page = format!("/users/{}", user.id);
    assert_shows(&admin.get(&page).await.expect(200), &["Reset second factor"]);
    let reset = format!("{page}/reset-totp");
    admin.post(&reset, &[], &[]).await.expect(403);
    let viewer = Browser::signed_in(&app, Role::Viewer).await;
    viewer.submit("/account", &reset, &[]).await.expect(403);
    admin.submit(&page, &reset, &[]).await.expect(303);
    assert_hides(&admin.get(&page).await.expect(200), &["Reset second factor"]);
}
