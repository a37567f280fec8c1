//! Stops asking a server that does not answer.
//!
//! One breaker per agent: an error that only one agent's policies provoke must not leave the others ungoverned. It opens after three
//! failed attempts in a row. Sixty seconds after the last failure one caller, and only one, is let through to try; everybody
//! else is turned away until that one knows.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failed attempts in a row that open a breaker.
const THRESHOLD: u32 = 3;
/// How long after the last failure the server is tried again.
const COOLDOWN: Duration = Duration::from_mins(1);
/// Agents whose failures are remembered, which an application that makes up agents must not make without end.
const MOST: usize = 10_000;

/// The breakers of all agents. An agent without failures has no entry.
#[derive(Debug, Default)]
pub(crate) struct Breakers {
    failing: Mutex<HashMap<String, Failing>>,
}

#[derive(Debug)]
struct Failing {
    failures: u32,
    last_failure: Instant,
    last_error: String,
    probing: bool,
}

/// Whether an attempt may be made.
#[derive(Debug)]
pub(crate) enum Admission<'a> {
    /// It may, and must say how it went.
    Pass(Ticket<'a>),
    /// It may not.
    Open { failures: u32, last_error: String },
}

/// One attempt that was let through. Dropping it unsettled, as a cancelled call does, frees the probe for somebody else.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    breakers: &'a Breakers,
    agent: &'a str,
    probe: bool,
}

impl Breakers {
    /// Asks whether an attempt for this agent may be made at this moment.
    pub(crate) fn admit<'a>(&'a self, agent: &'a str) -> Admission<'a> {
        let mut failing = self.lock();
        let mut probe = false;
        if let Some(state) = failing.get_mut(agent).filter(|state| state.failures >= THRESHOLD) {
            if state.probing || state.last_failure.elapsed() <= COOLDOWN {
                return Admission::Open {
                    failures: state.failures,
                    last_error: state.last_error.clone(),
                };
            }
            state.probing = true;
            probe = true;
        }
        Admission::Pass(Ticket { breakers: self, agent, probe })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// The server answered.
    pub(crate) fn success(mut self) {
        self.breakers.lock().remove(self.agent);
        self.probe = false;
    }

    /// It did not. Returns the failures in a row, this one included.
    pub(crate) fn failure(mut self, error: &str) -> u32 {
        let mut failing = self.breakers.lock();
        if failing.len() >= MOST && !failing.contains_key(self.agent) {
            make_room(&mut failing);
        }
        let state = failing.entry(self.agent.to_owned()).or_insert_with(|| Failing {
            failures: 0,
            last_failure: Instant::now(),
            last_error: String::new(),
            probing: false,
        });
        state.failures = state.failures.saturating_add(1);
        state.last_failure = Instant::now();
        error.clone_into(&mut state.last_error);
        if self.probe {
            state.probing = false;
            self.probe = false;
        }
        state.failures
    }
}

/// Forgets failures. Who is forgotten is asked about again, as if nothing had been: that costs attempts, and lets nothing through.
fn make_room(failing: &mut HashMap<String, Failing>) {
    failing.retain(|_, state| state.probing || state.last_failure.elapsed() <= COOLDOWN);
    if failing.len() > MOST / 2 {
        failing.clear();
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.probe
            && let Some(state) = self.breakers.lock().get_mut(self.agent)
        {
            state.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass<'a>(breakers: &'a Breakers, agent: &'a str) -> Ticket<'a> {
        match breakers.admit(agent) {
            Admission::Pass(ticket) => ticket,
            Admission::Open { .. } => panic!("the breaker is open"),
        }
    }

    fn is_open(breakers: &Breakers, agent: &str) -> bool {
        matches!(breakers.admit(agent), Admission::Open { .. })
    }

    fn fail(breakers: &Breakers, agent: &str, times: u32) {
        for _ in 0..times {
            pass(breakers, agent).failure("down");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_open_it_for_that_agent_alone() {
        let breakers = Breakers::default();
        fail(&breakers, "a", 2);
        pass(&breakers, "a").success();
        fail(&breakers, "a", 2);
        assert!(!is_open(&breakers, "a"));
        fail(&breakers, "a", 1);
        assert!(is_open(&breakers, "a"));
        assert!(!is_open(&breakers, "b"));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_minute_exactly_one_probe_passes() {
        let breakers = Breakers::default();
        fail(&breakers, "a", 3);
        tokio::time::advance(COOLDOWN).await;
        assert!(is_open(&breakers, "a"));
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = pass(&breakers, "a");
        assert!(is_open(&breakers, "a"));
        assert_eq!(probe.failure("still down"), 4);
        assert!(is_open(&breakers, "a"));
        tokio::time::advance(COOLDOWN + Duration::from_millis(1)).await;
        pass(&breakers, "a").success();
        assert!(!is_open(&breakers, "a"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_leaves_its_place_to_the_next() {
        let breakers = Breakers::default();
        fail(&breakers, "a", 3);
        tokio::time::advance(COOLDOWN + Duration::from_millis(1)).await;
        drop(pass(&breakers, "a"));
        pass(&breakers, "a").success();
    }
    #[tokio::test(start_paused = true)]
    async fn agents_that_are_made_up_take_no_memory_without_end() {
        let breakers = Breakers::default();
        for agent in 0..3 * MOST {
            fail(&breakers, &agent.to_string(), 1);
            assert!(breakers.lock().len() <= MOST);
        }
        // What is old goes first.
        let breakers = Breakers::default();
        (1..MOST).for_each(|agent| fail(&breakers, &agent.to_string(), 1));
        tokio::time::advance(COOLDOWN * 2).await;
        fail(&breakers, "recent", THRESHOLD);
        fail(&breakers, "one more", 1);
        assert!(is_open(&breakers, "recent"));
        assert_eq!(breakers.lock().len(), 2);
    }
}
