//! Bypasses, counted together by agent and reason.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use execlave_api::bypasses::{BypassWindowBody, DroppedBypasses};
use tokio::time::Instant;

use super::Occurrence;
use crate::clock;

/// A window without a bypass for so long is over.
const IDLE: Duration = Duration::from_mins(1);
/// A window is over after so long in any case.
const OLDEST: Duration = Duration::from_mins(15);
/// Closed windows that wait; one more drops the oldest.
const CLOSED: usize = 500;
/// Open windows, which an application that makes up agents must not make without end.
const OPEN: usize = 500;
/// Windows in one report.
const BATCH: usize = 100;
/// UTF-16 units of an agent's id, of a reason or source, and of a message, that are kept.
const AGENT_UNITS: usize = 256;
const WORD_UNITS: usize = 64;
const MESSAGE_UNITS: usize = 500;
/// What the server counts to.
const MOST: i64 = 1_000_000_000;
const MOST_FAILURES: u32 = 1_000_000;

/// Everything that the server was not told yet.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: HashMap<(String, String), Open>,
    closed: VecDeque<BypassWindowBody>,
    dropped: Option<DroppedBypasses>,
}

#[derive(Debug)]
struct Open {
    body: BypassWindowBody,
    began: Instant,
    last: Instant,
}

impl Windows {
    /// Counts one.
    pub(super) fn add(&mut self, bypass: &Occurrence<'_>, now: Instant) {
        let agent_id = or_unknown(cut(bypass.agent_id, AGENT_UNITS));
        let word = |text| or_unknown(cut(text, WORD_UNITS));
        let key = (agent_id.clone(), word(bypass.reason));
        if self.open.len() >= OPEN && !self.open.contains_key(&key) {
            self.close_where(|_, _| true);
        }
        let at = clock::now().to_string();
        let window = self.open.entry(key).or_insert_with(|| Open {
            body: BypassWindowBody {
                window_id: clock::new_id().to_string(),
                agent_id,
                reason: word(bypass.reason),
                source: word(bypass.source),
                first_at: at.clone(),
                last_at: at.clone(),
                count: 0,
                message: None,
                status: None,
                consecutive_failures: None,
            },
            began: now,
            last: now,
        });
        window.last = now;
        let body = &mut window.body;
        body.last_at = at;
        body.count = (body.count + 1).min(MOST);
        let message = cut(bypass.message, MESSAGE_UNITS);
        body.message = (!message.is_empty()).then_some(message);
        body.status = bypass.status.map(i64::from);
        body.consecutive_failures =
            bypass.consecutive_failures.map(|failures| failures.min(MOST_FAILURES).into());
    }

    /// Closes the windows of an agent.
    pub(super) fn close_of(&mut self, agent_id: &str) {
        if !self.open.is_empty() {
            let agent_id = cut(agent_id, AGENT_UNITS);
            self.close_where(|(agent, _), _| *agent == agent_id);
        }
    }

    /// Closes what nothing was added to for a while, or what is open for long.
    pub(super) fn close_old(&mut self, now: Instant) {
        self.close_where(|_, window| now - window.last >= IDLE || now - window.began >= OLDEST);
    }

    /// Closes all.
    pub(super) fn close_all(&mut self) {
        self.close_where(|_, _| true);
    }

    /// The windows of the next report.
    pub(super) fn oldest(&self) -> Vec<BypassWindowBody> {
        self.closed.iter().take(BATCH).cloned().collect()
    }

    /// What was forgotten since the last report that arrived.
    pub(super) fn dropped(&self) -> Option<DroppedBypasses> {
        self.dropped.clone()
    }

    /// Forgets what the server has. A loss that has grown meanwhile is another one.
    pub(super) fn settle(&mut self, windows: &[String], drop_id: Option<&str>) {
        self.closed.retain(|window| !windows.contains(&window.window_id));
        self.dropped.take_if(|dropped| Some(dropped.drop_id.as_str()) == drop_id);
    }

    /// How many bypasses the server was not told of.
    pub(super) fn bypasses(&self) -> i64 {
        let open = self.open.values().map(|window| window.body.count);
        let closed = self.closed.iter().map(|window| window.count);
        let dropped = self.dropped.iter().map(|dropped| dropped.bypasses);
        open.chain(closed).chain(dropped).sum()
    }

    fn close_where(&mut self, is_over: impl Fn(&(String, String), &Open) -> bool) {
        for (_, window) in self.open.extract_if(|key, window| is_over(key, window)) {
            if self.closed.len() >= CLOSED
                && let Some(oldest) = self.closed.pop_front()
            {
                let before = self.dropped.take();
                let since = before.as_ref().and_then(|dropped| dropped.since.clone());
                self.dropped = Some(DroppedBypasses {
                    // Another id: the server may know the smaller loss already.
                    drop_id: clock::new_id().to_string(),
                    windows: before.as_ref().map_or(0, |dropped| dropped.windows) + 1,
                    bypasses: before.as_ref().map_or(0, |dropped| dropped.bypasses) + oldest.count,
                    since: since.or(Some(oldest.first_at)),
                });
            }
            self.closed.push_back(window.body);
        }
    }
}

/// The beginning of a text, counted as the server counts; what it would refuse becomes U+FFFD.
fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    text.chars()
        .map(|character| if character == '\0' { char::REPLACEMENT_CHARACTER } else { character })
        .take_while(|character| {
            let fits = character.len_utf16() <= left;
            left = left.saturating_sub(character.len_utf16());
            fits
        })
        .collect()
}

fn or_unknown(text: String) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bypass<'a>(agent_id: &'a str, reason: &'a str) -> Occurrence<'a> {
        Occurrence {
            agent_id,
            reason,
            source: "fail_open",
            message: LONG,
            status: None,
            consecutive_failures: Some(u32::MAX),
        }
    }

    const LONG: &str = match std::str::from_utf8(&[0; 600]) {
        Ok(text) => text,
        Err(_) => "",
    };

    #[test]
    fn bypasses_of_one_agent_for_one_reason_are_counted_together() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        for reason in ["network_error", "network_error", "circuit_breaker_open"] {
            windows.add(&bypass("a", reason), now);
        }
        windows.add(&bypass("", "network_error"), now);
        assert!(windows.oldest().is_empty());
        windows.close_of("a");
        let mut counts: Vec<_> =
            windows.oldest().into_iter().map(|window| (window.reason, window.count)).collect();
        counts.sort();
        assert_eq!(counts, [("circuit_breaker_open".into(), 1), ("network_error".into(), 2)]);
        windows.close_all();
        let last = windows.oldest().pop().expect("a window");
        assert_eq!(
            (last.agent_id.as_str(), last.consecutive_failures),
            ("unknown", Some(1_000_000))
        );
        assert_eq!(last.message.map(|message| message.chars().count()), Some(500));
    }

    #[test]
    fn a_window_is_over_when_it_is_idle_or_old() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        let reason = "network_error";
        windows.add(&bypass("a", reason), now);
        for minute in 1..=15 {
            windows.add(&bypass("a", reason), now + Duration::from_secs(59) * minute);
        }
        windows.close_old(now + Duration::from_secs(59 * 15));
        assert!(windows.oldest().is_empty());
        windows.close_old(now + OLDEST);
        assert_eq!(windows.oldest().len(), 1);
        windows.add(&bypass("b", reason), now);
        windows.close_old(now + IDLE);
        assert_eq!(windows.oldest().len(), 2);
    }

    #[test]
    fn what_is_forgotten_is_counted_and_reported_once() {
        let (mut windows, now) = (Windows::default(), Instant::now());
        for agent in 0..CLOSED + 3 {
            windows.add(&bypass(&agent.to_string(), "server_error"), now);
            windows.close_all();
        }
        assert_eq!(windows.bypasses(), 503);
        let dropped = windows.dropped().expect("a loss");
        assert_eq!((dropped.windows, dropped.bypasses), (3, 3));
        let ids: Vec<_> = windows.oldest().into_iter().map(|window| window.window_id).collect();
        assert_eq!(ids.len(), BATCH);
        windows.settle(&ids, Some(&dropped.drop_id));
        assert_eq!(windows.bypasses(), 400);
        assert!(windows.dropped().is_none());
    }
}
