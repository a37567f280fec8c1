//! # What it finds
//! Values that their name gives away: `password = "hunter2!Tiger"`, `CLIENT_SECRET=8f14e45fceea167a5a36dedd4bea2543`,
//! `"api_key": "…"`.
//!
//! # How it is checked
//! The name ends in a word for a secret. A password has eight characters or more of two kinds (small, capital, digit,
//! sign); any other secret has sixteen or more, letters and digits, and an entropy of three bits for each character.
//!
//! # What it leaves alone
//! Placeholders (`<password>`, `${TOKEN}`, `changeme`), code that fetches a secret (`os.environ["TOKEN"]`), plain words
//! and plain numbers.
//!
//! # References
//! C. E. Shannon, "A Mathematical Theory of Communication" (1948), for the entropy.

use crate::detect::candidates::assignment::{Assignment, is_placeholder};
use crate::detect::candidates::detector::{Detector, Hit, Reads};

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Assignment(look)] };

const PASSWORDS: &[&str] = &["password", "passwd", "pwd", "passphrase", "passwort", "motdepasse"];
const SECRETS: &[&str] = &[
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "encryptionkey",
    "signingkey",
    "authkey",
    "accountkey",
    "sharedaccesskey",
    "credential",
    "credentials",
    "apisecret",
    "masterkey",
    "webhookkey",
];

fn look(assignment: &Assignment<'_>) -> Option<Hit> {
    let password = assignment.is_named(PASSWORDS);
    if !password && !assignment.is_named(SECRETS) {
        return None;
    }
    let secret = if password { is_password(assignment) } else { is_secret(assignment.value) };
    if !secret || is_placeholder(assignment.value) || is_code(assignment) {
        return None;
    }
    Some(Hit::likely(assignment.range.clone(), if password { 0.75 } else { 0.8 }))
}

fn is_password(assignment: &Assignment<'_>) -> bool {
    let value = assignment.value;
    let kinds: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        u8::is_ascii_punctuation,
    ];
    let used = kinds.iter().filter(|kind| value.iter().any(kind)).count();
    let telling = value.iter().any(u8::is_ascii_digit) || used >= 3;
    value.len() >= 8 && used >= 2 && telling && !value.contains(&b' ')
}

fn is_secret(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let plain = value.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' | b'%' | b':' | b'!')
    });
    value.len() >= 16 && digits >= 2 && letters >= 2 && plain && entropy(value) >= 3.0
}

/// A call, an index or a path of names fetches a secret and is none.
fn is_code(assignment: &Assignment<'_>) -> bool {
    let value = assignment.value;
    let call = value.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{'));
    let path = value.contains(&b'.')
        && value.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_'));
    !assignment.quoted && (call || path)
}

/// Bits for each character.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    shares.map(|share| -share * share.log2()).sum()
}
