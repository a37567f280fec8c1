//! How fast detection reads: `cargo bench -p execlave-core --bench detect`.
//!
//! Every row reads the same generated texts of one million bytes. `floor` only counts a byte and says what the
//! memory gives; compare with it, not with a figure from another machine.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use execlave_core::detect::{injection, pii};
use execlave_core::redact::scrub_value;
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const LENGTH: usize = 1_000_000;

/// What the text is like: words and punctuation alone; with numbers, dates, hyphens, URLs and other scripts as they
/// come in ordinary text; or with something to find in every few lines.
const TEXTS: [&str; 3] = ["clean", "ordinary", "full"];

#[divan::bench(args = TEXTS)]
fn floor(bencher: Bencher, kind: &str) {
    read(bencher, kind, |text| text.bytes().filter(|byte| *byte == b'e').count());
}

#[divan::bench(args = TEXTS)]
fn pii_and_secrets(bencher: Bencher, kind: &str) {
    read(bencher, kind, |text| pii::find(text).len());
}

#[divan::bench(args = TEXTS)]
fn scrub(bencher: Bencher, kind: &str) {
    let text = text(kind);
    let lines: Vec<Value> = text.split(". ").map(Value::from).collect();
    bencher
        .counter(BytesCount::of_str(&text))
        .with_inputs(|| json!({ "lines": lines }))
        .bench_values(|mut value| scrub_value(&mut value).found.len());
}

#[divan::bench(args = TEXTS)]
fn injection_scan(bencher: Bencher, kind: &str) {
    read(bencher, kind, |text| injection::scan(text).findings.len());
}

fn read(bencher: Bencher, kind: &str, work: fn(&str) -> usize) {
    let text = text(kind);
    // The detectors are built once in the life of a process.
    work("");
    bencher.counter(BytesCount::of_str(&text)).bench(|| work(black_box(&text)));
}

const WORDS: [&str; 40] = [
    "the", "of", "and", "to", "in", "is", "was", "for", "that", "with", "customer", "please",
    "order", "about", "which", "their", "there", "would", "other", "report", "meeting", "people",
    "system", "result", "between", "quarter", "market", "thanks", "account", "question", "because",
    "through", "another", "support", "service", "could", "after", "before", "should", "product",
];

/// One in fifty words is one of these.
const SPECIAL: [&str; 20] = [
    "café",
    "naïve",
    "Zürich",
    "東京",
    "привет",
    "2024-11-24",
    "12:30",
    "1,250.00",
    "$12.99",
    "state-of-the-art",
    "37",
    "2026",
    "v1.2.3",
    "https://example.com/a?q=b",
    "snake_case",
    "note:",
    "(see",
    "50%",
    "e.g.",
    "A4",
];

/// One in fifty words is one of these.
const FINDINGS: [&str; 6] = [
    "jane.doe@example.com",
    "(555) 123-4567",
    "4111 1111 1111 1111",
    "10.0.0.1",
    "123-45-6789",
    "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2",
];

/// The same text every time.
fn text(kind: &str) -> String {
    let mut text = String::with_capacity(LENGTH + 64);
    let mut state = 1_u64;
    let mut next = |below: usize| {
        // Knuth's MMIX generator; the high bits are the random ones.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    while text.len() < LENGTH {
        let special = next(50) == 0;
        let word = match kind {
            "full" if special => FINDINGS[next(FINDINGS.len())],
            "ordinary" if special => SPECIAL[next(SPECIAL.len())],
            _ => WORDS[next(WORDS.len())],
        };
        text.push_str(word);
        text.push_str(match next(20) {
            0 => ". ",
            1 => ", ",
            _ => " ",
        });
    }
    text
}
