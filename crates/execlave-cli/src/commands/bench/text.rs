//! Ordinary English to measure with: sentences with punctuation, numbers, dates, a few names from other alphabets, and nothing to find.

const SENTENCES: &[&str] = &[
    "The order left the warehouse on 14 March and should arrive within three to five working days, weather permitting. ",
    "Could you compare last quarter's figures (roughly 3.4 million) with the year before, and say what changed? ",
    "Zoë asked whether the café near the 2nd-floor entrance is open on Sundays; nobody knew for certain. ",
    "If the build fails, check the log first: nine times in ten it's a missing file, not a broken compiler. ",
    "Please summarise the attached report in plain language, keep the table, and leave the footnotes out. ",
    "We met in Kraków, walked along the river for an hour, and talked about trains, bread and the price of paper. ",
];

/// About so many bytes of it, cut at a sentence.
pub(super) fn ordinary(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 128);
    for sentence in SENTENCES.iter().cycle() {
        if text.len() + sentence.len() > bytes.max(sentence.len()) {
            break;
        }
        text.push_str(sentence);
    }
    text
}
