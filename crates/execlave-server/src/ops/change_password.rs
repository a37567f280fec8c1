//! A person changes their own password. Everywhere else they are signed out.

use execlave_api::users::ChangePassword;
use execlave_store::passwords::Password;

use crate::auth::session::SignedIn;
use crate::error::AppResult;
use crate::ops::prove_password::prove_password;
use crate::state::AppState;

/// Changes it. Whoever knows the password in force, has none, or has just come with a one-time link, may.
pub(crate) async fn change_password(
    state: &AppState,
    who: &SignedIn,
    body: ChangePassword,
) -> AppResult<()> {
    let now = state.clock.now();
    prove_password(state, who, body.current_password.as_deref()).await?;
    let hash = state.passwords.hash("newPassword", &body.new_password).await?;
    let password = Password { org_id: who.org, user_id: who.user, hash, changed_at: now };
    state.store.set_password(&password, Some(who.session), &who.actor().id()).await?;
    Ok(())
}
