//! Whatever a text hides: the readings stay within their budget, and every part of them leads back to a part of the text.

#![no_main]

use execlave_core::detect::view::{ALLOWANCE, DEPTH, GROWTH, READINGS, views};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut count = 0;
    let mut further = 0;
    for view in views(text) {
        count += 1;
        assert!(view.undone().len() <= DEPTH);
        if !view.undone().is_empty() {
            further += view.text().len();
        }
        let reading = view.text();
        let mut last = None;
        for (start, character) in reading.char_indices() {
            let origin = view.origin(start..start + character.len_utf8());
            assert!(text.get(origin.clone()).is_some(), "no place {origin:?} for {start} in {:?}", view.undone());
            last = Some(start + character.len_utf8());
        }
        if let Some(end) = last {
            assert!(text.get(view.origin(0..end)).is_some());
        }
    }
    assert!(count <= READINGS);
    // Folding makes a character at most eighteen bytes long.
    assert!(further <= 18 * (text.len() * GROWTH + ALLOWANCE));
});
