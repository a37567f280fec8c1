//! The readings of a text: as it stands, with invisible characters gone and letters folded.

use std::borrow::Cow;
use std::ops::Range;

/// One reading, with the way back to the original.
#[derive(Debug)]
pub(crate) struct View<'t> {
    text: Cow<'t, str>,
    /// For each byte of the reading the byte range it came from; empty when the reading is the text itself.
    origins: Vec<(usize, usize)>,
}

impl View<'_> {
    /// The reading. ASCII letters may be in either case; everything else is folded.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The byte range of the original text behind a byte range of the reading.
    pub(crate) fn origin(&self, reading: Range<usize>) -> Range<usize> {
        if self.origins.is_empty() {
            return reading;
        }
        let start = self.origins.get(reading.start).map_or(0, |origin| origin.0);
        let last = reading.end.saturating_sub(1).max(reading.start);
        let end = self.origins.get(last).or(self.origins.last()).map_or(start, |origin| origin.1);
        start..end.max(start)
    }

    /// How the reading was obtained; empty for the plain reading.
    pub(crate) fn undone(&self) -> &[&'static str] {
        &[]
    }
}

/// The readings of a text; clean ASCII is its own reading.
pub(crate) fn views(text: &str) -> impl Iterator<Item = View<'_>> {
    std::iter::once(plain(text))
}

fn plain(text: &str) -> View<'_> {
    if text.is_ascii() {
        return View { text: Cow::Borrowed(text), origins: Vec::new() };
    }
    let mut reading = String::with_capacity(text.len());
    let mut origins = Vec::with_capacity(text.len());
    for (start, character) in text.char_indices() {
        let end = start.saturating_add(character.len_utf8());
        let before = reading.len();
        push(&mut reading, character);
        origins.extend((before..reading.len()).map(|_| (start, end)));
    }
    View { text: Cow::Owned(reading), origins }
}

fn push(reading: &mut String, character: char) {
    match character {
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}'
        | '\u{300}'..='\u{36f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => {}
        '\u{ff01}'..='\u{ff5e}' => {
            let plain = u32::from(character).checked_sub(0xfee0).and_then(char::from_u32);
            reading.extend(plain.unwrap_or(character).to_lowercase());
        }
        other => {
            for folded in other.to_lowercase() {
                reading.push(base(folded));
            }
        }
    }
}

/// The letter without its accent.
fn base(letter: char) -> char {
    const ACCENTED: &[(&str, char)] = &[
        ("àáâãäåāăąạảấầẩẫậắằẳẵặ", 'a'),
        ("çćčĉċ", 'c'),
        ("ďđ", 'd'),
        ("èéêëēĕėęěẹẻẽếềểễệ", 'e'),
        ("ğĝġ", 'g'),
        ("ìíîïīĭįỉĩị", 'i'),
        ("ł", 'l'),
        ("ñńňņ", 'n'),
        ("òóôõöōŏőơọỏốồổỗộớờởỡợ", 'o'),
        ("ŕř", 'r'),
        ("śšşș", 's'),
        ("ťţț", 't'),
        ("ùúûüūŭůűưụủũứừửữự", 'u'),
        ("ýÿỳỹỷỵ", 'y'),
        ("źżž", 'z'),
        ("ά", 'α'),
        ("έ", 'ε'),
        ("ή", 'η'),
        ("ίϊΐ", 'ι'),
        ("ό", 'ο'),
        ("ύϋΰ", 'υ'),
        ("ώ", 'ω'),
        ("й", 'и'),
        ("ё", 'е'),
        ("ї", 'і'),
        ("’‘", '\''),
    ];
    ACCENTED.iter().find(|(letters, _)| letters.contains(letter)).map_or(letter, |(_, base)| *base)
}
