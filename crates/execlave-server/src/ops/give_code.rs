//! The second step of signing in at a browser. What was shown so far is remembered here, not in the page: the browser holds a token
//! that is good once and for minutes.

use execlave_store::sessions::{PendingSignIn, SignInMethod};
use execlave_store::users::User;

use crate::auth::origin::Origin;
use crate::error::AppResult;
use crate::ops::second_factor;
use crate::ops::sign_in::{NewSession, begin, triers};
use crate::secrets;
use crate::state::AppState;

/// How long a code may be looked for.
pub(crate) const OWED_SECONDS: i64 = 10 * 60;

/// How far somebody came with what they have shown.
pub(crate) enum Entry {
    /// They are in.
    SignedIn(NewSession),
    /// They owe a code, and show this token with it.
    OwesCode(String),
}

/// Lets somebody in who has shown a password or a link, unless they owe a code.
pub(crate) async fn enter(
    state: &AppState,
    user: &User,
    method: SignInMethod,
    origin: Origin,
) -> AppResult<Entry> {
    if second_factor::in_force(state, user.org_id, user.id).await?.is_none() {
        return begin(state, user, method, origin).await.map(Entry::SignedIn);
    }
    let (token, now) = (secrets::new_token(), state.clock.now());
    let pending = PendingSignIn {
        token_hash: secrets::hash(&token),
        org_id: user.org_id,
        user_id: user.id,
        method,
        created_at: now,
        expires_at: now.plus_millis(OWED_SECONDS * 1_000),
    };
    state.store.insert_pending_sign_in(&pending).await?;
    Ok(Entry::OwesCode(token))
}

/// Who owes a code.
pub(crate) async fn who_owes(state: &AppState, token: &str) -> AppResult<Option<User>> {
    let found = state.store.find_pending_sign_in(&secrets::hash(token), state.clock.now()).await?;
    Ok(found.map(|(_, user)| user))
}

/// Takes the code. `None` when nothing was begun with that token, or it took too long.
pub(crate) async fn give_code(
    state: &AppState,
    token: &str,
    code: &str,
    origin: Origin,
) -> AppResult<Option<NewSession>> {
    let (hash, now) = (secrets::hash(token), state.clock.now());
    let Some((pending, user)) = state.store.find_pending_sign_in(&hash, now).await? else {
        return Ok(None);
    };
    let Some(factor) = second_factor::in_force(state, user.org_id, user.id).await? else {
        return Ok(None);
    };
    let triers = triers(&user.email, &origin);
    state.tries.begin(&triers, now)?;
    second_factor::accept(state, &factor, code).await?;
    // Of two codes for the same token, one signs in.
    if !state.store.take_pending_sign_in(&hash, now).await? {
        return Ok(None);
    }
    let session = begin(state, &user, pending.method, origin).await?;
    state.tries.forgive(&triers, now);
    Ok(Some(session))
}
