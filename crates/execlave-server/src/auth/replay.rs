//! A signed request is accepted once. What was accepted is remembered for as long as its signature would be good: in memory, so that most
//! repetitions cost nothing, and in the store, so that a restart or another server is no way round it.
//!
//! Version 1 has no nonce, and published clients send equal requests within a second; those are accepted again for a moment.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use execlave_api::error::ErrorCode;
use execlave_core::ids::KeyId;
use execlave_core::time::Timestamp;
use execlave_store::seen_requests::SeenRequest;

use super::signature::Verified;
use crate::directory::KeyEntry;
use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// How long a request of version 1 may be repeated.
const REPEAT_MS: i64 = 2_000;

/// How many requests of one key are remembered: more than 800 in a second, all the time. Beyond that the key is told to wait, because
/// what cannot be remembered cannot be told from a repetition.
const MOST: usize = 250_000;

/// The requests that this server has accepted.
#[derive(Debug)]
pub struct Replay {
    seen: Mutex<HashMap<KeyId, HashMap<String, Seen>>>,
    most: usize,
}

impl Default for Replay {
    fn default() -> Self {
        Self { seen: Mutex::default(), most: MOST }
    }
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Timestamp,
    expires_at: Timestamp,
}

/// What memory says about a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: it is remembered from here on.
    New,
    /// It is one of several alike.
    Repeated,
}

/// Refuses a request that was accepted before, and remembers one that was not; it is durable when this returns.
pub(crate) async fn refuse_replay(
    state: &AppState,
    key: &KeyEntry,
    verified: Verified,
) -> AppResult<()> {
    let now = state.clock.now();
    if state.replay.look(key.id, &verified, now)? == Verdict::Repeated {
        return Ok(());
    }
    let may_repeat = verified.may_repeat;
    let request = SeenRequest {
        org_id: key.org,
        key_id: key.id,
        digest: verified.digest,
        seen_at: now,
        expires_at: verified.expires_at,
    };
    let digest = request.digest.clone();
    let remembered = state.store.remember_request(request).await.inspect_err(|_| {
        // What is not durable was not accepted.
        state.replay.drop_one(key.id, &digest);
    });
    match remembered? {
        None => Ok(()),
        Some(before) if may_repeat && is_same_moment(before, now) => Ok(()),
        Some(_) => Err(replayed()),
    }
}

impl Replay {
    fn look(&self, key: KeyId, verified: &Verified, now: Timestamp) -> AppResult<Verdict> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(key).or_default();
        if let Some(before) = seen.get(&verified.digest) {
            let is_repeated = verified.may_repeat && is_same_moment(before.at, now);
            return if is_repeated { Ok(Verdict::Repeated) } else { Err(replayed()) };
        }
        if seen.len() >= self.most {
            let message = format!(
                "this key has sent {} signed requests in a few minutes: wait, or use several keys",
                self.most
            );
            return Err(AppError::new(ErrorCode::RateLimited, message));
        }
        let expires_at = verified.expires_at;
        seen.insert(verified.digest.clone(), Seen { at: now, expires_at });
        Ok(Verdict::New)
    }

    fn drop_one(&self, key: KeyId, digest: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(requests) = seen.get_mut(&key) {
            requests.remove(digest);
        }
    }

    /// Forgets requests whose signature is too old.
    pub fn forget(&self, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, requests| {
            requests.retain(|_, request| request.expires_at > now);
            !requests.is_empty()
        });
    }
}

fn is_same_moment(before: Timestamp, now: Timestamp) -> bool {
    now.millis_since(before) <= REPEAT_MS
}

fn replayed() -> AppError {
    let message = "this signed request was sent before: sign every request anew";
    AppError::new(ErrorCode::RequestReplayed, message)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_that_sends_too_much_is_told_to_wait_until_its_requests_are_old() {
        let replay = Replay { most: 2, ..Replay::default() };
        let (key, other) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let at = Timestamp::from_millis;
        let request = |digest: &str| Verified {
            digest: digest.to_owned(),
            may_repeat: false,
            expires_at: at(1_000),
        };
        let code = |key, digest, now| {
            replay.look(key, &request(digest), at(now)).map_err(|error| error.code())
        };
        assert_eq!(code(key, "a", 0), Ok(Verdict::New));
        assert_eq!(code(key, "a", 0), Err(ErrorCode::RequestReplayed));
        assert_eq!(code(key, "b", 0), Ok(Verdict::New));
        assert_eq!(code(key, "c", 0), Err(ErrorCode::RateLimited));
        assert_eq!(code(other, "c", 0), Ok(Verdict::New));
        replay.forget(at(1_000));
        assert_eq!(code(key, "c", 1_000), Ok(Verdict::New));
    }
}
