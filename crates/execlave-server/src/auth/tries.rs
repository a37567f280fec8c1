//! How often somebody has tried to sign in without success: after some tries they wait.
//!
//! Kept in the memory of each server, so that a flood of wrong passwords writes nothing. A restart forgives, and several servers allow
//! as many times more; both leave a guesser without hope at these numbers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use execlave_api::error::ErrorCode;
use execlave_core::time::Timestamp;

use crate::error::{AppError, AppResult};

/// Tries within [`WINDOW_MS`].
const MOST: usize = 10;
const WINDOW_MS: i64 = 15 * 60_000;
/// Names and addresses that are remembered at most; then those that were quiet for longest are forgotten.
const REMEMBERED: usize = 20_000;

/// Who tries: an account by its address in lower case, or a machine by where it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trier {
    /// Whether or not there is such an account.
    Account(String),
    /// An IP address.
    Machine(String),
}

/// The tries of the last minutes.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<Trier, Vec<Timestamp>>>);

impl Tries {
    /// Notes a try of all of these at once, or says how long to wait. It counts until it is forgiven, so that many tries at the same
    /// moment are not all let through.
    pub(crate) fn begin(&self, who: &[Trier], now: Timestamp) -> AppResult<()> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus_millis(-WINDOW_MS);
        for trier in who {
            let Some(times) = known.get_mut(trier) else { continue };
            times.retain(|at| *at > since);
            if let (Some(first), true) = (times.first(), times.len() >= MOST) {
                return Err(too_many(first.plus_millis(WINDOW_MS).millis_since(now)));
            }
        }
        for trier in who {
            known.entry(trier.clone()).or_default().push(now);
        }
        if known.len() > REMEMBERED {
            forget(&mut known, since);
        }
        Ok(())
    }

    /// Takes one try back that neither failed nor let anybody in. What went wrong before stays counted.
    pub(crate) fn withdraw(&self, who: &[Trier], at: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for trier in who {
            if remove_one(known.get_mut(trier), at) {
                known.remove(trier);
            }
        }
    }

    /// Takes a try back: it succeeded. What went wrong for the account before is forgiven; a machine keeps its failures, since it may
    /// have an account of its own.
    pub(crate) fn forgive(&self, who: &[Trier], at: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for trier in who {
            let is_empty = match trier {
                Trier::Account(_) => true,
                Trier::Machine(_) => remove_one(known.get_mut(trier), at),
            };
            if is_empty {
                known.remove(trier);
            }
        }
    }
}

/// Removes one try; whether none is left.
fn remove_one(times: Option<&mut Vec<Timestamp>>, at: Timestamp) -> bool {
    let Some(times) = times else { return false };
    if let Some(place) = times.iter().position(|time| *time == at) {
        times.remove(place);
    }
    times.is_empty()
}

fn forget(tries: &mut HashMap<Trier, Vec<Timestamp>>, since: Timestamp) {
    tries.retain(|_, times| times.last().is_some_and(|last| *last > since));
    if tries.len() <= REMEMBERED {
        return;
    }
    let mut last: Vec<Timestamp> =
        tries.values().filter_map(|times| times.last().copied()).collect();
    last.sort_unstable();
    let middle = last[last.len() / 2];
    tries.retain(|_, times| times.last().is_some_and(|last| *last > middle));
}

fn too_many(wait_ms: i64) -> AppError {
    let seconds = u64::try_from(wait_ms).unwrap_or_default().div_ceil(1_000).max(1);
    let minutes = seconds.div_ceil(60);
    let message = format!(
        "too many failed tries to sign in: wait {minutes} minutes, or ask an administrator for a one-time link"
    );
    AppError::new(ErrorCode::RateLimited, message).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + minutes * 60_000)
    }

    fn account(name: &str) -> Trier {
        Trier::Account(name.to_owned())
    }

    #[test]
    fn ten_tries_in_a_quarter_of_an_hour() {
        let tries = Tries::default();
        let ada = [account("ada"), Trier::Machine("192.0.2.1".to_owned())];
        for minute in 0..10 {
            tries.begin(&ada, at(minute)).expect("fewer than eleven");
        }
        assert!(tries.begin(&ada, at(14)).is_err());
        assert!(tries.begin(&[account("ada")], at(14)).is_err(), "from elsewhere neither");
        assert!(tries.begin(&ada[1..], at(14)).is_err(), "nor for another account");
        tries.begin(&[account("bob")], at(14)).expect("somebody else from elsewhere");
        tries.begin(&ada, at(15)).expect("the first is a quarter of an hour old");
        assert!(tries.begin(&ada, at(15)).is_err());
    }

    #[test]
    fn success_forgives_the_account_and_one_try_of_the_machine() {
        let tries = Tries::default();
        let both = [account("ada"), Trier::Machine("192.0.2.1".to_owned())];
        for minute in 0..10 {
            tries.begin(&both, at(minute)).expect("fewer than eleven");
        }
        tries.forgive(&both, at(9));
        tries.begin(&both, at(10)).expect("one of the machine's is free again");
        assert!(tries.begin(&both, at(10)).is_err());
    }

    #[test]
    fn a_try_that_is_withdrawn_forgives_no_other() {
        let tries = Tries::default();
        let ada = [account("ada"), Trier::Machine("192.0.2.1".to_owned())];
        for minute in 0..9 {
            tries.begin(&ada, at(minute)).expect("fewer than ten");
            tries.begin(&ada, at(minute)).expect("fewer than eleven");
            tries.withdraw(&ada, at(minute));
        }
        tries.begin(&ada, at(9)).expect("the tenth");
        assert!(tries.begin(&ada, at(9)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let tries = Tries::default();
        for number in 0..=REMEMBERED {
            let when = at(0).plus_millis(i64::try_from(number).expect("small"));
            tries.begin(&[account(&number.to_string())], when).expect("new");
        }
        let remembered = tries.0.lock().expect("unlocked").len();
        assert!(remembered <= REMEMBERED, "{remembered}");
    }
}
