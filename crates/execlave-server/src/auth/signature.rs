//! Signed requests: HMAC-SHA256, keyed with the API key.
//!
//! Version 1 is what published clients send: it covers the timestamp and the exact bytes of the body. Version 2 covers a nonce, the method
//! and the path with its query as well. Signing is the client's choice, unless its key requires it; once one of the headers is there
//! the signature must be right, so that nobody can strip half of it.

use axum::http::HeaderMap;
use execlave_api::error::ErrorCode;
use execlave_core::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::error::{AppError, AppResult};
use crate::secrets::hex;

const TIMESTAMP: &str = "x-execlave-timestamp";
const SIGNATURE: &str = "x-execlave-signature";
const VERSION: &str = "x-execlave-signature-version";
const NONCE: &str = "x-execlave-nonce";

/// How far from the server's time a request may say it was made.
pub(crate) const TOLERANCE_SECONDS: i64 = 300;

/// What a signature may cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// Such as `POST`.
    pub(crate) method: &'a str,
    /// Path and query, as they stood in the request line.
    pub(crate) target: &'a str,
    /// The body's bytes as they came over the wire.
    pub(crate) body: &'a [u8],
}

/// A signature that is right. Whether it was seen before is for [`super::replay`] to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// What tells the request from others of its key.
    pub(crate) digest: String,
    /// Whether published clients may send exactly this several times at once.
    pub(crate) may_repeat: bool,
    /// From when on the signature is too old.
    pub(crate) expires_at: Timestamp,
}

/// What a request says about its signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    /// Unix seconds.
    pub(crate) timestamp: &'a str,
    /// `sha256=` and hexadecimal digits.
    pub(crate) signature: &'a str,
    /// `v1` or `v2`; `v1` when left out.
    pub(crate) version: &'a str,
    /// Only in version 2.
    pub(crate) nonce: &'a str,
}

impl<'a> Claim<'a> {
    /// What stands in the headers, if the request claims to be signed.
    pub(crate) fn of(headers: &'a HeaderMap) -> Option<Self> {
        [TIMESTAMP, SIGNATURE, VERSION, NONCE].iter().find(|name| headers.contains_key(**name))?;
        // A header that is no text, or given twice, is one that does not match.
        let text = |name| {
            let mut values = headers.get_all(name).iter();
            let only = values.next().filter(|_| values.next().is_none());
            only.map_or("", |value| value.to_str().unwrap_or("?"))
        };
        Some(Self {
            timestamp: text(TIMESTAMP),
            signature: text(SIGNATURE),
            version: if headers.contains_key(VERSION) { text(VERSION) } else { "v1" },
            nonce: text(NONCE),
        })
    }

    /// Checks the signature.
    pub(crate) fn verify(
        &self,
        signed: Signed<'_>,
        secret: &str,
        now: Timestamp,
    ) -> AppResult<Verified> {
        let Some(made) = recent(self.timestamp, now) else {
            return Err(refused(
                "`X-Execlave-Timestamp` must be the current time in Unix seconds: check this machine's clock",
            ));
        };
        let (message, identity, may_repeat) = match self.version {
            "v1" if self.nonce.is_empty() => {
                let identity =
                    format!("v1\n{}\n{}\n{}", signed.method, signed.target, self.signature);
                (self.first_message(signed.body), identity, true)
            }
            "v2" if is_nonce(self.nonce) => {
                (self.second_message(signed), format!("v2\n{}", self.nonce), false)
            }
            "v2" => {
                return Err(refused(
                    "`X-Execlave-Nonce` must be 16 to 64 letters, digits, hyphens or underscores",
                ));
            }
            _ => {
                return Err(refused(
                    "`X-Execlave-Signature-Version` must be `v1`, without a nonce, or `v2`, with `X-Execlave-Nonce`",
                ));
            }
        };
        if !matches(secret, &message, self.signature) {
            return Err(refused(if may_repeat {
                "`X-Execlave-Signature` does not match the body: sign `<timestamp>.<body>` with this API key"
            } else {
                "`X-Execlave-Signature` does not match the request: sign `v2`, timestamp, nonce, method, path with query and the SHA-256 of the body, a line each"
            }));
        }
        let expires_at = Timestamp::from_millis((made + TOLERANCE_SECONDS + 1) * 1_000);
        Ok(Verified { digest: hex(&Sha256::digest(identity)), may_repeat, expires_at })
    }

    fn first_message(&self, body: &[u8]) -> Vec<u8> {
        [self.timestamp.as_bytes(), b".", body].concat()
    }

    /// Six lines, without a line end after the last.
    fn second_message(&self, signed: Signed<'_>) -> Vec<u8> {
        let (timestamp, nonce) = (self.timestamp, self.nonce);
        let Signed { method, target, body } = signed;
        let body = hex(&Sha256::digest(body));
        format!("v2\n{timestamp}\n{nonce}\n{method}\n{target}\n{body}").into_bytes()
    }
}

fn refused(message: &str) -> AppError {
    AppError::new(ErrorCode::InvalidSignature, message)
}

/// When the request was made, if that is not long ago and not far ahead.
pub(super) fn recent(timestamp: &str, now: Timestamp) -> Option<i64> {
    // Only digits: `+1700000000` is another text for the same time.
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = timestamp.parse::<i64>().ok().filter(|_| digits)?;
    let apart = (now.as_millis() / 1_000).abs_diff(seconds);
    (apart <= TOLERANCE_SECONDS.unsigned_abs()).then_some(seconds)
}

fn is_nonce(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (16..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn matches(secret: &str, message: &[u8], signature: &str) -> bool {
    let Some(given) = signature.strip_prefix("sha256=").and_then(decode_hex) else { return false };
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.verify_slice(&given).is_ok()
}

/// Lower case alone: another spelling of the same signature would be another request to those who remember it.
pub(super) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: Signed<'_> = Signed { method: "POST", target: "/api/v1/agents?x=1", body: b"{}" };

    fn now() -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }

    #[test]
    fn the_first_version_covers_timestamp_and_body() {
        // Computed with Python: hmac.new(b"exe_dev_k", b"1700000000.{}", "sha256").
        let signature = "sha256=b18868cccee3e5bf7f09c4a381fd086cbd60c8b9ede3f6e9294b8e9b5286514d";
        let claim = Claim { timestamp: "1700000000", signature, version: "v1", nonce: "" };
        let verify = |claim: Claim<'_>, body| {
            claim.verify(Signed { body, ..SIGNED }, "exe_dev_k", now()).is_ok()
        };
        assert!(verify(claim, b"{}"));
        assert!(!verify(claim, b"{ }"));
        assert!(!verify(Claim { timestamp: "1700000001", ..claim }, b"{}"));
        assert!(!verify(Claim { signature: "sha256=abc", ..claim }, b"{}"));
        let upper = format!(
            "sha256={}",
            signature.strip_prefix("sha256=").expect("a prefix").to_uppercase()
        );
        assert!(!verify(Claim { signature: &upper, ..claim }, b"{}"));
        assert!(!verify(Claim { version: "v3", ..claim }, b"{}"));
        assert!(!verify(Claim { nonce: "0123456789abcdef", ..claim }, b"{}"));
    }

    #[test]
    fn the_second_version_covers_everything() {
        // Computed with Python: hmac.new(b"exe_dev_k", b"v2\n1700000000\n0123456789abcdef\nPOST\n/api/v1/agents?x=1\n" +
        // hashlib.sha256(b"{}").hexdigest().encode(), "sha256").
        let signature = "sha256=c29d122b78de873c5654b7c5a020562149d5c5f952836f3b961e559eed24c826";
        let claim =
            Claim { timestamp: "1700000000", signature, version: "v2", nonce: "0123456789abcdef" };
        let verify = |claim: Claim<'_>, signed| claim.verify(signed, "exe_dev_k", now()).is_ok();
        assert!(verify(claim, SIGNED));
        assert!(!verify(claim, Signed { body: b"{ }", ..SIGNED }));
        assert!(!verify(claim, Signed { method: "PUT", ..SIGNED }));
        assert!(!verify(claim, Signed { target: "/api/v1/agents?x=2", ..SIGNED }));
        assert!(!verify(Claim { nonce: "0123456789abcdeF", ..claim }, SIGNED));
        assert!(!verify(Claim { nonce: "short", ..claim }, SIGNED));
        assert!(!verify(Claim { version: "v1", nonce: "", ..claim }, SIGNED));
    }

    #[test]
    fn five_minutes_either_way() {
        let is_recent = |text| recent(text, now()).is_some();
        assert!(is_recent("1700000300") && is_recent("1699999700"));
        assert!(!is_recent("1700000301") && !is_recent("1699999699"));
        assert!(!is_recent("") && !is_recent("1700000000.0") && !is_recent("+1700000000"));
    }
}
