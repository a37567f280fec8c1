//! How far a long scan is, for the person who waits for it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);

/// Shown on a terminal only, and only while the answers go elsewhere.
#[derive(Debug)]
pub(super) struct Progress {
    /// Bytes in all; zero shows nothing.
    length: u64,
    done: u64,
    began: Instant,
    shown: Option<Instant>,
}

impl Progress {
    /// Nothing is shown: how much is to come is not known.
    pub(super) fn silent() -> Self {
        Self::of(0)
    }

    /// Of so many bytes.
    pub(super) fn of(length: u64) -> Self {
        let seen = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { length: if seen { length } else { 0 }, done: 0, began: Instant::now(), shown: None }
    }

    /// So many bytes more are done.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if self.length == 0 || self.shown.is_some_and(|shown| shown.elapsed() < INTERVAL) {
            return;
        }
        self.shown = Some(Instant::now());
        self.show(&line(self.done, self.length, self.began.elapsed()));
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.shown.is_some() {
            self.show("");
        }
    }

    #[expect(clippy::unused_self, reason = "it is shown for this progress")]
    fn show(&self, line: &str) {
        // Nobody may be there to see it.
        let _shown = write!(io::stderr(), "\r\u{1b}[K{line}");
    }
}

fn line(done: u64, length: u64, elapsed: Duration) -> String {
    let percent = done.min(length) * 100 / length.max(1);
    let bar = "#".repeat(usize::try_from(percent / 5).unwrap_or(0));
    let milliseconds = elapsed.as_millis().max(1);
    let speed = u128::from(done) / 1000 / milliseconds;
    format!("[{bar:20}] {percent:3} %  {speed} MB/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let shown = line(50_000_000, 100_000_000, Duration::from_secs(1));
        assert_eq!(shown, "[##########          ]  50 %  50 MB/s");
    }
}
