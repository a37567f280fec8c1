//! The codes of an authenticator app (RFC 6238): six digits of an HMAC-SHA-1 over the half minute they are of. These are the parameters
//! that every app knows; some ignore all others.

use data_encoding::BASE32_NOPAD;
use execlave_core::time::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded::byte_serialize;

use crate::clock::random_bytes;

const STEP_MS: i64 = 30_000;
const DIGITS: usize = 6;
/// How many steps a telephone's clock may be off, either way.
const DRIFT: i64 = 1;
/// As long as the hash: what RFC 4226 recommends.
const SECRET_LENGTH: usize = 20;

/// What an app and the server know.
#[derive(Clone)]
pub(crate) struct TotpSecret(Vec<u8>);

impl TotpSecret {
    /// One nobody can guess.
    pub(crate) fn new() -> Self {
        Self(random_bytes::<SECRET_LENGTH>().to_vec())
    }

    /// From its bytes.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be sealed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As apps take it from the keyboard.
    pub(crate) fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// As apps take it from a picture.
    pub(crate) fn uri(&self, account: &str) -> String {
        // Apps show a plus sign where a form would mean a space.
        let account: String = byte_serialize(account.as_bytes()).collect();
        let (account, secret) = (account.replace('+', "%20"), self.base32());
        format!("otpauth://totp/Execlave:{account}?secret={secret}&issuer=Execlave")
    }

    /// The step near `now` that a code is of. All are compared, each in constant time.
    pub(crate) fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let current = now.as_millis().div_euclid(STEP_MS);
        let mut found = None;
        for step in current - DRIFT..=current + DRIFT {
            if bool::from(self.code(step).as_bytes().ct_eq(code.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }

    fn code(&self, step: i64) -> String {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[hash.len() - 1] & 0x0f);
        let piece = [hash[offset], hash[offset + 1], hash[offset + 2], hash[offset + 3]];
        let number = (u32::from_be_bytes(piece) & 0x7fff_ffff) % 1_000_000;
        format!("{number:0DIGITS$}")
    }
}

/// Whether a text has the form of a code, good or not.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// RFC 6238, appendix B: the last six of the eight digits for SHA-1.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890".to_vec());
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_clock_may_be_off_by_one_step() {
        let secret = TotpSecret::new();
        let code = secret.code(1_000);
        for (seconds, found) in
            [(29_969, false), (29_970, true), (30_000, true), (30_059, true), (30_060, false)]
        {
            let step = secret.step_of(&code, at(seconds));
            assert_eq!(step == Some(1_000), found, "{seconds}");
        }
    }

    #[test]
    fn an_address_survives_in_the_uri() {
        let secret = TotpSecret::from_bytes(vec![0; 20]);
        assert_eq!(
            secret.uri("a b+c?&d@example.com"),
            "otpauth://totp/Execlave:a%20b%2Bc%3F%26d%40example.com?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=Execlave"
        );
        assert!(is_code("012345") && !is_code("12345") && !is_code("12345a"));
    }
}
