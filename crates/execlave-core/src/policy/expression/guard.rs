//! What a text must keep to before the parser sees it: the parser and the tree it builds recurse.

use super::Fault;

const CHARACTERS: usize = 2000;
const TOKENS: usize = 400;
const NESTING: usize = 24;

pub(super) fn check(text: &str) -> Result<(), Fault> {
    let mut tokens = 0usize;
    let mut nesting = 0usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut in_word = false;
    let mut questions = 0usize;
    for (at, character) in text.chars().enumerate() {
        let fault = |message: &str| Err(Fault { at, message: message.into() });
        if at >= CHARACTERS {
            return fault("is longer than 2,000 characters: split it into several policies");
        }
        if let Some(open) = quote {
            // A quote that is written three times opens and closes an empty string first; that is only
            // stricter, because what is inside is then counted.
            if escaped {
                escaped = false;
            } else if character == '\\' {
                escaped = true;
            } else if character == open {
                quote = None;
            }
            continue;
        }
        let word = character.is_alphanumeric() || character == '_';
        let inside = word && in_word;
        if !character.is_whitespace() && !inside {
            tokens = tokens.saturating_add(1);
        }
        in_word = word;
        match character {
            '"' | '\'' => quote = Some(character),
            '(' | '[' | '{' => nesting = nesting.saturating_add(1),
            ')' | ']' | '}' => nesting = nesting.saturating_sub(1),
            // Each choice nests the rest of the text.
            '?' => questions = questions.saturating_add(1),
            _ => {}
        }
        if nesting.saturating_add(questions) > NESTING {
            return fault("is nested more than 24 deep: split it into several policies");
        }
        if tokens > TOKENS {
            return fault("has more than 400 parts: split it into several policies");
        }
    }
    if text.trim().is_empty() {
        return Err(Fault { at: 0, message: "must not be empty".into() });
    }
    Ok(())
}
