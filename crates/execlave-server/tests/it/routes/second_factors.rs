//! A second factor: enrolled, asked for, used once, and removed by those who may.

use execlave_server::config::Hidden;
use execlave_store::users::{Role, User};
use serde_json::{Value, json};

use crate::support::{Answer, Authenticator, Client, TestApp};

const PASSWORD: &str = "four words of mine";
const STEP_MS: i64 = 30_000;

async fn sign_in(app: &TestApp, user: &User, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": user.email, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.anonymous().post("/auth/sign-in", body).await
}

/// Somebody with a password and a second factor, the session they enrolled it in, and their recovery codes.
async fn guarded(app: &TestApp, role: Role) -> (User, Client, Authenticator, Vec<String>) {
    let user = app.user(app.org().await, role, false).await;
    app.password(&user, PASSWORD).await;
    let session = sign_in(app, &user, None).await.expect(200);
    let client = app.client(session["data"]["token"].as_str().expect("a token"));
    let (authenticator, codes) = app.second_factor(&client, Some(PASSWORD)).await;
    (user, client, authenticator, codes)
}

#[tokio::test]
async fn a_code_is_asked_for_once_the_first_one_came() {
    let app = TestApp::new().await;
    let user = app.user(app.org().await, Role::Viewer, false).await;
    app.password(&user, PASSWORD).await;
    let (here, there) = (app.session(&user).await, app.session(&user).await);
    here.post("/me/totp", json!({})).await.expect_error(400, "VALIDATION_ERROR");
    let guess = json!({ "currentPassword": "another password" });
    here.post("/me/totp", guess).await.expect_error(401, "INVALID_CREDENTIALS");
    let early = json!({ "code": "123456" });
    here.post("/me/totp/confirm", early.clone()).await.expect_error(409, "CONFLICT");
    here.post("/me/totp/disable", early).await.expect_error(409, "CONFLICT");

    let right = json!({ "currentPassword": PASSWORD });
    let dropped = here.post("/me/totp", right.clone()).await.expect(200);
    let begun = here.post("/me/totp", right.clone()).await.expect(200);
    let secret = |answer: &Answer| answer["data"]["secret"].as_str().expect("a secret").to_owned();
    assert_ne!(secret(&dropped), secret(&begun));
    let uri = begun["data"]["uri"].as_str().expect("an address");
    assert!(uri.starts_with("otpauth://totp/Execlave:") && uri.contains(&secret(&begun)), "{uri}");
    sign_in(&app, &user, None).await.expect(200);

    let now = app.clock.now();
    let old = json!({ "code": Authenticator::new(&secret(&dropped)).code(now) });
    let refused = here.post("/me/totp/confirm", old).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(refused.fault(), "code");
    let authenticator = Authenticator::new(&secret(&begun));
    let first = json!({ "code": authenticator.code(now) });
    let confirmed = here.post("/me/totp/confirm", first.clone()).await.expect(200);
    assert_eq!(confirmed["data"]["recoveryCodes"].as_array().map(Vec::len), Some(10));
    here.post("/me/totp/confirm", first).await.expect_error(409, "CONFLICT");
    here.post("/me/totp", right).await.expect_error(409, "CONFLICT");
    there.get("/me").await.expect_error(401, "INVALID_SESSION");
    let me = here.get("/me").await.expect(200);
    let shown = (&me["data"]["hasSecondFactor"], &me["data"]["recoveryCodesLeft"]);
    assert_eq!(shown, (&json!(true), &json!(10)));
    assert!(!me.text.contains(&secret(&begun)), "the secret is shown once");

    sign_in(&app, &user, None).await.expect_error(401, "SECOND_FACTOR_REQUIRED");
    app.operator().post("/me/totp", json!({})).await.expect_error(403, "FORBIDDEN");
}

#[tokio::test]
async fn each_step_is_accepted_once_and_a_clock_may_be_off_by_one() {
    let app = TestApp::new().await;
    let (user, _, authenticator, _) = guarded(&app, Role::Viewer).await;
    let now = app.clock.now();
    let replayed = authenticator.code(now);
    sign_in(&app, &user, Some(&replayed)).await.expect_error(401, "INVALID_CREDENTIALS");
    let ahead = authenticator.code(now.plus_millis(STEP_MS));
    sign_in(&app, &user, Some(&ahead)).await.expect(200);
    app.clock.advance_millis(STEP_MS);
    sign_in(&app, &user, Some(&ahead)).await.expect_error(401, "INVALID_CREDENTIALS");

    app.clock.advance_millis(10 * STEP_MS);
    let now = app.clock.now();
    for far in [-2 * STEP_MS, 2 * STEP_MS] {
        let code = authenticator.code(now.plus_millis(far));
        sign_in(&app, &user, Some(&code)).await.expect_error(401, "INVALID_CREDENTIALS");
    }
    let code = authenticator.code(now.plus_millis(-STEP_MS));
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let (one, other) =
        tokio::join!(sign_in(&app, &user, Some(&spaced)), sign_in(&app, &user, Some(&code)));
    let mut both = [one.status.as_u16(), other.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [200, 401], "of two at once one signs in");
}

#[tokio::test]
async fn a_recovery_code_stands_once_for_the_app() {
    let app = TestApp::new().await;
    let (user, client, _, codes) = guarded(&app, Role::Viewer).await;
    let (other, ..) = guarded(&app, Role::Viewer).await;
    sign_in(&app, &other, Some(&codes[0])).await.expect_error(401, "INVALID_CREDENTIALS");
    let typed = codes[0].to_uppercase().replace('-', " ");
    sign_in(&app, &user, Some(&typed)).await.expect(200);
    sign_in(&app, &user, Some(&codes[0])).await.expect_error(401, "INVALID_CREDENTIALS");
    assert_eq!(client.get("/me").await.expect(200)["data"]["recoveryCodesLeft"], 9);
    let long = "a".repeat(65);
    sign_in(&app, &user, Some(&long)).await.expect_error(400, "VALIDATION_ERROR");
    sign_in(&app, &user, Some("")).await.expect_error(401, "INVALID_CREDENTIALS");

    client.post("/me/totp/disable", json!({ "code": codes[1] })).await.expect(204);
    sign_in(&app, &user, None).await.expect(200);
    assert_eq!(client.get("/me").await.expect(200)["data"]["recoveryCodesLeft"], 0);
}

#[tokio::test]
async fn the_password_buys_no_more_guesses_at_the_code() {
    let app = TestApp::new().await;
    let (user, client, authenticator, codes) = guarded(&app, Role::Viewer).await;
    let wrong = authenticator.wrong_code(app.clock.now());
    for _ in 0..9 {
        sign_in(&app, &user, Some(&wrong)).await.expect_error(401, "INVALID_CREDENTIALS");
        sign_in(&app, &user, None).await.expect_error(401, "SECOND_FACTOR_REQUIRED");
    }
    let guess = json!({ "code": wrong });
    client.post("/me/totp/disable", guess.clone()).await.expect_error(401, "INVALID_CREDENTIALS");
    sign_in(&app, &user, Some(&codes[0])).await.expect_error(429, "RATE_LIMITED");
    client.post("/me/totp/disable", guess).await.expect_error(429, "RATE_LIMITED");
    app.clock.advance_millis(15 * 60_000);
    sign_in(&app, &user, Some(&codes[0])).await.expect(200);
}

#[tokio::test]
async fn a_second_factor_is_reset_by_who_reaches_as_far_and_never_by_oneself() {
    let app = TestApp::new().await;
    let (user, client, ..) = guarded(&app, Role::Admin).await;
    let path = format!("/users/{}/reset-totp", user.id);
    client.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let developer = app.person(Role::Developer, false).await;
    developer.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let narrow = app.key(json!(["users:write"])).await;
    narrow.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let stranger = app.other_organisation().await;
    stranger.post(&path, json!({})).await.expect_error(404, "NOT_FOUND");
    sign_in(&app, &user, None).await.expect_error(401, "SECOND_FACTOR_REQUIRED");

    let admin = app.person(Role::Admin, false).await;
    for _ in 0..2 {
        let reset = admin.post(&path, json!({})).await.expect(200);
        assert_eq!(reset["data"]["id"], json!(user.id));
    }
    sign_in(&app, &user, None).await.expect(200);
    let log = app.operator().get("/audit").await.expect(200);
    let events = log["data"].as_array().expect("a list").iter();
    let removed = events.filter(|entry| entry["event"] == "user.second_factor_removed");
    assert_eq!(removed.count(), 1, "nothing is removed twice: {}", log.text);
    let (owner, _, authenticator, _) = guarded(&app, Role::Owner).await;
    let path = format!("/users/{}/reset-totp", owner.id);
    admin.post(&path, json!({})).await.expect_error(403, "FORBIDDEN");
    let code = authenticator.code(app.clock.now().plus_millis(STEP_MS));
    sign_in(&app, &owner, Some(&code)).await.expect(200);
}

#[tokio::test]
async fn webhooks_are_told_that_it_came_was_used_and_went() {
    let app = TestApp::new().await;
    let hook =
        json!({ "name": "w", "url": "https://hooks.example.com/", "events": ["user.updated"] });
    let hook = app.operator().post("/webhooks", hook).await.expect(201);
    let (user, client, _, codes) = guarded(&app, Role::Viewer).await;
    sign_in(&app, &user, Some(&codes[0])).await.expect(200);
    app.operator().post(&format!("/users/{}/reset-totp", user.id), json!({})).await.expect(200);
    let path = format!("/webhooks/{}/deliveries", hook["data"]["id"].as_str().expect("an id"));
    let told = app.operator().get(&path).await.expect(200);
    let changes = told["data"].as_array().expect("a list");
    let person = format!("user:{}", user.id);
    let by_person = changes.iter().filter(|one| one["data"]["actor"] == person.as_str());
    assert_eq!((changes.len(), by_person.count()), (3, 2), "{}", told.text);
    let count =
        |what: &str| changes.iter().filter(|one| one["data"]["changed"] == json!([what])).count();
    assert_eq!((count("secondFactor"), count("recoveryCodes")), (2, 1), "{}", told.text);
    assert_eq!(client.get("/me").await.expect(200)["data"]["hasSecondFactor"], false);
}

#[tokio::test]
async fn without_a_key_nobody_enrols_and_the_setting_is_named() {
    let app = TestApp::with(|config| {
        config.store.secret_key = None;
        config.store.database_url = Some("postgres://execlave@db.example.com/execlave".to_owned());
    })
    .await;
    let viewer = app.person(Role::Viewer, false).await;
    let refused = viewer.post("/me/totp", json!({})).await.expect_error(409, "CONFLICT");
    assert!(refused.text.contains("store.secret_key"), "{}", refused.text);
    let me = viewer.get("/me").await.expect(200);
    assert_eq!(me["data"]["hasSecondFactor"], Value::Bool(false));
}

#[tokio::test]
async fn with_another_key_no_code_is_good_and_a_recovery_code_is() {
    let app = TestApp::new().await;
    let (user, _, authenticator, codes) = guarded(&app, Role::Viewer).await;
    let mut config = app.state.config.clone();
    let other = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
    config.store.secret_key = Some(Hidden(other.to_owned()));
    let state = execlave_server::build_state(config, app.store.clone(), app.clock.clone());
    let router = execlave_server::router::router(state.await.expect("the store is read"));
    let elsewhere = Client::new(router, None);
    let body = |code: &str| json!({ "email": user.email, "password": PASSWORD, "code": code });
    let code = authenticator.code(app.clock.now().plus_millis(STEP_MS));
    elsewhere.post("/auth/sign-in", body(&code)).await.expect_error(500, "INTERNAL");
    elsewhere.post("/auth/sign-in", body(&codes[0])).await.expect(200);
}
