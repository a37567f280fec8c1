//! One spelling of a text for comparing it with words people wrote into policies, and the way back.
//!
//! Letters become lower case and lose their accents, compatible forms (full width, ligatures, circled)
//! become plain, invisible characters vanish and runs of white space become one space. Scripts without such
//! forms stay as they are.

use std::cell::OnceCell;
use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

/// A folded text that knows where it came from.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    text: &'a str,
    original: &'a str,
}

impl<'a> Folded<'a> {
    /// Folds `original` unless `cache` holds the result already.
    pub(crate) fn cached(original: &'a str, cache: &'a OnceCell<String>) -> Self {
        // An empty cache entry says that there is nothing to fold.
        let folded =
            cache.get_or_init(|| if is_folded(original) { String::new() } else { fold(original) });
        Self { text: if folded.is_empty() { original } else { folded }, original }
    }

    pub(crate) fn as_str(&self) -> &'a str {
        self.text
    }

    /// The bytes of the original that `range` of the folded text came from.
    ///
    /// Matches are rare, so no table is kept: the text is folded again up to the end of the range.
    pub(crate) fn original(&self, range: Range<usize>) -> Range<usize> {
        if std::ptr::eq(self.text, self.original) {
            return range;
        }
        let mut folder = Folder::default();
        let mut start = None;
        let mut end = self.original.len();
        for (at, character) in self.original.char_indices() {
            let before = folder.text.len();
            folder.push(character);
            let after = folder.text.len();
            if start.is_none() && after > range.start {
                start = Some(at);
            }
            if after > before && after >= range.end {
                end = at.saturating_add(character.len_utf8());
                break;
            }
        }
        let start = start.unwrap_or(end);
        start..end.max(start)
    }
}

/// The folded spelling of a text.
pub(crate) fn fold(text: &str) -> String {
    let mut folder = Folder { text: String::with_capacity(text.len()), after_space: false };
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (plain, after) =
            rest.split_at_checked(plain_run(rest, folder.after_space)).unwrap_or((rest, ""));
        if plain.is_empty() {
            folder.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        } else {
            folder.push_run(plain);
            rest = after;
        }
    }
    folder.text
}

/// How many bytes from the start are visible ASCII or single spaces, so that only their case changes.
fn plain_run(text: &str, mut after_space: bool) -> usize {
    let changes = |byte: u8| {
        let twice = byte == b' ' && after_space;
        after_space = byte == b' ';
        twice || !(byte.is_ascii_graphic() || byte == b' ')
    };
    text.bytes().position(changes).unwrap_or(text.len())
}

/// Nothing to do: the common case costs one pass and no memory.
fn is_folded(text: &str) -> bool {
    let mut after_space = false;
    text.bytes().all(|byte| {
        let space = byte == b' ';
        let twice = space && after_space;
        after_space = space;
        byte.is_ascii() && !byte.is_ascii_uppercase() && !byte.is_ascii_control() && !twice
    })
}

#[derive(Default)]
struct Folder {
    text: String,
    after_space: bool,
}

impl Folder {
    /// See [`plain_run`].
    fn push_run(&mut self, run: &str) {
        let start = self.text.len();
        self.text.push_str(run);
        if let Some(run) = self.text.get_mut(start..) {
            run.make_ascii_lowercase();
        }
        self.after_space = run.ends_with(' ');
    }

    fn push(&mut self, character: char) {
        if character.is_ascii() {
            self.push_plain(character.to_ascii_lowercase());
            return;
        }
        decompose_compatible(character, |part| {
            for lower in part.to_lowercase() {
                self.push_plain(lower);
            }
        });
    }

    fn push_plain(&mut self, character: char) {
        if invisible(character) || ('\u{300}'..='\u{36f}').contains(&character) {
            return;
        }
        let space = character.is_whitespace() || character.is_control();
        if !(space && self.after_space) {
            self.text.push(if space { ' ' } else { plain(character) });
        }
        self.after_space = space;
    }
}

fn plain(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' => '-',
        other => other,
    }
}

/// Zero-width, joining, direction, variation and tag characters: unseen by people, read by models.
fn invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_removed_and_offsets_come_back() {
        let original = "É  Ｐro\u{200b}ject\tＸ, ﬁne";
        let cache = OnceCell::new();
        let folded = Folded::cached(original, &cache);
        assert_eq!(folded.as_str(), "e project x, fine");
        let range = folded.original(2..9);
        assert_eq!(&original[range], "Ｐro\u{200b}ject");
        let range = folded.original(13..17);
        assert_eq!(&original[range], "ﬁne");
        let cache = OnceCell::new();
        let plain = Folded::cached("plain text", &cache);
        assert_eq!(plain.original(0..5), 0..5);
    }
}
