//! Ordinary English to measure with: sentences with punctuation, numbers, dates, a few names from other alphabets, and nothing to find.

/// A sentence a line. The published client is measured on the same.
const SENTENCES: &str = include_str!("ordinary.txt");

/// About so many bytes of it, cut at a sentence.
pub(super) fn ordinary(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 128);
    for sentence in SENTENCES.lines().cycle() {
        if text.len() + sentence.len() >= bytes.max(sentence.len() + 1) {
            break;
        }
        text.push_str(sentence);
        text.push(' ');
    }
    text
}
