//! One spelling of a text for the injection patterns, and the way back to the original offsets.
//!
//! Letters become lower case, full-width forms become ASCII, invisible characters vanish and every run of
//! white space becomes one space. No offset map is kept: findings are rare, so the way back walks the text
//! once more and only when there is something to find.

/// One step of the text: what a character contributes to the normal form.
enum Step {
    /// Nothing: an invisible character, or white space after white space.
    Skip,
    /// One byte.
    Byte(u8),
}

/// The normal form. Characters outside ASCII that have no plain spelling become the byte `0xFF`, which no
/// pattern mentions.
pub(super) fn normalise(text: &str) -> Vec<u8> {
    let mut normal = Vec::with_capacity(text.len());
    let mut after_space = false;
    for character in text.chars() {
        if let Step::Byte(byte) = step(character, &mut after_space) {
            normal.push(byte);
        }
    }
    normal
}

/// Maps ranges of the normal form back to byte ranges of `text`. `spans` is changed in place.
pub(super) fn restore(text: &str, spans: &mut [(usize, usize)]) {
    let mut wanted: Vec<usize> =
        spans.iter().flat_map(|span| [span.0, span.1.saturating_sub(1)]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    // For each wanted index of the normal form, the byte range of the character it came from.
    let mut found: Vec<(usize, (usize, usize))> = Vec::with_capacity(wanted.len());
    let mut next = wanted.into_iter().peekable();
    let mut index = 0usize;
    let mut after_space = false;
    for (start, character) in text.char_indices() {
        let Some(&target) = next.peek() else { break };
        if let Step::Byte(_) = step(character, &mut after_space) {
            if index == target {
                found.push((target, (start, start.saturating_add(character.len_utf8()))));
                next.next();
            }
            index = index.saturating_add(1);
        }
    }
    let original = |index: usize| {
        let place = found.binary_search_by_key(&index, |entry| entry.0).ok()?;
        found.get(place).map(|entry| entry.1)
    };
    for span in spans {
        let start = original(span.0).map_or(0, |range| range.0);
        let end = original(span.1.saturating_sub(1)).map_or(text.len(), |range| range.1);
        *span = (start, end.max(start));
    }
}

fn step(character: char, after_space: &mut bool) -> Step {
    if invisible(character) {
        return Step::Skip;
    }
    if character.is_whitespace() {
        let skip = *after_space;
        *after_space = true;
        return if skip { Step::Skip } else { Step::Byte(b' ') };
    }
    *after_space = false;
    Step::Byte(plain(character))
}

/// Zero-width, joining, direction and variation characters: unseen by people, read by models.
fn invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

fn plain(character: char) -> u8 {
    let folded = match character {
        // Full-width forms sit at a fixed distance from ASCII.
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(character).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(character)
        }
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        other => other,
    };
    u8::try_from(folded).ok().filter(u8::is_ascii).map_or(0xff, |byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(text: &str, start: usize, end: usize) -> &str {
        let mut spans = [(start, end)];
        restore(text, &mut spans);
        &text[spans[0].0..spans[0].1]
    }

    #[test]
    fn disguises_are_removed_and_offsets_come_back() {
        let text = "é \u{200b}Ｉg\u{200b}nore \n\t ALL";
        assert_eq!(normalise(text), b"\xff ignore all");
        assert_eq!(back(text, 2, 8), "Ｉg\u{200b}nore");
        assert_eq!(back(text, 9, 12), "ALL");
    }
}
