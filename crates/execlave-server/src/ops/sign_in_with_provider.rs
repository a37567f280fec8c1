//! Signing in with an account that people have at a provider.

use execlave_api::error::ErrorCode;
use execlave_core::ids::OrgId;
use execlave_store::sessions::SignInMethod;
use execlave_store::users::{Recognised, Vouched};

use crate::auth::origin::Origin;
use crate::error::{AppError, AppResult};
use crate::oidc::{Attempt, Identity, Oidc, OidcError};
use crate::ops::sign_in::{NewSession, begin};
use crate::state::AppState;

/// Where the provider sends people back to, after the public address.
pub(crate) const CALLBACK: &str = "/sign-in/provider/callback";

/// A new attempt, and where it takes the browser.
pub(crate) async fn leave(state: &AppState) -> AppResult<(Attempt, String)> {
    let (oidc, now) = (provider(state)?, state.clock.now());
    let attempt = Attempt::new(now);
    let address = oidc.address(&attempt, &return_to(state), now).await.map_err(failed)?;
    Ok((attempt, address))
}

/// Signs in whoever the provider says came back with this code.
pub(crate) async fn come_back(
    state: &AppState,
    cookie: &str,
    returned: &str,
    code: &str,
    origin: Origin,
) -> AppResult<NewSession> {
    let (oidc, now) = (provider(state)?, state.clock.now());
    let attempt = Attempt::returned(cookie, returned, now).ok_or(OidcError::Attempt);
    let attempt = attempt.map_err(failed)?;
    let identity = oidc.identify(&attempt, code, &return_to(state), now).await.map_err(failed)?;
    let newcomer = oidc.new_user_role().map(|role| (state.clock.new_id(), role));
    let vouched = Vouched {
        issuer: &identity.issuer,
        subject: &identity.subject,
        email: identity.verified_email.as_deref(),
        name: identity.name.as_deref(),
    };
    let org = organisation(state).await?;
    match state.store.recognise_user(org, &vouched, newcomer, now).await? {
        Recognised::User(user) => begin(state, &user, SignInMethod::Provider, origin).await,
        refused => Err(stranger(&identity, &refused)),
    }
}

/// One provider serves one organisation: the oldest.
async fn organisation(state: &AppState) -> AppResult<OrgId> {
    let all = state.store.list_orgs_across_orgs().await?;
    all.first().map(|org| org.id).ok_or_else(|| AppError::not_found("organisation", "default"))
}

fn provider(state: &AppState) -> AppResult<&Oidc> {
    state.oidc.as_deref().ok_or_else(|| AppError::not_found("sign-in provider", "oidc.issuer"))
}

fn return_to(state: &AppState) -> String {
    format!("{}{CALLBACK}", state.config.public_url())
}

/// What a failure means to whoever wants to sign in; the details are for the log.
fn failed(error: OidcError) -> AppError {
    match error {
        OidcError::Attempt => AppError::new(ErrorCode::InvalidCredentials, error.to_string()),
        error => {
            tracing::warn!(%error, "nobody was signed in by the provider");
            let message = "the sign-in provider did not say who you are: try again, or use a password or a one-time link";
            AppError::new(ErrorCode::InvalidCredentials, message)
        }
    }
}

fn stranger(identity: &Identity, refused: &Recognised) -> AppError {
    let message = match refused {
        Recognised::Disabled => "your account here is disabled: ask an administrator".to_owned(),
        Recognised::SomebodyElse => {
            "the account here with your address belongs to somebody else's sign-in: ask an administrator"
                .to_owned()
        }
        _ if identity.verified_email.is_none() => {
            "the sign-in provider has not verified your e-mail address, which is how you are found here"
                .to_owned()
        }
        _ => "nobody here has your e-mail address: ask an administrator to invite you".to_owned(),
    };
    AppError::new(ErrorCode::Forbidden, message)
}
