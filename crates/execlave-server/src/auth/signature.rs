//! Signed requests: HMAC-SHA256 over the timestamp, a dot and the exact bytes of the body, keyed with the API key.
//!
//! Signing is the client's choice. Once either header is there the signature must be right, so that nobody can strip half of it.

use axum::http::HeaderMap;
use execlave_api::error::ErrorCode;
use execlave_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::{AppError, AppResult};

const TIMESTAMP: &str = "x-execlave-timestamp";
const SIGNATURE: &str = "x-execlave-signature";
const TOLERANCE_SECONDS: u64 = 300;

/// Whether the request claims to be signed.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(TIMESTAMP) || headers.contains_key(SIGNATURE)
}

/// Checks the signature over the body's bytes as they came over the wire.
pub(crate) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secret: &str,
    now: Timestamp,
) -> AppResult<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (text(TIMESTAMP), text(SIGNATURE));
    if !is_recent(timestamp, now) {
        let message = "`X-Execlave-Timestamp` must be the current time in Unix seconds: check this machine's clock";
        return Err(AppError::new(ErrorCode::InvalidSignature, message));
    }
    if !matches(secret, timestamp, body, signature) {
        let message = "`X-Execlave-Signature` does not match the body: sign `<timestamp>.<body>` with this API key";
        return Err(AppError::new(ErrorCode::InvalidSignature, message));
    }
    Ok(())
}

/// Whether a time in Unix seconds is within five minutes of now.
pub(super) fn is_recent(timestamp: &str, now: Timestamp) -> bool {
    timestamp
        .parse::<i64>()
        .is_ok_and(|seconds| (now.as_millis() / 1000).abs_diff(seconds) <= TOLERANCE_SECONDS)
}

fn matches(secret: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(given) = signature.strip_prefix("sha256=").and_then(decode_hex) else { return false };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&given).is_ok()
}

/// Bytes written as hexadecimal digits of either case.
pub(super) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_timestamp_and_body() {
        // Computed with Python: hmac.new(b"exe_dev_k", b"1700000000.{}", "sha256").
        let signature = "sha256=b18868cccee3e5bf7f09c4a381fd086cbd60c8b9ede3f6e9294b8e9b5286514d";
        assert!(matches("exe_dev_k", "1700000000", b"{}", signature));
        assert!(!matches("exe_dev_k", "1700000001", b"{}", signature));
        assert!(!matches("exe_dev_k", "1700000000", b"{ }", signature));
        assert!(!matches("exe_dev_k", "1700000000", b"{}", "sha256=abc"));
    }

    #[test]
    fn five_minutes_either_way() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        assert!(is_recent("1700000300", now) && is_recent("1699999700", now));
        assert!(!is_recent("1700000301", now) && !is_recent("1699999699", now));
        assert!(!is_recent("", now) && !is_recent("1700000000.0", now));
    }
}
