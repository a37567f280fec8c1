//! A person changes their own password. Everywhere else they are signed out.

use execlave_api::error::ErrorCode;
use execlave_api::users::ChangePassword;
use execlave_store::passwords::Password;

use crate::auth::session::SignedIn;
use crate::auth::tries::Trier;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Changes it. Whoever knows the password in force, has none, or has just come with a one-time link, may.
pub(crate) async fn change_password(
    state: &AppState,
    who: &SignedIn,
    body: ChangePassword,
) -> AppResult<()> {
    let now = state.clock.now();
    let known = state.store.find_password(who.org, who.user).await?;
    if let Some(known) = known.filter(|_| !who.has_fresh_link(now)) {
        let Some(given) = &body.current_password else {
            return Err(AppError::invalid("currentPassword", "must be the password in force"));
        };
        let trier = [Trier::Account(who.email.to_lowercase())];
        state.tries.begin(&trier, now)?;
        if !state.passwords.matches(given, Some(&known.hash)).await? {
            let message = "`currentPassword` is not the password in force";
            return Err(AppError::new(ErrorCode::InvalidCredentials, message));
        }
        state.tries.forgive(&trier, now);
    }
    let hash = state.passwords.hash("newPassword", &body.new_password).await?;
    let password = Password { org_id: who.org, user_id: who.user, hash, changed_at: now };
    state.store.set_password(&password, Some(who.session), &who.actor().id()).await?;
    Ok(())
}
