//! The plain reading: one form for letters that people and models read alike.
//!
//! NFKC makes full-width, circled, mathematical, superscript and ligature letters plain (Unicode Standard Annex 15). Beyond it, characters
//! nobody sees are dropped, Latin, Greek and Cyrillic letters lose their marks (`й` is a letter of its own and keeps its breve), Arabic
//! and Hebrew lose their points, typographic quotes, dashes and line separators become ASCII, and what is not ASCII becomes lower case.
//! ASCII keeps its case, because base64 needs it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

use super::map::{Draft, Map};

/// Which letters become lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// All outside ASCII.
    Folded,
    /// None: capitals tell look-alikes apart.
    Kept,
}

/// The plain form of `text`; `None` when it is in that form already.
pub(super) fn fold(text: &str, case: Case) -> Option<(String, Map)> {
    if text.is_ascii() {
        return None;
    }
    let mut draft = Draft::for_most_of(text);
    let mut changed = false;
    let mut kept_from = 0usize;
    let mut plain = String::new();
    let mut at = 0usize;
    while let Some(place) = next_beyond_ascii(text, at) {
        let rest = text.get(place..).unwrap_or_default();
        let Some(character) = rest.chars().next() else { break };
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        let marks: usize = after.chars().take_while(|next| joins(*next)).map(char::len_utf8).sum();
        let end = place.saturating_add(character.len_utf8()).saturating_add(marks);
        // A mark belongs to the ASCII letter before it; other letters have taken theirs.
        let start = if joins(character) && place > at { place.saturating_sub(1) } else { place };
        at = end;
        let marked = marks > 0 || start < place;
        if !marked && is_plain(character) {
            continue;
        }
        let cluster = text.get(start..end).unwrap_or_default();
        let known = if marked { None } else { known(character, case) };
        if known == Some(character) {
            continue;
        }
        let mut letter = [0; 4];
        let form: &str = if let Some(known) = known {
            known.encode_utf8(&mut letter)
        } else {
            plain.clear();
            push_plain(cluster, case, &mut plain);
            &plain
        };
        if form == cluster {
            continue;
        }
        changed = true;
        draft.copy(text.get(kept_from..start).unwrap_or_default(), kept_from);
        draft.put(form, start..end);
        kept_from = end;
    }
    if !changed {
        return None;
    }
    draft.copy(text.get(kept_from..).unwrap_or_default(), kept_from);
    Some(draft.finish())
}

/// Where the next character beyond ASCII stands, at `from` or after it.
pub(super) fn next_beyond_ascii(text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    let mut rest = text.as_bytes().get(from..)?;
    // Most text goes on as it began.
    while let Some((block, after)) = rest.split_at_checked(32) {
        if !block.is_ascii() {
            break;
        }
        from = from.saturating_add(block.len());
        rest = after;
    }
    rest.iter().position(|byte| !byte.is_ascii()).map(|place| from.saturating_add(place))
}

/// A quick yes for characters that stand alone and stay as they are.
fn is_plain(character: char) -> bool {
    // Ideographs, kana, Hangul syllables, Arabic and Devanagari letters.
    matches!(character,
        '\0'..='\u{7f}' | 'а'..='я' | '\u{4e00}'..='\u{9fff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{0627}'..='\u{063a}' | '\u{0641}'..='\u{064a}' | '\u{0904}'..='\u{0928}')
}

/// Whether a character belongs to the one before it: marks, and the later parts of a Korean syllable.
fn joins(character: char) -> bool {
    match character {
        '\0'..='\u{2ff}' | 'а'..='я' | '\u{4e00}'..='\u{9fff}' => false,
        '\u{1160}'..='\u{11ff}' => true,
        other => canonical_combining_class(other) != 0,
    }
}

/// The plain form of a letter that NFKC does not change, where it is one letter; `None` for all other characters.
fn known(character: char, case: Case) -> Option<char> {
    let known = matches!(character,
        '\u{c0}'..='\u{131}' | '\u{134}'..='\u{148}' | '\u{14a}'..='\u{17e}' | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{481}'
        | '\u{48a}'..='\u{52f}' | '\u{1e00}'..='\u{1e99}' | '\u{1ea0}'..='\u{1eff}');
    if let Some(twin) = ascii_twin(character) {
        return Some(twin);
    }
    let base = known.then(|| base_letter(character))?;
    if case == Case::Kept || base.is_ascii() {
        return Some(base);
    }
    let mut lower = base.to_lowercase().filter(|letter| !is_stripped_mark(*letter));
    let first = lower.next()?;
    lower.next().is_none().then_some(first)
}

fn push_letter(character: char, case: Case, plain: &mut String) {
    let base = base_letter(character);
    if case == Case::Folded && !base.is_ascii() {
        plain.extend(base.to_lowercase().filter(|letter| !is_stripped_mark(*letter)));
    } else {
        plain.push(base);
    }
}

fn push_plain(cluster: &str, case: Case, plain: &mut String) {
    for character in cluster.nfkc() {
        if is_invisible(character) || is_stripped_mark(character) {
            continue;
        }
        match ascii_twin(character) {
            Some(twin) => plain.push(twin),
            None => push_letter(character, case, plain),
        }
    }
}

/// Zero-width, joining, direction, variation, tag and filler characters: unseen by people, read by models.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks without meaning of their own: combining diacritics, Cyrillic numerals' signs, Hebrew and Arabic points.
fn is_stripped_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}'
        | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// A Latin, Greek or Cyrillic letter without its marks.
fn base_letter(character: char) -> char {
    let marked =
        matches!(character, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}');
    if !marked || matches!(character, 'й' | 'Й') {
        return character;
    }
    let mut base = None;
    decompose_canonical(character, |part| {
        base.get_or_insert(part);
    });
    base.unwrap_or(character)
}

/// Punctuation and white letters in boxes that have an ASCII form which NFKC does not give.
fn ascii_twin(character: char) -> Option<char> {
    let from_a = |first: u32| {
        let letter = u32::from(character).wrapping_sub(first).saturating_add(u32::from('A'));
        char::from_u32(letter)
    };
    match character {
        '\u{2018}'..='\u{201b}' | '\u{2bc}' | '\u{2b9}' | '\u{2032}' | '\u{55a}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '\u{ab}' | '\u{bb}' => Some('"'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
        '\u{1f150}'..='\u{1f169}' => from_a(0x1_f150),
        '\u{1f170}'..='\u{1f189}' => from_a(0x1_f170),
        other if other.is_whitespace() && !other.is_ascii() => Some(' '),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text, Case::Folded).map_or_else(|| text.to_owned(), |(plain, _)| plain)
    }

    #[test]
    fn many_spellings_have_one_form() {
        for (text, plain) in [
            ("Ｉgnore ａｌｌ", "Ignore all"),
            ("𝐢𝓰𝔫𝕠𝗋𝚎", "ignore"),
            ("ⓘⓖⓝⓞⓡⓔ", "ignore"),
            ("🅘🅖🅝🅞🅡🅔", "IGNORE"),
            ("i\u{200b}g\u{2060}n\u{ad}o\u{feff}r\u{fe0f}e", "ignore"),
            ("Ígnóré", "Ignore"),
            ("i\u{310}\u{335}\u{489}g\u{30d}nore", "ignore"),
            ("Ἀγνόησε", "αγνοησε"),
            ("Ещё Йод", "еще йод"),
            ("don’t “stop” — now", "don't \"stop\" - now"),
            ("a\u{a0}b\u{2028}c", "a b\nc"),
            ("اِنسَ", "انس"),
            ("か\u{3099}", "が"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
        ] {
            assert_eq!(folded(text), plain, "{text}");
        }
    }

    #[test]
    fn other_scripts_stay_as_they_are() {
        for text in [
            "игнорируй все",
            "忽略之前的指示",
            "이전 지시를 무시",
            "निर्देशों को अनदेखा करें",
            "تجاهل التعليمات",
        ] {
            assert!(fold(text, Case::Folded).is_none(), "{text} became {}", folded(text));
        }
    }

    #[test]
    fn places_come_back() {
        let text = "é \u{200b}Ｉg\u{200b}nore";
        let (plain, map) = fold(text, Case::Folded).expect("it changes");
        let at = plain.find("Ignore").expect("it is read");
        assert_eq!(text.get(map.origin(at..plain.len())), Some("Ｉg\u{200b}nore"));
    }
}
