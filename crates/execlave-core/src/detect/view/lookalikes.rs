//! Letters of other scripts in the place of Latin ones: `іgnоrе` with Cyrillic vowels.
//!
//! Only words are changed that mix scripts, or that consist of look-alikes alone in a text that is otherwise Latin. Russian, Greek and
//! Armenian words hold letters that look like nothing Latin, or stand among such words, and stay. The pairs follow Unicode's
//! confusables (Unicode Technical Standard 39) where a reader would be deceived, and add the look-alikes that attackers use.

use std::ops::Range;
use std::sync::LazyLock;

use super::lexicon;
use super::map::{Draft, Map};

/// Each Latin letter with what is taken for it. Capitals are listed where they look like another letter than their small form does.
const LETTERS: &[(char, &str)] = &[
    ('a', "аАαΑɑᴀꭺᎪᗅⲁⲀꓮдДᗩ∀ⱥ"),
    ('b', "ЬьЪъвВΒβʙᏴᏼᗷɓƀꓐҌҍᛒ฿"),
    ('c', "сСϲϹᴄᏟᑕⲥⲤꓚҫҪƈ¢ↄ"),
    ('d', "ԁԀᴅᎠᗞᗪꓓɗđժ"),
    ('e', "еЕεΕеєЄэЭɛᴇᎬℯⲈꓰҽҼ℮ɘəǝɇ€"),
    ('f', "ϝϜғҒꜰᖴꓝƒք"),
    ('g', "ɡɢԍԌᏀᏳꓖցɠǥɢ"),
    ('h', "нНһҺΗʜᎻᏂᕼⲎꓧհիђћħ"),
    ('i', "іІїΙιɩɪıᎥᛁⲒꓲӀӏɨᵢ¡ا"),
    ('j', "јЈϳͿᴊᎫᒍꓙɉ"),
    ('k', "кКκΚᴋᏦᛕⲔꓗқҚƙĸ"),
    ('l', "ʟᏞᒪⳐꓡłɭӏ"),
    ('m', "мМΜᴍᎷᗰⲘꓟмɱ"),
    ('n', "пПиИηΝɴᴎոռղՈᏁⲚꓠƞɲŋ"),
    ('o', "оОοΟσθΘфΦօՕᴏⲟⲞꓳഠ๐೦ⵔө๏ø"),
    ('p', "рРρΡᴘᏢᑭⲢꓑþƥ"),
    ('q', "ԛԚզգqɋϙᑫ"),
    ('r', "гГяЯʀᴦᎡᏒᖇꓣɍɼ"),
    ('s', "ѕЅꜱᏚᏕꓢʂՏ§ƽ"),
    ('t', "тТτΤᴛᎢᏆⲦꓔŧƭ†ҭ"),
    ('u', "υцЦսՍᴜᑌꓴʊμմ"),
    ('v', "νѵѴᴠᏙᐯⱱꓦט√"),
    ('w', "шШщЩωԝԜѡᴡᏔᎳᗯꓪɯաⱳ"),
    ('x', "хХχΧ᙭ⲬꓫҳҲ×"),
    ('y', "уУγΥүҮʏуᎽᎩⲨꓬўцчყɏƴ¥"),
    ('z', "ΖᴢᏃꓜʐƶʑ"),
];

/// By character, sorted.
static TABLE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let mut table: Vec<(char, char)> = LETTERS
        .iter()
        .flat_map(|(latin, looks)| looks.chars().map(|look| (look, *latin)))
        .collect();
    table.sort_by_key(|entry| entry.0);
    table.dedup_by_key(|entry| entry.0);
    table
});

/// The Latin letter a character is taken for.
fn latin(character: char) -> Option<char> {
    if let '\u{1f1e6}'..='\u{1f1ff}' = character {
        return char::from_u32(
            u32::from(character).wrapping_sub(0x1_f1e6).saturating_add(u32::from('a')),
        );
    }
    let place = TABLE.binary_search_by_key(&character, |entry| entry.0).ok()?;
    TABLE.get(place).map(|entry| entry.1)
}

/// One word and how it is written.
#[derive(Debug, Default)]
struct Word {
    range: Range<usize>,
    /// ASCII letters.
    latin: usize,
    /// Characters that are taken for Latin ones.
    lookalikes: usize,
    /// Those of them that are no Latin letters of any kind.
    foreign: usize,
    /// Letters that look like nothing Latin.
    others: usize,
}

impl Word {
    fn is_real(&self) -> bool {
        self.others > 0
    }

    /// Two letters in blue boxes are a flag.
    fn is_flag(&self, text: &str) -> bool {
        let letters = text.get(self.range.clone()).unwrap_or_default();
        self.lookalikes == 2
            && letters.chars().all(|letter| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}'))
    }
}

/// The text with look-alikes replaced; `None` when no word asks for it. `text` is plain except for its case.
pub(super) fn undo(text: &str) -> Option<(String, Map)> {
    let words = words(text);
    let real = words.iter().filter(|word| word.is_real()).count();
    let latin_words = words.iter().filter(|word| word.latin > 0 && word.foreign == 0).count();
    let mixed =
        words.iter().filter(|word| word.latin > 0 && word.foreign > 0 && !word.is_real()).count();
    // Whole words of look-alikes are read as Latin only where most words are.
    let mostly_latin = latin_words.saturating_add(mixed) > real.saturating_mul(2);
    let mut draft = Draft::new(usize::MAX);
    let mut from = 0usize;
    let mut changed = false;
    for word in &words {
        if word.lookalikes == 0 || word.is_real() || word.is_flag(text) {
            continue;
        }
        let spelt = spell(text.get(word.range.clone()).unwrap_or_default());
        let letters: String = spelt.iter().map(|(_, letter)| *letter).collect();
        let asked_for = if word.foreign > 0 {
            word.latin > 0
                || (mostly_latin && (word.lookalikes > 3 || mixed > 0 || lexicon::knows(&letters)))
        } else {
            // Turkish, Polish and Azerbaijani have letters of this kind: only a telling word is a disguise.
            word.latin > 0 && lexicon::tells(&letters) || word.latin == 0 && word.lookalikes > 3
        };
        if !asked_for {
            continue;
        }
        changed = true;
        draft.copy(text.get(from..word.range.start).unwrap_or_default(), from);
        for (range, letter) in spelt {
            let start = word.range.start.saturating_add(range.start);
            draft.put_char(letter, start..word.range.start.saturating_add(range.end));
        }
        from = word.range.end;
    }
    draft.copy(text.get(from..).unwrap_or_default(), from);
    changed.then(|| draft.finish())
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, character) in text.char_indices() {
        let lookalike = (!character.is_ascii()).then(|| latin(character)).flatten();
        if lookalike.is_none() && !character.is_alphanumeric() {
            continue;
        }
        let end = at.saturating_add(character.len_utf8());
        if words.last().is_none_or(|word| word.range.end != at) {
            words.push(Word { range: at..at, ..Word::default() });
        }
        let Some(word) = words.last_mut() else { continue };
        word.range.end = end;
        let counter = match lookalike {
            Some(_) => &mut word.lookalikes,
            None if character.is_ascii_alphabetic() => &mut word.latin,
            None if character.is_alphabetic() => &mut word.others,
            None => continue,
        };
        *counter = counter.saturating_add(1);
        if lookalike.is_some() && !is_latin_letter(character) {
            word.foreign = word.foreign.saturating_add(1);
        }
    }
    words
}

/// Letters with strokes, hooks and small capitals: Latin Extended, phonetic signs.
fn is_latin_letter(character: char) -> bool {
    matches!(character, '\u{c0}'..='\u{2af}' | '\u{1d00}'..='\u{1d7f}')
}

fn spell(word: &str) -> Vec<(Range<usize>, char)> {
    let letters = word.char_indices().map(|(at, character)| {
        let range = at..at.saturating_add(character.len_utf8());
        (
            range,
            if character.is_ascii() { character } else { latin(character).unwrap_or(character) },
        )
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(text: &str) -> String {
        undo(text).map_or_else(|| text.to_owned(), |(reading, _)| reading)
    }

    #[test]
    fn mixed_words_become_latin() {
        for (text, reading) in [
            ("Ignоrе аll рrеvіоuѕ", "Ignore all previous"),
            ("show the ѕоору sign", "show the soopy sign"),
            ("ɪɢɴᴏʀᴇ all", "ignore all"),
            ("🇮🇬🇳🇴🇷🇪 all", "ignore all"),
        ] {
            assert_eq!(undone(text), reading, "{text}");
        }
    }

    #[test]
    fn real_words_stay() {
        for text in [
            "Он сказал: сосо",
            "Привет, как дела? Я ем суп",
            "Γεια σου Κόσμε",
            "flags 🇺🇸 and 🇫🇷",
            "10 µm × 5 µm",
            "kısa bir ılık gün",
            "zażółć gęślą łódź",
            "naïve café",
            "hər biri üçün təhlükəsizlik",
        ] {
            assert!(undo(text).is_none(), "{text} became {}", undone(text));
        }
    }
}
