//! # What it finds
//! Slack tokens of bots, users, applications and legacy kinds (`xoxb-…`, `xapp-…`) and incoming webhooks.
//!
//! # How it is checked
//! Ten characters or more behind the prefix; three parts behind `hooks.slack.com/services/`.
//!
//! # What it leaves alone
//! Shorter words with the same beginning.
//!
//! # References
//! Slack, "Token types" and "Sending messages using incoming webhooks".

use super::key;
use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::{Source, is_wide};

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Prefix("xox", token),
        Reads::Prefix("xapp-", |source, start| key(source, start, "xapp-", 10..=255, is_wide)),
        Reads::Colon(webhook),
    ],
};

fn token(source: Source<'_>, start: usize) -> Option<Hit> {
    let kind = source.at(start.saturating_add(3));
    (b"abeoprs".contains(&kind) && source.at(start.saturating_add(4)) == b'-').then_some(())?;
    key(source, start, "xoxb-", 10..=255, is_wide)
}

const HOOK: &[u8] = b"://hooks.slack.com/services/";

fn webhook(source: Source<'_>, colon: usize) -> Option<Hit> {
    source.rest(colon).starts_with(HOOK).then_some(())?;
    let start = colon.saturating_add(HOOK.len());
    let end = source.run_end(start, 128, |byte| byte.is_ascii_alphanumeric() || byte == b'/');
    let parts = source.slice(start..end).split(|byte| *byte == b'/');
    (parts.clone().count() == 3 && parts.clone().all(|part| part.len() >= 8))
        .then(|| Hit::proven(start..end, 0.95))
}
