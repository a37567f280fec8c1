//! Reads a JSON object key by key and refuses what is left over.
//!
//! Hand-written rather than derived, because a policy's author needs the exact path of a fault, both
//! spellings of a key, and the definition back in one spelling.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::error::PolicyError;

/// An object that is being read.
pub(super) struct Fields {
    prefix: String,
    snake_case_accepted: bool,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    taken: Map<String, Value>,
}

/// Bounds of a list of texts.
#[derive(Clone, Copy)]
pub(super) struct ListBounds {
    pub(super) items: usize,
    pub(super) characters: usize,
}

/// Names, globs and words.
pub(super) const NAMES: ListBounds = ListBounds { items: 1000, characters: 256 };
/// Regular expressions.
pub(super) const PATTERNS: ListBounds = ListBounds { items: 200, characters: 1000 };

impl Fields {
    /// The document itself: camelCase only.
    pub(super) fn document(value: Value) -> Result<Self, PolicyError> {
        Self::new("", value, false)
    }

    /// A rule definition: both spellings of every key.
    pub(super) fn rule(value: Value) -> Result<Self, PolicyError> {
        Self::new("ruleDefinition", value, true)
    }

    fn new(prefix: &str, value: Value, snake_case_accepted: bool) -> Result<Self, PolicyError> {
        let Value::Object(left) = value else {
            return Err(PolicyError::new(prefix, "must be an object"));
        };
        Ok(Self {
            prefix: prefix.into(),
            snake_case_accepted,
            left,
            known: Vec::new(),
            taken: Map::new(),
        })
    }

    pub(super) fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.into() } else { format!("{}.{name}", self.prefix) }
    }

    pub(super) fn error(&self, name: &str, message: impl Into<String>) -> PolicyError {
        PolicyError::new(self.path(name), message)
    }

    /// The fault of a missing field.
    pub(super) fn missing(&self, name: &str) -> PolicyError {
        self.error(name, "is required")
    }

    /// The fault of the whole object.
    pub(super) fn whole(&self, message: impl Into<String>) -> PolicyError {
        PolicyError::new(self.prefix.as_str(), message)
    }

    pub(super) fn value(&mut self, name: &'static str) -> Result<Option<Value>, PolicyError> {
        self.known.push(name);
        let mut value = self.left.remove(name);
        let snake = snake_case(name);
        if self.snake_case_accepted
            && snake != name
            && let Some(other) = self.left.remove(&snake)
        {
            if value.is_some() {
                return Err(
                    self.error(&snake, format!("is also given as `{name}`: keep one of them"))
                );
            }
            value = Some(other);
        }
        if let Some(value) = &value {
            self.taken.insert(name.into(), value.clone());
        }
        Ok(value)
    }

    pub(super) fn text(
        &mut self,
        name: &'static str,
        characters: usize,
    ) -> Result<Option<String>, PolicyError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() > characters => {
                Err(self.error(name, format!("must be at most {characters} characters long")))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(name, "must be a string")),
        }
    }

    /// One of a closed list of words.
    pub(super) fn word<T>(&mut self, name: &'static str) -> Result<Option<T>, PolicyError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let Some(word) = self.text(name, 1000)? else { return Ok(None) };
        word.parse().map(Some).map_err(|error: T::Err| self.error(name, error.to_string()))
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, PolicyError> {
        match self.value(name)? {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(self.error(name, "must be `true` or `false`")),
        }
    }

    pub(super) fn integer(
        &mut self,
        name: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, PolicyError> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        match whole_number(&value) {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.error(name, format!("must be a whole number from {least} to {most}"))),
        }
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<f64>, PolicyError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(_) => Err(self.error(name, "must be a number")),
        }
    }

    /// A list of non-empty texts.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
        bounds: ListBounds,
    ) -> Result<Option<Vec<String>>, PolicyError> {
        let items = match self.value(name)? {
            None => return Ok(None),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.error(name, "must be a list of strings")),
        };
        if items.len() > bounds.items {
            return Err(self.error(name, format!("must have at most {} entries", bounds.items)));
        }
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let place = format!("{name}[{index}]");
            match item {
                Value::String(text) if text.trim().is_empty() => {
                    return Err(self.error(&place, "must not be empty"));
                }
                Value::String(text) if text.chars().count() > bounds.characters => {
                    let message = format!("must be at most {} characters long", bounds.characters);
                    return Err(self.error(&place, message));
                }
                Value::String(text) => texts.push(text),
                _ => return Err(self.error(&place, "must be a string")),
            }
        }
        Ok(Some(texts))
    }

    /// A list of words from a closed list, or of anything else that is read from text.
    pub(super) fn words<T>(
        &mut self,
        name: &'static str,
        bounds: ListBounds,
    ) -> Result<Option<Vec<T>>, PolicyError>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let Some(texts) = self.texts(name, bounds)? else { return Ok(None) };
        let parsed = texts.iter().enumerate().map(|(index, text)| {
            text.parse()
                .map_err(|error: T::Err| self.error(&format!("{name}[{index}]"), error.to_string()))
        });
        parsed.collect::<Result<_, _>>().map(Some)
    }

    /// Refuses keys nobody asked for. Also called before a missing field is reported, because a misspelt key
    /// is the likelier fault than the field it leaves missing.
    pub(super) fn refuse_unknown(&self) -> Result<(), PolicyError> {
        let Some(unknown) = self.left.keys().next() else { return Ok(()) };
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        Err(self.error(unknown, format!("unknown key: use one of {}", known.join(", "))))
    }

    /// The object with every key in its one spelling, if no key is left over.
    pub(super) fn finish(self) -> Result<Map<String, Value>, PolicyError> {
        self.refuse_unknown()?;
        Ok(self.taken)
    }
}

/// `1` and `1.0` are the same number in JSON.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was just checked"
        )]
        let whole = (0.0..=9e15).contains(&number).then_some(number as u64)?;
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let same = (whole as f64).total_cmp(&number).is_eq();
        same.then_some(whole)
    })
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len().saturating_add(4));
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}
