//! Regular expressions that people put into policies.
//!
//! They run in time linear in the text; what they may cost in memory is bounded when the policy is saved.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::error::PolicyError;
use super::fields::{Fields, PATTERNS};

/// Memory one compiled expression may take.
const SIZE_LIMIT: usize = 1 << 19;

/// A list of expressions, ready to match.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns(Vec<Regex>);

impl Patterns {
    /// Reads the list `name`. An expression that matches the empty text would match everything and is refused.
    pub(super) fn read(fields: &mut Fields, name: &'static str) -> Result<Self, PolicyError> {
        let sources = fields.texts(name, PATTERNS)?.unwrap_or_default();
        let mut patterns = Vec::with_capacity(sources.len());
        for (index, source) in sources.iter().enumerate() {
            let place = format!("{name}[{index}]");
            let compiled =
                RegexBuilder::new(source).size_limit(SIZE_LIMIT).dfa_size_limit(SIZE_LIMIT).build();
            let regex = compiled.map_err(|error| fields.error(&place, explain(&error)))?;
            if regex.is_match("") {
                return Err(
                    fields.error(&place, "matches the empty text: require at least one character")
                );
            }
            patterns.push(regex);
        }
        Ok(Self(patterns))
    }

    /// Every match in `text` with the index of its expression.
    pub(super) fn find_iter<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + 'a {
        self.0.iter().enumerate().flat_map(move |(index, regex)| {
            regex.find_iter(text).map(move |found| (index, found.range()))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn explain(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "is too large once compiled: shorten its repetitions".into()
        }
        // The library draws the fault on several lines; the last one says what it is.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            format!("is not a valid regular expression: {reason}")
        }
    }
}
