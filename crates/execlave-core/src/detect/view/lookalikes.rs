//! Letters of other scripts in the place of Latin ones: `іgnоrе` with Cyrillic vowels.
//!
//! Only words are changed that mix scripts, or that consist of look-alikes alone in a text that is otherwise Latin. Russian, Greek and
//! Armenian words hold letters that look like nothing Latin, or stand among such words, and stay. The pairs follow Unicode's
//! confusables (Unicode Technical Standard 39) where a reader would be deceived, and add the look-alikes that attackers use.

use std::ops::Range;
use std::sync::LazyLock;

use super::area::widen;
use super::lexicon;
use super::map::{Draft, Map};
use super::plain::next_beyond_ascii;
use super::signs::{Areas, add};

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

/// The Latin letters, as [`TABLE`] says.
type Table = (Vec<u8>, Vec<(char, u8)>);

/// The Latin letter for each character of the planes' beginning, zero for none; the few beyond follow, sorted.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut direct = vec![0u8; DIRECT];
    let mut beyond = Vec::new();
    let pairs = LETTERS.iter().flat_map(|(latin, looks)| looks.chars().map(|look| (look, *latin)));
    for (look, latin) in pairs {
        let latin = u8::try_from(latin).unwrap_or(0);
        match usize::try_from(u32::from(look)).ok().and_then(|index| direct.get_mut(index)) {
            Some(0) if look.is_ascii() => {}
            Some(free @ 0) => *free = latin,
            Some(_) => {}
            None => beyond.push((look, latin)),
        }
    }
    beyond.sort_unstable();
    (direct, beyond)
});

/// Characters below are found by index.
const DIRECT: usize = 0x3000;

/// The Latin letter a character is taken for.
fn latin(character: char) -> Option<char> {
    let (direct, beyond) = &*TABLE;
    let code = u32::from(character);
    if let Some(letter) = usize::try_from(code).ok().and_then(|index| direct.get(index)) {
        return (*letter != 0).then_some(char::from(*letter));
    }
    match character {
        // Scripts without look-alikes, which most text beyond the table is in.
        '\u{3000}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => None,
        '\u{1f1e6}'..='\u{1f1ff}' => {
            char::from_u32(code.wrapping_sub(0x1_f1e6).saturating_add(u32::from('a')))
        }
        _ => {
            let place = beyond.binary_search_by_key(&character, |entry| entry.0).ok()?;
            beyond.get(place).map(|entry| char::from(entry.1))
        }
    }
}

/// The words that may be read wrongly: a look-alike beside a Latin letter, or look-alikes alone.
pub(super) fn seen(text: &str) -> Areas {
    let mut places = Areas::new();
    let mut at = 0usize;
    let in_word = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    while let Some(place) = next_beyond_ascii(text, at) {
        let (before, after) = text.as_bytes().split_at_checked(place).unwrap_or_default();
        let start =
            before.iter().rposition(|byte| !in_word(byte)).map_or(0, |last| last.saturating_add(1));
        let length = after.iter().position(|byte| !in_word(byte)).unwrap_or(after.len());
        at = place.saturating_add(length);
        if may_deceive(text.get(start..at).unwrap_or_default()) {
            add(&mut places, &(start..at));
        }
    }
    places
}

fn may_deceive(word: &str) -> bool {
    let (mut latin_letters, mut lookalikes) = (0usize, 0usize);
    for character in word.chars() {
        if character.is_ascii() {
            latin_letters = latin_letters.saturating_add(1);
        } else if latin(character).is_some() {
            lookalikes = lookalikes.saturating_add(1);
        } else if !is_latin_letter(character) && character.is_alphabetic() {
            return false;
        }
    }
    lookalikes > 0 && (latin_letters > 0 || lookalikes >= 3)
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

    /// Whether it is to be read as Latin, in a text that is mostly Latin or not, with words of mixed scripts or without.
    fn is_disguised(&self, text: &str, mostly_latin: bool, mixed: bool) -> bool {
        if self.lookalikes == 0 || self.is_real() || self.is_flag(text) {
            return false;
        }
        let written = text.get(self.range.clone()).unwrap_or_default();
        let letters: String = spell(written).into_iter().map(|(_, letter)| letter).collect();
        if self.foreign > 0 {
            self.latin > 0
                || (mostly_latin && (self.lookalikes > 3 || mixed || lexicon::knows(&letters)))
        } else {
            // Turkish, Polish and Azerbaijani have letters of this kind: only a telling word is a disguise.
            lexicon::tells(&letters) || (self.latin == 0 && self.lookalikes >= 2)
        }
    }

    /// Two letters in blue boxes are a flag.
    fn is_flag(&self, text: &str) -> bool {
        let letters = text.get(self.range.clone()).unwrap_or_default();
        self.lookalikes == 2
            && letters.chars().all(|letter| matches!(letter, '\u{1f1e6}'..='\u{1f1ff}'))
    }
}

/// The text with look-alikes replaced; `None` when no word asks for it. `text` is plain except for its case.
///
/// Like other readings it holds the words that were changed, with their context, in at most `limit` bytes.
pub(super) fn undo(text: &str, limit: usize) -> Option<(String, Map)> {
    let areas = widen(text, &seen(text));
    let words: Vec<Word> = areas.into_iter().flat_map(|area| words(text, area)).collect();
    let real = words.iter().filter(|word| word.is_real()).count();
    let latin_words = words.iter().filter(|word| word.latin > 0 && word.foreign == 0).count();
    let mixed =
        words.iter().filter(|word| word.latin > 0 && word.foreign > 0 && !word.is_real()).count();
    // Whole words of look-alikes are read as Latin only where most words are.
    let mostly_latin = latin_words.saturating_add(mixed) > real.saturating_mul(2);
    let asked_for: Vec<&Word> =
        words.iter().filter(|word| word.is_disguised(text, mostly_latin, mixed > 0)).collect();
    let places: Areas = asked_for.iter().map(|word| word.range.clone()).collect();
    let mut draft = Draft::new(limit);
    let mut asked_for = asked_for.into_iter().peekable();
    for area in widen(text, &places) {
        draft.gap(area.start);
        let mut from = area.start;
        while let Some(word) = asked_for.next_if(|word| word.range.start < area.end) {
            draft.copy(text.get(from..word.range.start).unwrap_or_default(), from);
            for (range, letter) in spell(text.get(word.range.clone()).unwrap_or_default()) {
                let start = word.range.start.saturating_add(range.start);
                draft.put_char(letter, start..word.range.start.saturating_add(range.end));
            }
            from = word.range.end;
        }
        draft.copy(text.get(from..area.end.max(from)).unwrap_or_default(), from);
    }
    (!places.is_empty()).then(|| draft.finish())
}

fn words(text: &str, area: Range<usize>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, character) in text.get(area.clone()).unwrap_or_default().char_indices() {
        let at = area.start.saturating_add(at);
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
    matches!(character, '\u{c0}'..='\u{2af}' | '\u{1d00}'..='\u{1d7f}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
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
        undo(text, usize::MAX).map_or_else(|| text.to_owned(), |(reading, _)| reading)
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
            assert!(undo(text, usize::MAX).is_none(), "{text} became {}", undone(text));
        }
    }
}
