//! Where in a text a host may be named: between white space and quotation marks, around one of a few signs. Most text has few of
//! these, so the signs are looked for first.

/// The tokens that can name a host, each with where it begins.
pub(super) fn naming(content: &str) -> impl Iterator<Item = (usize, &str)> {
    signed(content).filter(|(_, token)| names_something(token))
}

/// What ends a URL in running text, besides white space.
fn ends_token(character: char) -> bool {
    matches!(
        character,
        '<' | '>' | '"' | '\'' | '`' | '{' | '}' | '|' | '^' | '(' | ')' | ',' | ';'
    ) || character.is_whitespace()
}

/// Whether a byte may belong to what makes a token name a host: a colon, a slash, a bracket or a dot, also one outside ASCII.
fn is_sign(byte: u8) -> bool {
    matches!(byte, b':' | b'/' | b'\\' | b'.' | b'[') || !byte.is_ascii()
}

/// Whether a token can name a host: it holds a colon, a slash, a bracket or a dot that does not just end it. A number or a date names
/// none; an address alone has four parts.
fn names_something(token: &str) -> bool {
    let inner = token.trim_end_matches(['.', '!', '?', ':']);
    // The dots that the URL standard takes for one.
    let is_dot = |character| matches!(character, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
    if !inner.contains(|character| matches!(character, ':' | '/' | '\\' | '[') || is_dot(character))
    {
        return false;
    }
    let number =
        inner.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/' | b'-'));
    !number || inner.starts_with('/') || inner.bytes().filter(|byte| *byte == b'.').count() >= 3
}

/// The tokens that hold a sign.
fn signed(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0_usize;
    std::iter::from_fn(move || {
        loop {
            let rest = content.get(from..)?;
            let sign = from.saturating_add(rest.bytes().position(is_sign)?);
            // A sign is a character of its own or the first byte of one, because the bytes before it are ASCII or whole tokens.
            let before = content.get(from..sign)?;
            let start = before
                .char_indices()
                .rev()
                .find(|(_, character)| ends_token(*character))
                .map_or(from, |(at, character)| {
                    from.saturating_add(at).saturating_add(character.len_utf8())
                });
            let token = content.get(start..)?.split(ends_token).next()?;
            let end = start.saturating_add(token.len());
            let separator = content.get(end..)?.chars().next();
            from = end.saturating_add(separator.map_or(0, char::len_utf8));
            // White space outside ASCII looks like a sign and ends a token before it.
            if end > sign {
                return Some((start, token));
            }
        }
    })
}
