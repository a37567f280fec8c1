//! The detectors on one core, beside a pass that only reads.

use std::hint::black_box;
use std::time::{Duration, Instant};

use execlave_core::detect;
use execlave_core::redact::redact_text;

use super::Line;
use super::text::ordinary;

const BYTES: usize = 1 << 20;

pub(super) fn measure(duration: Duration) -> Vec<Line> {
    let text = ordinary(BYTES);
    let floor = rate(&text, duration, |text| text.bytes().map(u64::from).sum::<u64>());
    let line = |what, value| Line {
        what,
        value,
        unit: "MB/s",
        p50_ms: None,
        p99_ms: None,
        of_floor: Some(value / floor),
    };
    vec![
        line("adding up bytes (floor)", floor),
        line(
            "masking personal data and secrets",
            rate(&text, duration, |text| redact_text(text).len()),
        ),
        line(
            "looking for prompt injection",
            rate(&text, duration, |text| detect::injection::scan(text).findings.len()),
        ),
    ]
}

/// Megabytes (10⁶ bytes) a second.
#[expect(clippy::cast_precision_loss, reason = "a few gigabytes are far below 2^52")]
fn rate<T>(text: &str, duration: Duration, work: impl Fn(&str) -> T) -> f64 {
    let started = Instant::now();
    let mut bytes = 0;
    while started.elapsed() < duration {
        black_box(work(black_box(text)));
        bytes += text.len();
    }
    bytes as f64 / 1e6 / started.elapsed().as_secs_f64()
}
