//! One attempt to sign in: what the browser keeps between leaving for the provider and coming back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use execlave_core::time::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::secrets;

/// How long somebody may take at the provider.
const PATIENCE_MS: i64 = 600_000;

/// Three values nobody can guess, in a cookie that only this browser sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Comes back in the address: the answer belongs to this browser.
    pub(crate) state: String,
    /// Comes back in the token: the token belongs to this attempt.
    pub(crate) nonce: String,
    /// Its hash went ahead; whoever has the code needs it, too.
    pub(crate) verifier: String,
    begun_at: Timestamp,
}

impl Attempt {
    /// A new one.
    pub(crate) fn new(now: Timestamp) -> Self {
        let [state, nonce, verifier] = std::array::from_fn(|_| secrets::new_token());
        Self { state, nonce, verifier, begun_at: now }
    }

    /// The value of its cookie.
    pub(crate) fn cookie(&self) -> String {
        let Self { state, nonce, verifier, begun_at } = self;
        format!("{}.{state}.{nonce}.{verifier}", begun_at.as_millis())
    }

    /// The attempt that a cookie holds, if it is the one that `state` came back for.
    pub(crate) fn returned(cookie: &str, state: &str, now: Timestamp) -> Option<Self> {
        let mut parts = cookie.splitn(4, '.');
        let begun_at = Timestamp::from_millis(parts.next()?.parse().ok()?);
        let mut next = || parts.next().filter(|part| part.len() == 43).map(str::to_owned);
        let attempt = Self { state: next()?, nonce: next()?, verifier: next()?, begun_at };
        let same = bool::from(attempt.state.as_bytes().ct_eq(state.as_bytes()));
        let late = begun_at.plus_millis(PATIENCE_MS) <= now || begun_at > now;
        (same && !late).then_some(attempt)
    }

    /// RFC 7636, `S256`.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_returns_to_its_browser_with_its_state_and_in_time() {
        let begun = Timestamp::from_millis(1_790_000_000_000);
        let attempt = Attempt::new(begun);
        let (cookie, state) = (attempt.cookie(), attempt.state.clone());
        let later = begun.plus_millis(PATIENCE_MS - 1);
        assert_eq!(Attempt::returned(&cookie, &state, later), Some(attempt));
        assert_eq!(Attempt::returned(&cookie, &state, later.plus_millis(1)), None);
        assert_eq!(Attempt::returned(&cookie, &state, begun.minus_millis(1)), None);
        assert_eq!(Attempt::returned(&cookie, "", later), None);
        assert_eq!(Attempt::returned(&cookie, &Attempt::new(begun).state, later), None);
        for cookie in ["", "1.2.3", "x.a.b.c", &cookie[..cookie.len() - 1]] {
            assert_eq!(Attempt::returned(cookie, &state, later), None, "{cookie}");
        }
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let attempt = Attempt {
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            ..Attempt::new(Timestamp::from_millis(0))
        };
        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
