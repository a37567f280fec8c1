//! One's own second factor: codes of an authenticator app, and recovery codes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use execlave_api::error::ErrorBody;
use execlave_api::page::Data;
use execlave_api::second_factors::{EnrolTotp, RecoveryCodes, TotpCode, TotpEnrolment};

use crate::auth::caller::Person;
use crate::body::Body;
use crate::error::AppResult;
use crate::ops::second_factor;
use crate::state::AppState;

/// Begin with a second factor: `data.secret` goes into an authenticator app, and is shown this once. Nothing changes until a code has
/// confirmed it; beginning again makes another secret.
#[utoipa::path(post, path = "/me/totp", tag = "account", request_body = EnrolTotp, responses(
    (status = 200, body = Data<TotpEnrolment>), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "There is one already, or the server has no key to seal secrets with", body = ErrorBody),
    (status = 429, description = "Too many wrong passwords", body = ErrorBody),
))]
pub(crate) async fn enrol(
    Person(who): Person,
    State(state): State<AppState>,
    Body(body): Body<EnrolTotp>,
) -> AppResult<Json<Data<TotpEnrolment>>> {
    let enrolment = second_factor::enrol(&state, &who, body.current_password.as_deref()).await?;
    Ok(Json(Data::new(TotpEnrolment { secret: enrolment.secret, uri: enrolment.uri })))
}

/// Confirm the secret with a code of the app. From here on a code is asked for when one signs in, and every other session of one's own
/// ends. `data.recoveryCodes` are shown this once.
#[utoipa::path(post, path = "/me/totp/confirm", tag = "account", request_body = TotpCode, responses(
    (status = 200, body = Data<RecoveryCodes>), (status = 400, description = "Not the code of this moment", body = ErrorBody),
    (status = 403, body = ErrorBody), (status = 409, description = "Nothing waits for a code", body = ErrorBody),
))]
pub(crate) async fn confirm(
    Person(who): Person,
    State(state): State<AppState>,
    Body(body): Body<TotpCode>,
) -> AppResult<Json<Data<RecoveryCodes>>> {
    let recovery_codes = second_factor::confirm(&state, &who, &body.code).await?;
    Ok(Json(Data::new(RecoveryCodes { recovery_codes })))
}

/// Do without a second factor again. Takes a code of it, or a recovery code.
#[utoipa::path(post, path = "/me/totp/disable", tag = "account", request_body = TotpCode, responses(
    (status = 204, description = "Gone"), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "There is none", body = ErrorBody),
    (status = 429, description = "Too many wrong codes", body = ErrorBody),
))]
pub(crate) async fn disable(
    Person(who): Person,
    State(state): State<AppState>,
    Body(body): Body<TotpCode>,
) -> AppResult<StatusCode> {
    second_factor::disable(&state, &who, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}
