//! One's own second factor: a secret that an authenticator app computes codes from.

use execlave_core::json::present;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /me/totp`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct EnrolTotp {
    /// The password in force; not needed without one, nor in the quarter of an hour after signing in with a link.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
}

/// A new secret, shown this once. It is not asked for until a code has confirmed it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct TotpEnrolment {
    /// In base32, to be typed into an app: SHA-1, six digits, thirty seconds.
    pub secret: String,
    /// The same as an `otpauth://` address, to be shown as a QR code.
    pub uri: String,
}

/// Body of `POST /me/totp/confirm` and of `POST /me/totp/disable`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct TotpCode {
    /// The six digits of the moment; to disable, a recovery code does as well.
    pub code: String,
}

/// Codes that each stand once for one of the app. They are shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_debug_implementations, reason = "it holds secrets")]
pub struct RecoveryCodes {
    /// Ten of them.
    pub recovery_codes: Vec<String>,
}
