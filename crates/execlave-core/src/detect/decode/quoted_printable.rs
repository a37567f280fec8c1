//! Quoted-printable of mail (RFC 2045 section 6.7): `=49gnore`, and lines cut by `=`.

use std::ops::Range;

use super::{Meaning, leading_number, substitute};
use crate::detect::view::map::Draft;

const LEAST: usize = 2;

pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let count = substitute(
        text,
        area,
        draft,
        |byte| byte == b'=',
        |rest| {
            let escaped = rest.get(1..)?;
            if let Some(line) = escaped.strip_prefix("\r\n").or_else(|| escaped.strip_prefix('\n'))
            {
                return Some((Meaning::Nothing, rest.len().saturating_sub(line.len())));
            }
            let (value, digits) = leading_number(escaped, 16, 2)?;
            // Capital digits are required by the standard; without them `=ab` of a program would count. So would the totals
            // of scores in a table if digits and punctuation were taken, which nobody needs to escape.
            let capital = !escaped.bytes().take(2).any(|byte| byte.is_ascii_lowercase());
            let value = u8::try_from(value).ok().filter(|byte| match byte {
                b' ' | b'=' | b'\t' | 0x80.. => true,
                letter => letter.is_ascii_alphabetic(),
            });
            (digits == 2 && capital).then_some((Meaning::Byte(value?), 3))
        },
    );
    count >= LEAST
}
