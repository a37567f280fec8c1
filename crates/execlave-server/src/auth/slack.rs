//! Requests from Slack: HMAC-SHA256 over `v0:<timestamp>:<body>`, keyed with the app's signing secret (docs.slack.dev, "Verifying
//! requests from Slack").

use axum::http::HeaderMap;
use execlave_api::error::ErrorCode;
use execlave_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::signature::{decode_hex, recent};
use crate::error::{AppError, AppResult};

/// Checks that the app with that secret sent the body within the last five minutes.
pub(crate) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secret: &str,
    now: Timestamp,
) -> AppResult<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let timestamp = text("x-slack-request-timestamp");
    if recent(timestamp, now).is_some()
        && matches(secret, timestamp, body, text("x-slack-signature"))
    {
        return Ok(());
    }
    let message = "this was not signed by the Slack app of the webhook in the last five minutes: check `slackSigningSecret` and the clocks";
    Err(AppError::new(ErrorCode::InvalidSignature, message))
}

fn matches(secret: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(given) = signature.strip_prefix("v0=").and_then(decode_hex) else { return false };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_another_implementation() {
        // Python: hmac.new(b"8f742231b10e8888abcd99yyyzzz85a5", b"v0:1531420618:token=x", "sha256").
        let signature = "v0=3eeaac3070533b0f5536145f88159d8e50277d9f01e4865f87e2d749f4789397";
        let secret = "8f742231b10e8888abcd99yyyzzz85a5";
        assert!(matches(secret, "1531420618", b"token=x", signature));
        assert!(!matches(secret, "1531420619", b"token=x", signature));
        assert!(!matches(secret, "1531420618", b"token=y", signature));
        assert!(!matches("other", "1531420618", b"token=x", signature));
        assert!(!matches(secret, "1531420618", b"token=x", signature.trim_start_matches("v0=")));
    }
}
