//! A name, a `=` or `:`, and a value: how secrets without a form of their own are recognised.

use std::ops::Range;

use crate::detect::source::Source;

/// The longest value; what is longer is data.
const LONGEST: usize = 256;

/// A name with its value.
#[derive(Debug)]
pub(crate) struct Assignment<'t> {
    /// The text around it.
    pub(crate) source: Source<'t>,
    /// The name as written, without quotes.
    pub(crate) name: &'t [u8],
    /// The value.
    pub(crate) value: &'t [u8],
    /// Where the value stands, without quotes.
    pub(crate) range: Range<usize>,
    /// Whether it is in quotes.
    pub(crate) quoted: bool,
}

/// The assignment around a `=` or `:`.
pub(crate) fn read(source: Source<'_>, sign: usize) -> Option<Assignment<'_>> {
    // Most signs stand behind something else: `12:30`, `a == b`, `https://`.
    if source.before(sign).is_ascii_digit()
        || matches!(source.at(sign.saturating_add(1)), b'/' | b':')
    {
        return None;
    }
    let name_end = source.run_start(sign, sign.saturating_sub(3), |byte| {
        matches!(byte, b' ' | b'"' | b'\'' | b'`' | b'*' | b']')
    });
    let name_start = source.run_start(name_end, name_end.saturating_sub(64), is_name);
    let name = source.slice(name_start..name_end);
    is_telling(name).then_some(())?;
    // `=>`, `:=` and `: ` lead to the value like `=`.
    let mut start = source
        .run_end(sign.saturating_add(1), 4, |byte| matches!(byte, b' ' | b'=' | b'>' | b'\t'));
    let quote = source.at(start);
    let quoted = matches!(quote, b'"' | b'\'' | b'`');
    start = start.saturating_add(usize::from(quoted));
    let rest = source.slice(start..start.saturating_add(LONGEST));
    let length = if quoted {
        rest.iter().position(|byte| *byte == quote || *byte == b'\n')?
    } else {
        rest.iter().take_while(|byte| is_value(**byte)).count()
    };
    let mut end = start.saturating_add(length);
    // A full stop at the end belongs to the sentence.
    if !quoted && matches!(source.before(end), b'.' | b'!' | b'?' | b':') {
        end = end.saturating_sub(1);
    }
    let assignment =
        Assignment { source, name, value: source.slice(start..end), range: start..end, quoted };
    (length < LONGEST && end > start).then_some(assignment)
}

/// Whether a name can be one of those that detectors ask for, by its last two letters: most names end here.
fn is_telling(name: &[u8]) -> bool {
    let mut letters = name.iter().rev().filter(|byte| byte.is_ascii_alphabetic());
    let last = letters.next().map(u8::to_ascii_lowercase);
    let before = letters.next().map(u8::to_ascii_lowercase);
    let (Some(last), Some(before)) = (last, before) else { return false };
    // password, pwd, passphrase, secret, token, key, credential, credentials, sig, passwort.
    matches!(
        (before, last),
        (b'r' | b'w', b'd')
            | (b's', b'e')
            | (b'e', b't' | b'n' | b'y')
            | (b'a', b'l')
            | (b'l', b's')
            | (b'i', b'g')
            | (b'r', b't')
    )
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'}' | b']' | b'<' | b'>' | b'&' | b'|'
        )
}

impl Assignment<'_> {
    /// Whether the name ends in one of these, with `_`, `-` and case left out.
    pub(crate) fn is_named(&self, names: &[&str]) -> bool {
        names.iter().any(|name| {
            let mut written = self.name.iter().rev().filter(|byte| byte.is_ascii_alphanumeric());
            name.bytes().rev().all(|expected| {
                written.next().is_some_and(|found| found.eq_ignore_ascii_case(&expected))
            })
        })
    }
}

/// Values that stand where a secret will be.
const STAND_INS: [&[u8]; 14] = [
    b"your",
    b"example",
    b"changeme",
    b"change_me",
    b"placeholder",
    b"redacted",
    b"xxxx",
    b"****",
    b"todo",
    b"dummy",
    b"insert",
    b"....",
    b"<",
    b"\xe2\x80\xa6",
];

/// Whether a value only stands for a secret: `<password>`, `${TOKEN}`, `your_key_here`, `********`.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let opens = matches!(value.first(), Some(b'<' | b'{' | b'$' | b'[' | b'%' | b'('));
    let one = value.windows(2).all(|pair| pair.first() == pair.last());
    opens
        || one
        || STAND_INS.iter().any(|word| lower.windows(word.len()).any(|window| window == *word))
}
