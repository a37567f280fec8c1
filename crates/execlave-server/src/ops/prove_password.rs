//! A person shows their password again before they change how they sign in, so that an open session alone does not lock them out.

use execlave_api::error::ErrorCode;

use crate::auth::session::SignedIn;
use crate::auth::tries::Trier;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Compares `currentPassword`. Who has none, or has just come with a one-time link, need not know it.
pub(crate) async fn prove_password(
    state: &AppState,
    who: &SignedIn,
    given: Option<&str>,
) -> AppResult<()> {
    let now = state.clock.now();
    let known = state.store.find_password(who.org, who.user).await?;
    let Some(known) = known.filter(|_| !who.has_fresh_link(now)) else { return Ok(()) };
    let Some(given) = given else {
        return Err(AppError::invalid("currentPassword", "must be the password in force"));
    };
    let trier = [Trier::Account(who.email.to_lowercase())];
    state.tries.begin(&trier, now)?;
    if !state.passwords.matches(given, Some(&known.hash)).await? {
        let message = "`currentPassword` is not the password in force";
        return Err(AppError::new(ErrorCode::InvalidCredentials, message));
    }
    // Not forgiven: a right password says nothing about the codes that were guessed before.
    state.tries.withdraw(&trier, now);
    Ok(())
}
