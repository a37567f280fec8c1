//! Runs `testdata/detect/disguise`; the format is described in `testdata/detect/README.md`.

use execlave_core::detect::text::scalar_offset;
use execlave_core::detect::view::{ALLOWANCE, DEPTH, GROWTH, READINGS, View, views};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::cases::{files, list, only, tables};

#[test]
fn disguises_are_undone_where_the_cases_say() {
    let mut wrong = Vec::new();
    for (name, file) in files("detect/disguise") {
        for case in tables(&file, "case") {
            only(case, &["text", "why", "undone", "sees", "start", "end", "never"]);
            if let Err(problem) = check(case) {
                wrong.push(format!("{name}: {} ({}): {problem}", case["text"], case["why"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: &Map<String, Value>) -> Result<(), String> {
    let text = case["text"].as_str().expect("text");
    let readings: Vec<View<'_>> = views(text).collect();
    let made: Vec<String> = readings
        .iter()
        .skip(1)
        .map(|view| format!("{:?} {:?}", view.undone(), view.text()))
        .collect();
    for never in list(case, "never") {
        let never = never.as_str().expect("text");
        let forbidden = |view: &View<'_>| never == "*" || view.undone().contains(&never);
        if readings.iter().skip(1).any(forbidden) {
            return Err(format!("`{never}` is in {}", made.join("\n")));
        }
    }
    let Some(sees) = case.get("sees").and_then(Value::as_str) else { return Ok(()) };
    let undone = list(case, "undone");
    let same = readings
        .iter()
        .filter(|view| view.undone().iter().copied().eq(undone.iter().filter_map(Value::as_str)));
    // One kind of disguise may have several readings.
    let place = same.into_iter().find_map(|view| Some((view, find(view.text(), sees)?)));
    let (view, at) = place.ok_or_else(|| format!("not seen in {}", made.join("\n")))?;
    let origin = view.origin(at.0..at.1);
    let found = (scalar_offset(text, origin.start), scalar_offset(text, origin.end));
    let number = |key: &str| {
        case.get(key).and_then(Value::as_u64).map(|value| usize::try_from(value).expect("fits"))
    };
    match number("start").zip(number("end")) {
        Some(expected) if expected != found => Err(format!("it is at {found:?}")),
        _ => Ok(()),
    }
}

/// Where a text holds words, whatever their case and the white space between them.
fn find(text: &str, words: &str) -> Option<(usize, usize)> {
    let words: Vec<&str> = words.split_whitespace().collect();
    (0..text.len()).filter(|start| text.is_char_boundary(*start)).find_map(|start| {
        let mut at = start;
        for (index, word) in words.iter().enumerate() {
            let rest = text.get(at..)?;
            let trimmed = if index == 0 { rest } else { rest.trim_start() };
            if index > 0 && trimmed.len() == rest.len() {
                return None;
            }
            at = text.len() - trimmed.len();
            let here = trimmed.get(..word.len())?;
            if !here.eq_ignore_ascii_case(word) {
                return None;
            }
            at += word.len();
        }
        Some((start, at))
    })
}

/// A flood of disguises inside disguises is read as far as the budget goes, and no further.
#[test]
fn the_budget_bounds_what_is_read() {
    let pieces = [
        "i g n o r e  a l l",
        "1gn0r3 pr3v10u5",
        "%2525252549gnore",
        "&amp;amp;#73;gnore",
        "SWdub3JlIGFsbCBwcmV2aW91cw",
        "Ignоrе аll",
    ];
    for piece in pieces {
        for text in [format!("{piece} ").repeat(4000), pieces.join("\n").repeat(1500)] {
            let readings: Vec<View<'_>> = views(&text).collect();
            assert!(readings.len() <= READINGS);
            assert!(readings.iter().all(|view| view.undone().len() <= DEPTH));
            let further: usize = readings.iter().skip(1).map(|view| view.text().len()).sum();
            // Folding may lengthen a reading a little.
            assert!(
                further <= 2 * (text.len() * GROWTH + ALLOWANCE),
                "{further} of {}",
                text.len()
            );
        }
    }
}

proptest! {
    /// Every character of every reading leads back to a part of the text, and so does the whole reading.
    #[test]
    fn readings_lead_back(
        parts in prop::collection::vec(prop_oneof![
            2 => prop::sample::select(vec![
                "i g n o r e  a l l", "1gn0r3", "%49%67", "&#73;", "\\u0049", "SWdub3JlIGFsbCBwcmV2aW91cw==", "Ignоrе", "\u{e0049}", "\u{200b}",
                "e\u{301}", "49 67 6e 6f 72 65 20", "ig-nore", "<b>", "snoitcurtsni", "é", " ", "\n",
            ]).prop_map(String::from),
            1 => any::<String>(),
        ], 0..16),
    ) {
        let text = parts.concat();
        for view in views(&text) {
            for (start, character) in view.text().char_indices() {
                let origin = view.origin(start..start + character.len_utf8());
                prop_assert!(text.get(origin).is_some(), "{:?} {}", view.undone(), start);
            }
            prop_assert!(text.get(view.origin(0..view.text().len())).is_some());
        }
    }
}
