//! Runs `testdata/detect/pii` and `testdata/detect/secret`; the format is described there.

use execlave_core::detect::pii::PiiType;
use execlave_core::detect::secret::SecretKind;
use execlave_core::detect::text::scalar_offset;
use execlave_core::detect::{pii, secret};
use serde_json::json;

use crate::cases::{file, files, list, only, tables};

#[test]
fn personal_data_is_found_where_the_cases_say() {
    check("detect/pii", PiiType::ALL, |word, text| {
        let found =
            if word == "person_name" { pii::find_with_names(text) } else { pii::find(text) };
        found.iter().map(|found| (found.pii_type.as_str(), found.start, found.end)).collect()
    });
}

#[test]
fn secrets_are_found_where_the_cases_say() {
    check("detect/secret", SecretKind::ALL, |_, text| {
        let found = secret::find(text);
        found.iter().map(|found| (found.kind.as_str(), found.start, found.end)).collect()
    });
}

#[test]
fn names_are_left_alone_unless_asked_for() {
    assert!(pii::find("my name is Jane Doe").is_empty());
}

#[test]
fn a_telling_word_makes_a_finding_surer() {
    let confidence = |text: &str| pii::find(text).first().map(|found| found.confidence);
    assert!(confidence("phone 5551234567") > confidence("5551234567"));
    assert!(confidence("invoice 5551234567").is_none());
}

/// One file for each type; a finding of another type counts as wrong.
fn check<T: Copy + std::fmt::Display>(
    folder: &str,
    types: &[T],
    find: impl Fn(&str, &str) -> Vec<(&'static str, usize, usize)>,
) {
    let mut named: Vec<String> = types.iter().map(ToString::to_string).collect();
    named.sort();
    let written: Vec<String> = files(folder).into_iter().map(|(name, _)| name).collect();
    assert_eq!(written, named, "one file for each type");
    let mut wrong = Vec::new();
    for name in named {
        let path = format!("{folder}/{name}.toml");
        let cases = file(&path);
        let (mut hits, mut misses) = (0, 0);
        for case in tables(&cases, "case") {
            only(case, &["text", "why", "findings"]);
            let text = case["text"].as_str().expect("text");
            let found = find(&name, text).into_iter().map(|(kind, start, end)| {
                json!({"type": kind, "start": scalar_offset(text, start), "end": scalar_offset(text, end)})
            });
            let (found, expected) = (found.collect::<Vec<_>>(), list(case, "findings"));
            *(if expected.is_empty() { &mut misses } else { &mut hits }) += 1;
            if found != expected {
                wrong.push(format!(
                    "{path}: {text:?} ({})\n  {found:?}\n  {expected:?}",
                    case["why"]
                ));
            }
        }
        assert!(hits > 0 && misses > 0, "{path}: cases with and without findings");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
