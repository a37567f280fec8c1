//! Signing in: with a one-time link, with a password, or by accepting an invitation. Each way ends in the same session, for who has a
//! second factor after a code.

use execlave_api::error::ErrorCode;
use execlave_api::sessions::{AcceptInvitation, SignIn};
use execlave_core::time::Timestamp;
use execlave_store::sessions::{Session, SignInMethod};
use execlave_store::users::User;

use crate::auth::origin::Origin;
use crate::auth::tries::Trier;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::ops::give_code::{Entry, enter};
use crate::ops::second_factor;
use crate::secrets;
use crate::state::AppState;

/// A new session: its token, and how long it lasts.
pub(crate) struct NewSession {
    pub(crate) token: String,
    pub(crate) lasts_seconds: i64,
    pub(crate) expires_at: Timestamp,
}

/// Uses a sign-in link up. `None` when there is no such link, it is over, or it was used.
pub(crate) async fn with_link(
    state: &AppState,
    token: &str,
    origin: Origin,
) -> AppResult<Option<Entry>> {
    let now = state.clock.now();
    match state.store.take_sign_in_link(&secrets::hash(token), now).await? {
        Some(user) => enter(state, &user, SignInMethod::Link, origin).await.map(Some),
        None => Ok(None),
    }
}

/// Compares a password, and a code where one is owed, both in one call.
pub(crate) async fn with_password(
    state: &AppState,
    body: SignIn,
    origin: Origin,
) -> AppResult<NewSession> {
    let now = state.clock.now();
    let triers = triers(&body.email, &origin);
    let user = prove(state, &body, &triers).await?;
    if let Some(factor) = second_factor::in_force(state, user.org_id, user.id).await? {
        let Some(code) = &body.code else {
            state.tries.withdraw(&triers, now);
            let message = "this account has a second factor: send the code of its app, or a recovery code, as `code`";
            return Err(AppError::new(ErrorCode::SecondFactorRequired, message));
        };
        second_factor::accept(state, &factor, code).await?;
    }
    let session = begin(state, &user, SignInMethod::Password, origin).await?;
    state.tries.forgive(&triers, now);
    Ok(session)
}

/// Compares a password; a code, where one is owed, comes in a second step.
pub(crate) async fn begin_with_password(
    state: &AppState,
    body: SignIn,
    origin: Origin,
) -> AppResult<Entry> {
    let now = state.clock.now();
    let triers = triers(&body.email, &origin);
    let user = prove(state, &body, &triers).await?;
    let entry = enter(state, &user, SignInMethod::Password, origin).await?;
    match entry {
        Entry::SignedIn(_) => state.tries.forgive(&triers, now),
        // The codes that were guessed before stay counted, else the password would buy more of them.
        Entry::OwesCode(_) => state.tries.withdraw(&triers, now),
    }
    Ok(entry)
}

/// Who tries to sign in with this address.
pub(crate) fn triers(email: &str, origin: &Origin) -> Vec<Trier> {
    let machine = origin.address.clone().map(Trier::Machine);
    machine.into_iter().chain([Trier::Account(email.trim().to_lowercase())]).collect()
}

/// Whether the address or the password is wrong is nobody's business, and takes the same time to find out.
async fn prove(state: &AppState, body: &SignIn, triers: &[Trier]) -> AppResult<User> {
    let email = body.email.trim();
    checks::bounded("email", email, checks::NAME_LENGTH)?;
    state.tries.begin(triers, state.clock.now())?;
    let found = compare(state, email, &body.password).await?;
    found.ok_or_else(|| {
        let message = "the address or the password is wrong: try again, or ask an administrator for a one-time link";
        AppError::new(ErrorCode::InvalidCredentials, message)
    })
}

async fn compare(state: &AppState, email: &str, password: &str) -> AppResult<Option<User>> {
    let mut candidates = state.store.find_users_by_email_across_orgs(email).await?;
    candidates.retain(|(_, password)| password.is_some());
    if candidates.is_empty() {
        state.passwords.matches(password, None).await?;
        return Ok(None);
    }
    for (user, known) in candidates {
        let hash = known.as_ref().map(|known| known.hash.as_str());
        if state.passwords.matches(password, hash).await? {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// Uses an invitation up: whoever holds the link chooses a name and a password, and is signed in. `None` when it is not good.
pub(crate) async fn with_invitation(
    state: &AppState,
    body: AcceptInvitation,
    origin: Origin,
) -> AppResult<Option<NewSession>> {
    let now = state.clock.now();
    checks::required("name", &body.name, checks::NAME_LENGTH)?;
    let token = secrets::hash(&body.token);
    // Hashing is work that nobody without an invitation may ask for.
    if state.store.find_invitation(&token, now).await?.is_none() {
        return Ok(None);
    }
    let hash = state.passwords.hash("password", &body.password).await?;
    match state.store.accept_invitation(&token, body.name.trim(), &hash, now).await? {
        Some(user) => begin(state, &user, SignInMethod::Invitation, origin).await.map(Some),
        None => Ok(None),
    }
}

/// Begins a session of somebody who has shown all they owe.
pub(crate) async fn begin(
    state: &AppState,
    user: &User,
    method: SignInMethod,
    origin: Origin,
) -> AppResult<NewSession> {
    let now = state.clock.now();
    let lasts_seconds = i64::from(state.config.sign_in.session_hours) * 3600;
    let expires_at = now.plus_millis(lasts_seconds * 1000);
    let token = secrets::new_session_token();
    let session = Session {
        org_id: user.org_id,
        id: state.clock.new_id(),
        user_id: user.id,
        token_hash: secrets::hash(&token),
        csrf_token: secrets::new_token(),
        method,
        user_agent: origin.user_agent,
        address: origin.address,
        created_at: now,
        expires_at,
        last_used_at: None,
    };
    state.store.insert_session(&session).await?;
    Ok(NewSession { token, lasts_seconds, expires_at })
}
