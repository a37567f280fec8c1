use execlave_store::users::Role;

use super::browser::{Browser, assert_hides, assert_shows};
use crate::support::{Answer, TestApp};

/// The key that a page shows once.
fn shown(page: &Answer) -> String {
    let (_, rest) = page
        .text
        .split_once("<pre class=\"snippet\" id=\"key\" tabindex=\"0\">")
        .expect("the key is shown");
    rest.split_once('<').expect("the end of it").0.to_owned()
}

async fn id_of(app: &TestApp, name: &str) -> String {
    let list = app.operator().get("/api-keys").await.expect(200);
    let keys = list["data"].as_array().expect("keys").clone();
    let key = keys.iter().find(|key| key["name"] == name && key["replacedBy"].is_null());
    key.expect("it is listed")["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_key_is_made_shown_once_replaced_and_revoked() {
    let app = TestApp::new().await;
    let admin = Browser::signed_in(&app, Role::Admin).await;
    let fields = [
        ("name", "Desk"),
        ("environment", "staging"),
        ("scope-sdk", "on"),
        ("scope-read", "on"),
        ("environments", "staging, qa"),
        ("days", "30"),
    ];
    let made = admin.submit("/api-keys", "/api-keys", &fields).await.expect(200);
    let key = shown(&made);
    assert!(key.starts_with("exe_stg_"));
    app.client(&key).get("/traces").await.expect(200);
    let list = admin.get("/api-keys").await.expect(200);
    assert_shows(&list, &["Desk", "sdk, read", "staging, qa", "pill-good"]);
    assert!(!list.text.contains(&key));

    let ask = format!("/api-keys/{}/rotate", id_of(&app, "Desk").await);
    assert_shows(&admin.submit(&ask, &ask, &[("hours", "999")]).await.expect(400), &["0 to 720"]);
    let replaced = shown(&admin.submit(&ask, &ask, &[("hours", "1")]).await.expect(200));
    assert_ne!(replaced, key);
    admin.submit(&ask, &ask, &[("hours", "1")]).await.expect(409);
    app.client(&replaced).get("/traces").await.expect(200);
    app.client(&key).get("/traces").await.expect(200);

    let ask = format!("/api-keys/{}/revoke", id_of(&app, "Desk").await);
    admin.submit(&ask, &ask, &[]).await.expect(303);
    app.client(&replaced).get("/traces").await.expect_error(401, "API_KEY_REVOKED");
    assert_shows(&admin.get("/api-keys").await.expect(200), &["revoked", "replaced"]);
}

#[tokio::test]
async fn a_form_that_says_nothing_makes_nothing() {
    let app = TestApp::new().await;
    let owner = Browser::signed_in(&app, Role::Owner).await;
    for fields in [
        &[("name", ""), ("environment", "production"), ("scope-sdk", "on")][..],
        &[("name", "x"), ("environment", "production")],
        &[("name", "x"), ("environment", "production"), ("scope-sdk", "on"), ("days", "0")],
        &[("name", "x"), ("environment", "a b"), ("scope-sdk", "on")],
    ] {
        let page = owner.submit("/api-keys", "/api-keys", fields).await.expect(400);
        assert_shows(&page, &["class=\"fault\""]);
    }
    let fields = [("name", "x"), ("environment", "production"), ("scope-sdk", "on"), ("csrf", "x")];
    owner.post("/api-keys", &fields, &[]).await.expect(403);
    assert_eq!(app.operator().get("/api-keys").await.expect(200)["meta"]["total"], 1);
}

#[tokio::test]
async fn a_developer_reads_the_list_and_changes_nothing() {
    let app = TestApp::new().await;
    let developer = Browser::signed_in(&app, Role::Developer).await;
    let page = developer.get("/api-keys").await.expect(200);
    assert_shows(&page, &["First key", "Your role is developer"]);
    assert_hides(&page, &["name=\"name\"", "/rotate", "/revoke"]);
    let id = id_of(&app, "First key").await;
    for verb in ["rotate", "revoke"] {
        developer.get(&format!("/api-keys/{id}/{verb}")).await.expect(403);
        let fields = [("hours", "0")];
        developer.submit("/agents", &format!("/api-keys/{id}/{verb}"), &fields).await.expect(403);
    }
    developer
        .submit("/agents", "/api-keys", &[("name", "x"), ("scope-sdk", "on")])
        .await
        .expect(403);
    app.operator().get("/agents").await.expect(200);
    let stranger = app.other_organisation().await;
    let foreign = stranger.get("/api-keys").await.expect(200)["data"][0]["id"].clone();
    let admin = Browser::signed_in(&app, Role::Admin).await;
    let foreign = foreign.as_str().expect("an id");
    admin.submit("/api-keys", &format!("/api-keys/{foreign}/revoke"), &[]).await.expect(404);
    stranger.get("/agents").await.expect(200);
}
