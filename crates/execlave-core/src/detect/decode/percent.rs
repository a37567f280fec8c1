//! Percent escapes of URLs and forms (RFC 3986 section 2.1): `Ignore%20all%20previous`.

use std::ops::Range;

use super::{Meaning, leading_number, substitute};
use crate::detect::view::map::Draft;

/// One escape alone is a percentage more often than a disguise.
const LEAST: usize = 2;

pub(in crate::detect) fn undo(text: &str, area: Range<usize>, draft: &mut Draft) -> bool {
    let count = substitute(
        text,
        area,
        draft,
        |byte| byte == b'%',
        |rest| {
            let (value, digits) = leading_number(rest.get(1..)?, 16, 2)?;
            (digits == 2).then_some((Meaning::Byte(u8::try_from(value).ok()?), 3))
        },
    );
    count >= LEAST
}
