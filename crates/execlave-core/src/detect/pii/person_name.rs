//! # What it finds
//! The name of a person who is introduced by it: `my name is Jane Doe`, `ich heiße Jürgen`, `je m'appelle Zoé`.
//! Looked for only when asked, since a name is often what makes a text useful.
//!
//! # How it is checked
//! One to four words that start with a capital letter, right behind a phrase of introduction.
//!
//! # What it leaves alone
//! Names that nothing introduces.
//!
//! # References
//! None: the phrases are those of seven languages.

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector = Detector {
    reads: &[
        Reads::Phrase("my name is ", look),
        Reads::Phrase("my full name is ", look),
        Reads::Phrase("full name: ", look),
        Reads::Phrase("signed by ", look),
        Reads::Phrase("je m'appelle ", look),
        Reads::Phrase("ich heiße ", look),
        Reads::Phrase("mein name ist ", look),
        Reads::Phrase("me llamo ", look),
        Reads::Phrase("mi chiamo ", look),
        Reads::Phrase("meu nome é ", look),
        Reads::Phrase("mijn naam is ", look),
    ],
};

fn look(source: Source<'_>, start: usize) -> Option<Hit> {
    let rest = source.slice(start..start.saturating_add(128));
    let text = rest.utf8_chunks().next()?.valid();
    let mut end = 0usize;
    for (index, word) in text.split(' ').take(4).enumerate() {
        let name: usize = word
            .chars()
            .take_while(|character| {
                character.is_alphabetic() || matches!(character, '\'' | '’' | '-')
            })
            .map(char::len_utf8)
            .sum();
        if !word.chars().next().is_some_and(char::is_uppercase) {
            break;
        }
        end = end.saturating_add(usize::from(index > 0)).saturating_add(name);
        if name < word.len() {
            break;
        }
    }
    (end > 0).then(|| Hit::likely(start..start.saturating_add(end), 0.7))
}
