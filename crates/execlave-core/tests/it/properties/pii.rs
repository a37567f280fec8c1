//! What holds for personal data and secrets in any text.

use execlave_core::detect::{pii, secret};
use execlave_core::redact::{Hash, HashKey, Scrubbing, redact_text, scrub_value, scrub_value_with};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Findings, halves of findings, words that make or unmake them, and separators.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "jane@example.com",
        "@",
        "git@h.io:",
        "123-45-6789",
        "123456789",
        "ssn ",
        "4111 1111 1111 1111",
        "4111",
        "1111 ",
        "+44 20 7946 0958",
        "(022) 0793-176",
        "phone ",
        "785 8949",
        " fax",
        "order ",
        "5551234567",
        "GB29NWBK60161331926819",
        "DE89 3704 0044 0532 0130 00",
        "2001:db8::1",
        "::",
        ":",
        "10.0.0.1",
        "passport ",
        "C01X00T47",
        "912345678",
        "born ",
        "1990-01-02",
        "March 12, 1985",
        "123.456.789-09",
        "AB123456C",
        "1600 Pennsylvania Avenue",
        "CA 94103",
        ", ",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "https://u:pa55@h.io",
        "00:1A:2B:3C:4D:5E",
        "1HGCM82633A004352",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2",
        "sk-ant-api03-AbCdEfGh1234567890",
        "password=",
        "hunter2!Tiger",
        "secret: ",
        "8f14e45fceea167a5a36dedd4bea2543",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLWhlcmU",
        "my name is ",
        "Jane",
        "[PASSPORT_REDACTED]",
        "[",
        "]",
        "_",
        "-",
        ".",
        " ",
        "é",
        "😀",
        "\u{a0}",
        "\u{2011}",
        "\u{200b}",
        "1",
        "0",
        "K",
        "k-",
    ]);
    prop_oneof![5 => known.prop_map(String::from), 1 => any::<String>(), 1 => "[0-9 .:@=_-]{0,24}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![text().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec!["ssn", "password", "phone"]).prop_map(String::from),
            text()
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Sorted, apart, and each a piece of the text.
fn check(
    text: &str,
    ranges: impl Iterator<Item = (std::ops::Range<usize>, f32)>,
) -> Result<(), TestCaseError> {
    let mut last = 0;
    for (range, confidence) in ranges {
        prop_assert!(range.start >= last && range.start < range.end, "{:?} in {:?}", range, text);
        prop_assert!(text.get(range.clone()).is_some(), "{:?} in {:?}", range, text);
        prop_assert!((0.5..=1.0).contains(&confidence));
        last = range.end;
    }
    Ok(())
}

proptest! {
    #[test]
    fn findings_are_pieces_of_the_text(text in text()) {
        check(&text, pii::find_with_names(&text).iter().map(|found| (found.range(), found.confidence)))?;
        check(&text, secret::find(&text).iter().map(|found| (found.range(), found.confidence)))?;
    }

    #[test]
    fn redacted_text_holds_nothing(text in text()) {
        let redacted = redact_text(&text);
        prop_assert!(pii::find(&redacted).is_empty(), "{:?}", redacted);
        prop_assert!(secret::find(&redacted).is_empty(), "{:?}", redacted);
        prop_assert_eq!(redact_text(&redacted), redacted.clone());
    }

    #[test]
    fn scrubbing_twice_is_scrubbing_once_with_keys_and_names(value in value(), keys: bool, names: bool) {
        let scrubbing = Scrubbing { keys, names, hash: Hash::Plain };
        let mut once = value;
        let first = scrub_value_with(&mut once, &scrubbing);
        let mut twice = once.clone();
        let second = scrub_value_with(&mut twice, &scrubbing);
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(first.clean, second.clean);
    }

    #[test]
    fn a_key_changes_hashes_and_nothing_else(value in value(), key in "[a-z]{1,80}") {
        let (mut plain, mut keyed) = (value.clone(), value);
        let hash = Hash::Keyed(HashKey::new(key));
        let without = scrub_value(&mut plain);
        let with = scrub_value_with(&mut keyed, &Scrubbing { hash, ..Scrubbing::default() });
        prop_assert_eq!(&plain, &keyed);
        prop_assert_eq!(without.found.keys().collect::<Vec<_>>(), with.found.keys().collect::<Vec<_>>());
        for (word, hashes) in &with.found {
            prop_assert_eq!(hashes.len(), without.found[word].len());
            for (keyed, plain) in hashes.iter().zip(&without.found[word]) {
                prop_assert!(keyed.len() == 16 && keyed != plain);
            }
        }
    }

    #[test]
    fn what_stands_around_an_address_does_not_move_it(before in "\\PC{0,8}", after in "\\PC{0,8}") {
        let text = format!("{before} <jane@example.com> {after}");
        let place = text.find("jane@").expect("is there");
        let found = pii::find(&text);
        prop_assert!(found.iter().any(|found| found.range() == (place..place + 16)), "{:?}", found);
    }
}

#[test]
fn a_keyed_hash_is_an_hmac() {
    let mut value = json!("jane@example.com");
    let hash = Hash::Keyed(HashKey::new("key"));
    let report = scrub_value_with(&mut value, &Scrubbing { hash, ..Scrubbing::default() });
    assert_eq!(report.found["email"], ["43c915a5fb2a55c3"]);
    assert_eq!(format!("{:?}", HashKey::new("key")), "HashKey(…)");
}
