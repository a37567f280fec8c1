//! Somebody at a browser: keeps the cookie, follows no redirect, and sends forms with the token of the page they were on.

use axum::body::Body;
use axum::http::{Method, Request, header};
use execlave_core::ids::{OrgId, UserId};
use execlave_server::{pages, secrets};
use execlave_store::users::{Role, User, UserState};

use crate::support::{Answer, Client, TestApp};

pub(super) struct Browser {
    client: Client,
    cookie: String,
}

impl Browser {
    /// Signed in as a new person with this role.
    pub(super) async fn signed_in(app: &TestApp, role: Role) -> Self {
        let path = link(app, role).await;
        Self::opened(app, &path).await.expect("the link is fresh")
    }

    /// Opens a one-time link; none if it gives no session.
    pub(super) async fn opened(app: &TestApp, path: &str) -> Option<Self> {
        let answer = app.anonymous().get_root(path).await;
        let cookie = answer.header("set-cookie")?.split(';').next()?.to_owned();
        Some(Self { client: app.anonymous(), cookie })
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.client
            .send(self.request(Method::GET, path).body(Body::empty()).expect("a request"))
            .await
    }

    /// Reads the page of the form, then sends the form with the page's token.
    pub(super) async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = csrf(&self.get(page).await.expect(200));
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", token.as_str())]).collect();
        self.post(action, &fields, &[]).await
    }

    /// Sends a form as it is.
    pub(super) async fn post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.send(request.body(Body::from(body)).expect("a request")).await
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie)
    }
}

/// A one-time link for a new person with this role.
pub(super) async fn link(app: &TestApp, role: Role) -> String {
    let org = organisation(app).await;
    let (id, now) = (app.clock.new_id::<UserId>(), app.clock.now());
    let email = format!("{id}@example.com");
    let user = User {
        org_id: org,
        id,
        email,
        name: format!("A {}", role.as_str()),
        role,
        approver: false,
        state: UserState::Active,
        created_at: now,
    };
    app.store.create_user(org, &user, "cli").await.expect("a new person");
    let token = format!("token-{id}");
    let expires_at = now.plus_millis(24 * 3_600_000);
    app.store
        .insert_sign_in_link(org, id, &secrets::hash(&token), expires_at, "cli", now)
        .await
        .expect("a new link");
    pages::sign_in_path(&token)
}

/// The organisation of the first start. The other one is as old, because the clock stands still.
pub(super) async fn organisation(app: &TestApp) -> OrgId {
    let organisations = app.store.list_orgs_across_orgs().await.expect("the store is read");
    organisations.iter().find(|org| org.name != "Other").expect("an organisation").id
}

/// The token in a page's forms.
pub(super) fn csrf(page: &Answer) -> String {
    attribute(page, "name=\"csrf\" value=\"").to_owned()
}

/// What follows a piece of the page's source, up to the next quote.
#[track_caller]
pub(super) fn attribute<'a>(page: &'a Answer, before: &str) -> &'a str {
    let after = page
        .text
        .split_once(before)
        .unwrap_or_else(|| panic!("`{before}` is not in {}", page.text))
        .1;
    after.split('"').next().unwrap_or_default()
}

/// Fails the test unless the page's source holds every one of these.
#[track_caller]
pub(super) fn assert_shows(page: &Answer, wanted: &[&str]) {
    for piece in wanted {
        assert!(page.text.contains(piece), "`{piece}` is not in {}", page.text);
    }
}

/// Fails the test if the page's source holds any of these.
#[track_caller]
pub(super) fn assert_hides(page: &Answer, unwanted: &[&str]) {
    for piece in unwanted {
        assert!(!page.text.contains(piece), "`{piece}` is in {}", page.text);
    }
}
