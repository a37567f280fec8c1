//! A sentence with quoted words, as policies and errors write them: `like this`.
//!
//! Messages in the product start in lower case and quote with backticks. A page shows the quotes as code
//! and lets the sentence start as sentences do.

/// A sentence in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prose {
    pub(crate) parts: Vec<Part>,
}

/// A stretch of plain words, or something quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) code: bool,
    pub(crate) text: String,
}

impl Prose {
    /// Splits at backticks; an unpaired one stays as it is.
    pub(crate) fn new(sentence: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = sentence;
        while let Some((before, tail)) = rest.split_once('`') {
            let Some((quoted, after)) = tail.split_once('`') else { break };
            push(&mut parts, false, before);
            push(&mut parts, true, quoted);
            rest = after;
        }
        push(&mut parts, false, rest);
        if let Some(first) = parts.first_mut().filter(|part| !part.code) {
            first.text = capitalised(&first.text);
        }
        Self { parts }
    }
}

fn push(parts: &mut Vec<Part>, code: bool, text: &str) {
    if !text.is_empty() {
        parts.push(Part { code, text: text.to_owned() });
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sentence: &str) -> String {
        let parts = Prose::new(sentence).parts;
        parts
            .iter()
            .map(|part| if part.code { format!("<{}>", part.text) } else { part.text.clone() })
            .collect()
    }

    #[test]
    fn quotes_become_code_and_the_sentence_a_sentence() {
        assert_eq!(shown("raise `dailyBudget` or wait"), "Raise <dailyBudget> or wait");
        assert_eq!(shown("`deploy` needs approval"), "<deploy> needs approval");
        assert_eq!(shown("a lone ` stays"), "A lone ` stays");
        assert_eq!(shown(""), "");
    }
}
