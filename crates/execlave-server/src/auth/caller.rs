//! Who calls the API: a program with its key, or a person with a session.
//!
//! Both reach as far as their scopes say, so a handler names one permission and does not care who has it. A key is found in memory, and
//! a request with one allocates nothing for it. A session is read from the store by every request that brings one: people are few and
//! slow, and a session that has ended is refused by every server at once, with nothing to announce.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use execlave_api::error::ErrorCode;
use execlave_core::ids::OrgId;
use execlave_store::users::Role;
use subtle::ConstantTimeEq;

use super::environment::Environments;
use super::permission::{Permission, reaches};
use super::session::{COOKIE, SignedIn};
use super::{Actor, key, role, session};
use crate::body;
use crate::directory::KeyEntry;
use crate::error::{AppError, AppResult};
use crate::secrets::SESSION_PREFIX;
use crate::state::AppState;

/// What a script on one of our own pages sends back, when the cookie says who it is.
const CSRF_HEADER: &str = "x-csrf-token";

/// A caller who reaches as far as `P` says.
#[derive(Debug)]
pub(crate) struct Caller<P> {
    /// The organisation the caller belongs to, and the only one the handler may touch.
    pub(crate) org: OrgId,
    who: Who,
    permission: PhantomData<P>,
}

/// Who was found.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// A program.
    Key(Arc<KeyEntry>),
    /// A person.
    Person(Arc<SignedIn>),
}

impl Who {
    fn org(&self) -> OrgId {
        match self {
            Self::Key(key) => key.org,
            Self::Person(person) => person.org,
        }
    }

    fn reaches<P: Permission>(&self) -> bool {
        match self {
            Self::Key(key) => reaches::<P>(&key.scopes),
            Self::Person(person) => person.may::<P>(),
        }
    }

    fn has(&self, scope: &str) -> bool {
        match self {
            Self::Key(key) => key.scopes.iter().any(|own| own == "*" || own == scope),
            Self::Person(person) => person.scopes().any(|own| own == "*" || own == scope),
        }
    }

    /// Why it does not reach as far as `P`.
    fn refusal<P: Permission>(&self) -> AppError {
        let wanted = P::SCOPES.join("` or `");
        let message = match self {
            Self::Key(_) => {
                format!("this key does not reach this far: use one with the scope `{wanted}`")
            }
            Self::Person(_) if P::PROGRAMS_ONLY => format!(
                "only programs do this, on behalf of their agents: use an API key with the scope `{wanted}`"
            ),
            Self::Person(_) => {
                let wanted = role::who_reaches::<P>();
                format!("this needs {wanted}: ask an owner of the organisation")
            }
        };
        AppError::new(ErrorCode::Forbidden, message)
    }
}

impl<P> Caller<P> {
    /// The caller as the author of a change.
    pub(crate) fn actor(&self) -> Actor {
        match &self.who {
            Who::Key(key) => Actor::Key { id: key.id, name: key.name.clone() },
            Who::Person(person) => person.actor(),
        }
    }

    /// Whether the caller reaches as far as another permission, too.
    pub(crate) fn reaches<Q: Permission>(&self) -> bool {
        self.who.reaches::<Q>()
    }

    /// Where the caller reaches; a person reaches everywhere.
    pub(crate) fn environments(&self) -> &Environments {
        match &self.who {
            Who::Key(key) => &key.environments,
            Who::Person(_) => Environments::ALL,
        }
    }

    /// The person, if it is one.
    pub(crate) fn person(&self) -> Option<&SignedIn> {
        match &self.who {
            Who::Key(_) => None,
            Who::Person(person) => Some(person),
        }
    }

    /// Refuses a caller who does not reach as far as another permission.
    pub(crate) fn need<Q: Permission>(&self) -> AppResult<()> {
        if self.reaches::<Q>() { Ok(()) } else { Err(self.who.refusal::<Q>()) }
    }

    /// Whether the caller has all that somebody with this role, and perhaps the grant, has.
    pub(crate) fn reaches_as_far_as(&self, role: Role, approver: bool) -> bool {
        role::scopes(role, approver).all(|scope| self.who.has(scope))
    }

    /// Refuses a caller who has less than somebody with this role, and perhaps the grant.
    pub(crate) fn need_reach(&self, role: Role, approver: bool) -> AppResult<()> {
        if self.reaches_as_far_as(role, approver) {
            return Ok(());
        }
        let message = "you cannot manage somebody who reaches further than you: ask an owner";
        Err(AppError::new(ErrorCode::Forbidden, message))
    }

    /// Nobody hands out more than they have.
    pub(crate) fn may_give(&self, scopes: &[String]) -> AppResult<()> {
        if let Who::Person(person) = &self.who {
            return person.may_give(scopes);
        }
        let Some(scope) = scopes.iter().find(|wanted| !self.who.has(wanted)) else {
            return Ok(());
        };
        let shown: String = scope.chars().take(64).collect();
        let message = format!("this key cannot give the scope `{shown}`: use one that has it");
        Err(AppError::new(ErrorCode::Forbidden, message))
    }
}

impl<P: Permission> FromRequestParts<AppState> for Caller<P> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> AppResult<Self> {
        let who = parts.extensions.get::<Who>().ok_or_else(missing)?;
        if !who.reaches::<P>() {
            return Err(who.refusal::<P>());
        }
        Ok(Self { org: who.org(), who: who.clone(), permission: PhantomData })
    }
}

/// A person, whatever their role.
#[derive(Debug)]
pub(crate) struct Person(pub(crate) Arc<SignedIn>);

impl FromRequestParts<AppState> for Person {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> AppResult<Self> {
        match parts.extensions.get::<Who>().ok_or_else(missing)? {
            Who::Person(person) => Ok(Self(Arc::clone(person))),
            Who::Key(_) => Err(AppError::new(
                ErrorCode::Forbidden,
                "this is about a person, and a key belongs to none: use a session from `POST /auth/sign-in`",
            )),
        }
    }
}

/// What a request shows to say who it is.
enum Credential {
    Key(String),
    Session(String),
    /// A browser sends it by itself, also when another site asked it to.
    Cookie(String),
}

impl Credential {
    fn secret(&self) -> &str {
        match self {
            Self::Key(secret) | Self::Session(secret) | Self::Cookie(secret) => secret,
        }
    }
}

/// Finds the caller and checks the signature of the body, when there is one.
///
/// The body is read here, whatever the outcome: a client that is still sending when it is refused would see a broken connection, and
/// might take the refusal for an outage.
pub(crate) async fn authenticate(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    let (mut parts, body) = request.into_parts();
    let bytes = body::collect(body, state.config.limits.body_bytes).await;
    let credential = presented(&parts.headers)?;
    let who = find(&state, &parts, &credential).await?;
    let bytes = bytes?;
    if let Who::Key(key) = &who {
        key::check_signature(&state, &parts, &bytes, credential.secret(), key).await?;
        state.directory.touched.key(key.org, key.id, state.clock.now());
    }
    parts.extensions.insert(who);
    Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await)
}

async fn find(state: &AppState, parts: &Parts, credential: &Credential) -> AppResult<Who> {
    let token = match credential {
        Credential::Key(secret) => {
            return Ok(Who::Key(key::check(state, secret)?));
        }
        Credential::Session(token) | Credential::Cookie(token) => token,
    };
    let person = session::find(state, token).await?.ok_or_else(|| {
        AppError::new(
            ErrorCode::InvalidSession,
            "this session is over: sign in again with `POST /auth/sign-in`",
        )
    })?;
    if matches!(credential, Credential::Cookie(_)) {
        refuse_forgery(parts, &person)?;
    }
    Ok(Who::Person(Arc::new(person)))
}

/// A foreign site can make a browser send the cookie, but it cannot read the token.
fn refuse_forgery(parts: &Parts, person: &SignedIn) -> AppResult<()> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let given = parts.headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    if bool::from(given.ct_eq(person.csrf_token.as_bytes())) {
        return Ok(());
    }
    let message = "a change with the session's cookie needs its token in `X-CSRF-Token`: send that of the page, or use a session token or an API key";
    Err(AppError::new(ErrorCode::Forbidden, message))
}

fn presented(headers: &HeaderMap) -> AppResult<Credential> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(
        |value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        },
    );
    let token = bearer
        .or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()).map(str::trim));
    match token {
        Some(token) if bearer.is_some() && token.starts_with(SESSION_PREFIX) => {
            return Ok(Credential::Session(token.to_owned()));
        }
        Some(token) if !token.is_empty() => return Ok(Credential::Key(token.to_owned())),
        _ => {}
    }
    let cookie = CookieJar::from_headers(headers).get(COOKIE).map(|it| it.value().to_owned());
    cookie.map(Credential::Cookie).ok_or_else(missing)
}

fn missing() -> AppError {
    AppError::new(
        ErrorCode::Unauthenticated,
        "nobody is signed in: send `Authorization: Bearer <key>` or `X-API-Key: <key>`, or the token of a session as a key",
    )
}
