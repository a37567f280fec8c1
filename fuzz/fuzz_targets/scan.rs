//! Whatever a text holds: its pieces are judged like the whole, every place can be cut out of it, and what was scrubbed stays as it is.

#![no_main]

use execlave_core::detect::{self, stream::Scanner};
use execlave_core::redact::redact_text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, String)| {
    let (step, text) = input;
    let whole = detect::scan(&text);

    let findings = whole.injection.findings.iter().map(|found| found.range());
    let pii = whole.pii.iter().map(|found| found.range());
    let secrets = whole.secrets.iter().map(|found| found.range());
    for range in findings.chain(pii).chain(secrets) {
        assert!(range.start < range.end, "empty place {range:?}");
        assert!(text.get(range.clone()).is_some(), "no place {range:?}");
    }

    let mut scanner = Scanner::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.ceil_char_boundary(usize::from(step).max(1));
        let (piece, after) = rest.split_at(end);
        scanner.feed(piece);
        assert!(scanner.covered() <= text.len() - after.len());
        rest = after;
    }
    assert_eq!(scanner.finish(), whole);

    let scrubbed = redact_text(&text).into_owned();
    assert_eq!(redact_text(&scrubbed), scrubbed);
});
