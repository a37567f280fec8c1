//! `/users`: who may sign in, and the form that invites.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use execlave_api::users::InviteUser;
use execlave_store::page::PageRequest;
use execlave_store::users::{Role, User, UserState};
use serde::Deserialize;

use crate::auth::permission::WriteUsers;
use crate::auth::session::{Manager, SignedIn, Viewer};
use crate::ops::manage_user::{Link, Management};
use crate::pages::failure::PageError;
use crate::pages::form::Posted;
use crate::pages::layout::{Layout, Section};
use crate::pages::moment::Moment;
use crate::pages::pill::Pill;
use crate::pages::query::Asked;
use crate::pages::query_string;
use crate::pages::sign_in::sentence;
use crate::state::AppState;

/// The roles of the forms, least first.
pub(super) const ROLES: [&str; 4] = ["viewer", "developer", "admin", "owner"];

/// Everybody.
#[derive(Debug, Template)]
#[template(path = "users/index.html")]
pub(crate) struct UsersPage {
    layout: Layout,
    may_manage: bool,
    people: Vec<PersonView>,
    older: Option<String>,
    link: Option<LinkView>,
    fault: Option<String>,
    draft: Draft,
    roles: [&'static str; 4],
}

/// Somebody.
#[derive(Debug)]
pub(super) struct PersonView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) approver: bool,
    pub(super) state: Pill,
    pub(super) disabled: bool,
    pub(super) since: Moment,
}

/// A link to hand over, shown this once.
#[derive(Debug)]
struct LinkView {
    email: String,
    address: String,
    until: Moment,
}

/// What was written in the form.
#[derive(Debug, Default)]
struct Draft {
    email: String,
    name: String,
    role: String,
    approver: bool,
}

/// Which page of people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    cursor: Option<String>,
}

/// `GET /users`
pub(crate) async fn list(
    State(state): State<AppState>,
    Viewer(who): Viewer,
    Asked(asking): Asked<Asking>,
) -> Result<Html<String>, PageError> {
    Ok(Html(UsersPage::load(&state, &who, asking.cursor).await?.render()?))
}

/// `POST /users`
pub(crate) async fn invite(
    State(state): State<AppState>,
    form: Posted<Manager>,
) -> Result<Response, PageError> {
    let who = &form.who.0;
    let text = |name| form.text(name).to_owned();
    let (email, name, role) = (text("email"), text("name"), text("role"));
    let approver = !form.text("approver").is_empty();
    let draft = Draft { email: email.clone(), name: name.clone(), role: role.clone(), approver };
    let body = InviteUser { email, name, role, approver };
    let actor = who.actor().id();
    match management(&state, who, &actor).invite(body, &reach(who)).await {
        Ok(link) => with_link(&state, who, link).await,
        Err(error) if error.status().is_client_error() => {
            let fault = Some(sentence(error.message()));
            let page = UsersPage { fault, draft, ..UsersPage::load(&state, who, None).await? };
            Ok((error.status(), Html(page.render()?)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The list with a link on top of it.
pub(super) async fn with_link(
    state: &AppState,
    who: &SignedIn,
    link: Link,
) -> Result<Response, PageError> {
    let until = Moment::new(link.expires_at, state.clock.now());
    let link = Some(LinkView { email: link.user.email, address: link.address, until });
    let page = UsersPage { link, ..UsersPage::load(state, who, None).await? };
    Ok((StatusCode::OK, Html(page.render()?)).into_response())
}

pub(super) fn management<'a>(
    state: &'a AppState,
    who: &SignedIn,
    actor: &'a str,
) -> Management<'a> {
    let (store, clock, config) = (&state.store, &state.clock, &state.config);
    Management { store, clock, config, org: who.org, actor }
}

pub(super) fn reach(who: &SignedIn) -> impl Fn(Role, bool) -> bool + Sync {
    |role, approver| who.reaches_as_far_as(role, approver)
}

impl UsersPage {
    async fn load(
        state: &AppState,
        who: &SignedIn,
        cursor: Option<String>,
    ) -> Result<Self, PageError> {
        let page = PageRequest { limit: PageRequest::DEFAULT_LIMIT, cursor };
        let users = state.store.list_users(who.org, &page).await?;
        let next = users.next_cursor.as_deref();
        Ok(Self {
            layout: Layout::load(state, who, Section::People).await?,
            may_manage: who.may::<WriteUsers>(),
            older: next.map(|cursor| query_string("/users", &[("cursor", cursor)])),
            people: users.items.into_iter().map(|user| PersonView::new(state, user)).collect(),
            link: None,
            fault: None,
            draft: Draft::default(),
            roles: ROLES,
        })
    }
}

impl PersonView {
    pub(super) fn new(state: &AppState, user: User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name,
            email: user.email,
            role: user.role.as_str().to_owned(),
            approver: user.approver,
            state: Pill::user(user.state.as_str()),
            disabled: user.state == UserState::Disabled,
            since: Moment::new(user.created_at, state.clock.now()),
        }
    }

    #[cfg(test)]
    pub(super) fn sample(name: &str, email: &str, role: &str, state: &str) -> Self {
        Self {
            id: "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f14".to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            role: role.to_owned(),
            approver: role == "viewer",
            state: Pill::user(state),
            disabled: state == "disabled",
            since: crate::pages::samples::ago(86_400),
        }
    }
}

#[cfg(test)]
impl UsersPage {
    pub(crate) fn sample() -> Self {
        Self {
            layout: Layout::sample(Section::People),
            may_manage: true,
            people: vec![
                PersonView::sample("Ada Okafor", "ada@northwind.example", "owner", "active"),
                PersonView::sample("Grace Lind", "grace@northwind.example", "viewer", "invited"),
                PersonView::sample("Old Hand", "old@northwind.example", "developer", "disabled"),
            ],
            older: Some("/users?cursor=c2FtcGxl".to_owned()),
            link: Some(LinkView {
                email: "grace@northwind.example".to_owned(),
                address: "https://govern.northwind.example/invitation/c2FtcGxl".to_owned(),
                until: crate::pages::samples::ago(-604_800),
            }),
            fault: None,
            draft: Draft::default(),
            roles: ROLES,
        }
    }
}
