//! A person's second factor: enrolled, confirmed, asked for, disabled. Reached from the API and from the dashboard.

use execlave_api::error::ErrorCode;
use execlave_core::ids::{OrgId, UserId};
use execlave_store::second_factors::{FactorRemoved, FirstCode, SecondFactor};

use crate::auth::session::SignedIn;
use crate::auth::totp::{TotpSecret, is_code};
use crate::auth::tries::Trier;
use crate::checks;
use crate::error::{AppError, AppResult};
use crate::ops::prove_password::prove_password;
use crate::sealed::Owner;
use crate::secrets;
use crate::state::AppState;

/// More than any code has, with whatever people put between its parts.
const CODE_LENGTH: usize = 64;
const RECOVERY_CODES: usize = 10;

/// What an app needs, while nothing is asked of anybody yet.
pub(crate) struct Enrolment {
    pub(crate) secret: String,
    pub(crate) uri: String,
}

/// Makes a secret. It is asked for once a code has shown that an app has it.
pub(crate) async fn enrol(
    state: &AppState,
    who: &SignedIn,
    current_password: Option<&str>,
) -> AppResult<Enrolment> {
    prove_password(state, who, current_password).await?;
    let secret = TotpSecret::new();
    let sealed = state.sealer.seal(owner(who.org, who.user), secret.bytes())?;
    let now = state.clock.now();
    if state.store.begin_second_factor(who.org, who.user, &sealed, now).await? {
        return Ok(Enrolment::new(&secret, who));
    }
    Err(AppError::conflict(
        "you have a second factor already: disable it before, with a code of it",
    ))
}

/// The secret that waits for its first code, for a page that is shown again.
pub(crate) async fn waiting(state: &AppState, who: &SignedIn) -> AppResult<Option<Enrolment>> {
    let found = state.store.find_second_factor(who.org, who.user).await?;
    let Some(factor) = found.filter(|factor| factor.confirmed_at.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Enrolment::new(&open(state, &factor)?, who)))
}

/// Puts the secret into force; the recovery codes, this once. Nobody can guess here what they do not know: the caller was given the
/// secret, so tries are not counted.
pub(crate) async fn confirm(
    state: &AppState,
    who: &SignedIn,
    code: &str,
) -> AppResult<Vec<String>> {
    let now = state.clock.now();
    let found = state.store.find_second_factor(who.org, who.user).await?;
    let nothing = || AppError::conflict("no second factor waits for its first code: begin again");
    let factor = found.filter(|factor| factor.confirmed_at.is_none()).ok_or_else(nothing)?;
    let step = open(state, &factor)?.step_of(&plain(code)?, now);
    let step = step.ok_or_else(|| {
        AppError::invalid("code", "is not the code of this moment: check the clock of your device")
    })?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| secrets::new_recovery_code()).collect();
    let hashes = codes.iter().map(|code| Ok(secrets::hash(&plain(code)?)));
    let hashes = hashes.collect::<AppResult<Vec<_>>>()?;
    let (secret, keep) = (factor.secret.as_str(), who.session);
    let first = FirstCode { secret, step, recovery_hashes: &hashes, keep };
    let confirmed = state.store.confirm_second_factor(who.org, who.user, first, now).await?;
    if confirmed { Ok(codes) } else { Err(nothing()) }
}

/// Removes one's own second factor with a code of it. An open session is not enough: it may be somebody else's by now.
pub(crate) async fn disable(state: &AppState, who: &SignedIn, code: &str) -> AppResult<()> {
    let now = state.clock.now();
    let Some(factor) = in_force(state, who.org, who.user).await? else {
        return Err(AppError::conflict("you have no second factor"));
    };
    let trier = [Trier::Account(who.email.to_lowercase())];
    state.tries.begin(&trier, now)?;
    accept(state, &factor, code).await?;
    state.tries.forgive(&trier, now);
    let actor = who.actor().id();
    match state.store.delete_second_factor(who.org, who.user, (&actor, now), |_| true).await? {
        FactorRemoved::Done(_) => Ok(()),
        FactorRemoved::NotFound | FactorRemoved::Refused => {
            Err(AppError::not_found("user", who.user))
        }
    }
}

/// Somebody's second factor, if it is asked for.
pub(crate) async fn in_force(
    state: &AppState,
    org: OrgId,
    user: UserId,
) -> AppResult<Option<SecondFactor>> {
    let found = state.store.find_second_factor(org, user).await?;
    Ok(found.filter(|factor| factor.confirmed_at.is_some()))
}

/// Uses a code up, or a recovery code. The caller counts the try.
pub(crate) async fn accept(state: &AppState, factor: &SecondFactor, code: &str) -> AppResult<()> {
    let (org, user, now) = (factor.org_id, factor.user_id, state.clock.now());
    let code = plain(code)?;
    let accepted = if is_code(&code) {
        match open(state, factor)?.step_of(&code, now) {
            Some(step) => {
                state.store.take_second_factor_step(org, user, &factor.secret, step).await?
            }
            None => false,
        }
    } else {
        state.store.take_recovery_code(org, user, &secrets::hash(&code), now).await?
    };
    if accepted {
        return Ok(());
    }
    let message = "the code is wrong or was used already: take the next one, or a recovery code";
    Err(AppError::new(ErrorCode::InvalidCredentials, message))
}

/// A code without what people put between its parts, nor the case of its letters.
fn plain(code: &str) -> AppResult<String> {
    checks::bounded("code", code, CODE_LENGTH)?;
    let letters = code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
    Ok(letters.flat_map(char::to_lowercase).collect())
}

fn open(state: &AppState, factor: &SecondFactor) -> AppResult<TotpSecret> {
    let owner = owner(factor.org_id, factor.user_id);
    Ok(TotpSecret::from_bytes(state.sealer.open(owner, &factor.secret)?))
}

fn owner(org: OrgId, user: UserId) -> Owner {
    Owner { org, user, purpose: "totp" }
}

impl Enrolment {
    fn new(secret: &TotpSecret, who: &SignedIn) -> Self {
        Self { secret: secret.base32(), uri: secret.uri(&who.email) }
    }
}
