//! Every way to change one thing in an export is found, and the finding says where.

use ed25519_dalek::SigningKey;
use execlave_core::audit::{ExportVerifier, Finding, Problem, TreeHead, Verified};

use super::{entries, head, key, lines, org};

fn verify(export: &[u8], earlier: Vec<TreeHead>) -> Result<Verified, Finding> {
    go_on(ExportVerifier::new(None, earlier), export)
}

fn go_on(mut verifier: ExportVerifier, export: &[u8]) -> Result<Verified, Finding> {
    for line in export.split_inclusive(|byte| *byte == b'\n') {
        verifier.line(line)?;
    }
    verifier.finish()
}

/// The verifier as it is before each line, so that a fault in a late line does not take all the lines before it.
fn before_each(lines: &[Vec<u8>]) -> Vec<ExportVerifier> {
    let mut verifier = ExportVerifier::new(None, Vec::new());
    let mut before = Vec::new();
    for line in lines {
        before.push(verifier.clone());
        verifier.line(line).expect("whole");
    }
    before
}

fn finding(lines: &[Vec<u8>]) -> Finding {
    verify(&lines.concat(), Vec::new()).expect_err("something is wrong")
}

#[test]
fn an_untouched_export_is_whole() {
    for count in [0, 1, 2, 30] {
        let entries = entries(count);
        let verified = verify(&lines(&entries, &key()).concat(), Vec::new()).expect("whole");
        assert_eq!(verified.organization_id, org());
        assert_eq!(verified.tree_head, head(&entries, &key()));
    }
}

#[test]
fn every_changed_byte_is_found_in_its_line() {
    let lines = lines(&entries(30), &key());
    for (verifier, (number, line)) in before_each(&lines).into_iter().zip((1..).zip(&lines)) {
        let after = lines[number..].concat();
        for (place, byte) in line.iter().copied().enumerate() {
            // A line feed has a flipped bit of every kind; elsewhere they take turns.
            let bits = if byte == b'\n' { 0..8 } else { place % 8..place % 8 + 1 };
            let replacements = bits.map(|bit| byte ^ 1 << bit).chain([b'0', b' ', b'\n', 0xff]);
            for replacement in replacements.filter(|replacement| *replacement != byte) {
                let mut changed = line.clone();
                changed[place] = replacement;
                let rest = [changed, after.clone()].concat();
                let found = go_on(verifier.clone(), &rest).expect_err("one byte is another");
                // An id of the header that is still an id makes the first entry somebody else's.
                let is_named = found.line == number as u64
                    || (number, found.line) == (1, 2)
                        && matches!(found.problem, Problem::OtherOrganization(_));
                assert!(is_named, "{number}:{place}: {byte} became {replacement}: {found}");
            }
        }
    }
}

#[test]
fn every_inserted_or_removed_byte_is_found() {
    let export = lines(&entries(5), &key()).concat();
    for place in 0..export.len() {
        let mut shorter = export.clone();
        shorter.remove(place);
        verify(&shorter, Vec::new()).expect_err("one byte is gone");
        for byte in [b' ', b'0', b'\n', b','] {
            let mut longer = export.clone();
            longer.insert(place, byte);
            verify(&longer, Vec::new()).expect_err("there is one byte more");
        }
    }
}

#[test]
fn every_deleted_line_is_found_and_named() {
    let whole = lines(&entries(30), &key());
    for place in 0..whole.len() {
        let mut shorter = whole.clone();
        shorter.remove(place);
        let finding = finding(&shorter);
        let expected = i64::try_from(place).expect("small");
        match place {
            0 => assert!(matches!(finding.problem, Problem::Unreadable(_)), "{finding}"),
            30 => {
                assert_eq!(finding.problem, Problem::Truncated { expected: 30, found: 29 });
            }
            31 => assert_eq!(finding.problem, Problem::Incomplete),
            _ => {
                assert_eq!(finding.problem, Problem::Missing { expected, found: expected + 1 });
                assert_eq!(finding.idx, Some(expected));
            }
        }
    }
}

#[test]
fn every_swap_of_neighbours_is_found_and_named() {
    let whole = lines(&entries(30), &key());
    for place in 0..whole.len() - 1 {
        let mut swapped = whole.clone();
        swapped.swap(place, place + 1);
        let finding = finding(&swapped);
        let expected = i64::try_from(place).expect("small");
        match place {
            0 => assert!(matches!(finding.problem, Problem::Unreadable(_)), "{finding}"),
            30 => assert_eq!(finding.problem, Problem::Truncated { expected: 30, found: 29 }),
            _ => assert_eq!(finding.problem, Problem::Missing { expected, found: expected + 1 }),
        }
        assert_eq!(finding.line, place as u64 + 1);
    }
}

#[test]
fn every_repeated_line_is_found_and_named() {
    let whole = lines(&entries(30), &key());
    for place in 0..whole.len() {
        let mut longer = whole.clone();
        longer.insert(place, whole[place].clone());
        let finding = finding(&longer);
        let found = i64::try_from(place).expect("small");
        match place {
            0 => assert!(matches!(finding.problem, Problem::Unreadable(_)), "{finding}"),
            31 => assert_eq!(finding.problem, Problem::Trailing),
            _ => assert_eq!(finding.problem, Problem::OutOfOrder { expected: found + 1, found }),
        }
        assert_eq!(finding.line, place as u64 + 2);
    }
}

#[test]
fn every_truncation_is_found_and_named() {
    let lines = lines(&entries(30), &key());
    for (verifier, line) in before_each(&lines).into_iter().zip(&lines) {
        for length in 0..line.len() {
            let found = go_on(verifier.clone(), &line[..length]).expect_err("the end is missing");
            assert_eq!(found.problem, Problem::Incomplete, "{length} bytes: {found}");
        }
    }
}

#[test]
fn a_history_that_is_consistent_in_itself_is_found_with_an_earlier_head() {
    let before = entries(12);
    let kept = head(&before[..9], &key());
    let whole = lines(&entries(30), &key()).concat();
    verify(&whole, vec![kept.clone(), head(&before, &key()), head(&[], &key())]).expect("grown");

    // Everything after the change is hashed, chained and signed again, with the right key.
    let mut rewritten = entries(30);
    rewritten[4].actor = "user:eve".into();
    for place in 4..rewritten.len() {
        rewritten[place].prev_hash = rewritten[place - 1].hash;
        rewritten[place].hash = rewritten[place].expected_hash();
    }
    let rewritten = lines(&rewritten, &key()).concat();
    verify(&rewritten, Vec::new()).expect("it is consistent in itself");
    let found = verify(&rewritten, vec![kept.clone()]).expect_err("another history");
    assert_eq!(found.problem, Problem::Rewritten { size: 9, at: kept.at });

    // An older state, cut off and signed again.
    let shorter = lines(&before[..5], &key()).concat();
    verify(&shorter, Vec::new()).expect("it is consistent in itself");
    let found = verify(&shorter, vec![kept]).expect_err("the end is gone");
    assert_eq!(found.problem, Problem::Truncated { expected: 9, found: 5 });
}

#[test]
fn an_export_signed_by_somebody_else_is_found_when_the_keys_are_known() {
    let forger = SigningKey::from_bytes(&[8; 32]);
    let export = lines(&entries(3), &forger).concat();
    let check = |trusted| go_on(ExportVerifier::new(trusted, Vec::new()), &export);
    check(None).expect("it brings its own key");
    let found = check(Some(vec![key().verifying_key()])).expect_err("the key is not ours");
    assert!(matches!(found.problem, Problem::UnknownKey(_)), "{found}");
}

#[test]
fn findings_name_line_entry_and_fault() {
    let mut lines = lines(&entries(3), &key());
    lines.remove(2);
    assert_eq!(
        finding(&lines).to_string(),
        "line 3, entry 2: entries are missing: 2 should be here, and 3 is"
    );
}
