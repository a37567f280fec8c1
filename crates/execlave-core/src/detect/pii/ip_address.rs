//! # What it finds
//! `IPv4` and `IPv6` addresses: `192.168.0.1`, `2001:db8::8a2e:370:7334`, `::ffff:192.0.2.1`.
//!
//! # How it is checked
//! `IPv4`: four numbers up to 255 without leading zeros. `IPv6`: eight groups of up to four hexadecimal digits, or
//! fewer around one `::`; with `::` one group has three digits or more and one of them is a decimal digit.
//!
//! # What it leaves alone
//! Longer dotted numbers, versions (`v1.2.3.4`, `version 1.2.3.4`), times, hardware addresses and the paths of programming
//! languages (`std::fmt`, `a::b`).
//!
//! # References
//! RFC 791, RFC 4291 section 2.2, RFC 5952.

use crate::detect::candidates::detector::{Detector, Hit, Reads, weigh};
use crate::detect::candidates::number::{Gap, Number};
use crate::detect::source::{Reach, Source, Words, is_alnum};

pub(super) const DETECTOR: Detector =
    Detector { reads: &[Reads::ShortNumber(version_4), Reads::Colon(version_6)] };

static NAMES: Words = Words::new(&[
    "ip", "address", "host", "server", "from", "client", "ping", "dns", "gateway", "addr",
]);
static OTHERS: Words = Words::new(&[
    "version",
    "release",
    "build",
    "firmware",
    "section",
    "chapter",
    "clause",
    "paragraph",
    "revision",
    "driver",
]);
const REACH: Reach = Reach { before: 24, after: 0 };

fn version_4(number: &Number<'_>) -> Option<Hit> {
    let groups = number.groups().get(..4)?;
    let dotted = groups.iter().skip(1).all(|group| group.gap == Gap::Dot);
    let in_range = groups.iter().all(|group| {
        let digits = number.source.slice(group.start..group.end);
        let value = digits.iter().fold(0u32, |value, byte| {
            value.saturating_mul(10).saturating_add(u32::from(byte & 0x0f))
        });
        value <= 255 && digits.len() <= 3 && (digits.len() == 1 || !digits.starts_with(b"0"))
    });
    if !dotted
        || !in_range
        || !number.starts_clean_in_url()
        || !ends(number.source, number.end_of(4))
    {
        return None;
    }
    let named = number.near(4, REACH, &NAMES);
    let other = !named && number.near(4, REACH, &OTHERS);
    Some(Hit::likely(number.range(4), weigh(0.75, named, other)))
}

/// A port, a prefix length or a path may follow; another number of the same kind may not.
fn ends(source: Source<'_>, end: usize) -> bool {
    let next = source.at(end);
    !is_alnum(next)
        && next != b'_'
        && !(next == b'.' && source.at(end.saturating_add(1)).is_ascii_digit())
}

fn is_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

fn version_6(source: Source<'_>, colon: usize) -> Option<Hit> {
    let next = source.at(colon.saturating_add(1));
    if !(next.is_ascii_hexdigit() || next == b':') {
        return None;
    }
    let start = source.run_start(colon, colon.saturating_sub(5), |byte| byte.is_ascii_hexdigit());
    let mut end = source.run_end(start, 46, is_address);
    while end > start
        && (source.before(end) == b'.'
            || (source.before(end) == b':' && !source.head(end).ends_with(b"::")))
    {
        end = end.saturating_sub(1);
    }
    let front = source.before(start);
    if is_alnum(front)
        || matches!(front, b':' | b'.' | b'_')
        || is_alnum(source.at(end))
        || source.at(end) == b':'
    {
        return None;
    }
    let text = source.slice(start..end);
    is_version_6(text).then(|| Hit::proven(start..end, 0.9))
}

fn is_version_6(text: &[u8]) -> bool {
    // An embedded `IPv4` address stands for two groups.
    let (text, embedded) = match text.iter().position(|byte| *byte == b'.') {
        None => (text, 0),
        Some(dot) => {
            let colon = text.get(..dot).unwrap_or_default().iter().rposition(|byte| *byte == b':');
            let Some(colon) = colon else { return false };
            let tail = text.get(colon.saturating_add(1)..).unwrap_or_default();
            let parts = tail.split(|byte| *byte == b'.');
            let valid = parts.clone().count() == 4
                && parts.clone().all(|part| {
                    (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
                });
            if !valid {
                return false;
            }
            (text.get(..=colon).unwrap_or_default(), 2usize)
        }
    };
    let doubles = text.windows(2).filter(|pair| *pair == b"::").count();
    let groups = || text.split(|byte| *byte == b':').filter(|group| !group.is_empty());
    let count = groups().count().saturating_add(embedded);
    if groups().any(|group| group.len() > 4) || text.windows(3).any(|three| three == b":::") {
        return false;
    }
    let digit = embedded > 0 || text.iter().any(u8::is_ascii_digit);
    match doubles {
        0 => count == 8 && !text.starts_with(b":") && (embedded > 0 || !text.ends_with(b":")),
        1 => {
            let telling = groups().any(|group| group.len() >= 3) || count >= 4;
            (1..=7).contains(&count) && digit && telling
        }
        _ => false,
    }
}
