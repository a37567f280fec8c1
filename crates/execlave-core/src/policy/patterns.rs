//! Regular expressions that people put into policies.
//!
//! They run in time linear in the text; what they may cost in memory is bounded when the policy is saved.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::error::PolicyError;
use super::fields::Fields;

/// Memory one compiled expression may take.
const SIZE_LIMIT: usize = 1 << 19;

/// A list of expressions, ready to match.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns(Vec<Regex>);

impl Patterns {
    /// Reads the list `name`. An expression that matches the empty text would match everything and is refused.
    pub(super) fn read(fields: &Fields, name: &str) -> Result<Self, PolicyError> {
        Self::build(fields, name, false)
    }

    /// As [`Patterns::read`], with case making no difference.
    pub(super) fn read_ignoring_case(fields: &Fields, name: &str) -> Result<Self, PolicyError> {
        Self::build(fields, name, true)
    }

    fn build(fields: &Fields, name: &str, ignoring_case: bool) -> Result<Self, PolicyError> {
        let sources = fields.texts(name);
        let compiled = sources.iter().enumerate().map(|(index, source)| {
            let fault = |message| fields.error(&format!("{name}[{index}]"), message);
            let regex = compile(source, ignoring_case).map_err(fault)?;
            if regex.is_match("") {
                let message = "matches the empty text: require at least one character";
                return Err(fault(message.into()));
            }
            Ok(regex)
        });
        compiled.collect::<Result<_, _>>().map(Self)
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

/// One bounded expression, or what is wrong with it.
pub(super) fn compile(source: &str, ignoring_case: bool) -> Result<Regex, String> {
    build(source, ignoring_case, SIZE_LIMIT)
}

/// As [`compile`], with another bound on memory.
pub(super) fn compile_within(source: &str, size_limit: usize) -> Result<Regex, String> {
    build(source, false, size_limit)
}

fn build(source: &str, ignoring_case: bool, size_limit: usize) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .case_insensitive(ignoring_case)
        .size_limit(size_limit)
        .dfa_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| explain(&error))
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
