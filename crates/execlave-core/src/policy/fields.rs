//! Reads a JSON object by its table of fields and refuses whatever the table does not allow, with the exact
//! path of the fault.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::budget::usd_to_nanos;
use super::error::PolicyError;
use super::field::{Bounds, Field, Kind, NAMES, Parse, Spec};

/// An object that keeps to its table.
#[derive(Debug)]
pub(super) struct Fields {
    prefix: String,
    spec: &'static Spec,
    taken: Map<String, Value>,
}

/// Which names of a field are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Camel case only.
    Current,
    /// Snake case and older names too.
    Any,
}

impl Fields {
    /// Checks `value` against `spec`.
    pub(super) fn read(
        prefix: impl Into<String>,
        value: Value,
        spec: &'static Spec,
        spelling: Spelling,
    ) -> Result<Self, PolicyError> {
        let mut fields = Self { prefix: prefix.into(), spec, taken: Map::new() };
        let Value::Object(mut left) = value else {
            return Err(fields.whole("must be an object"));
        };
        for field in spec.fields {
            fields.take(field, &mut left, spelling)?;
        }
        // Before a missing field is reported: a misspelt key is the likelier fault than what it leaves missing.
        if let Some(unknown) = left.keys().next() {
            let known: Vec<String> =
                spec.fields.iter().map(|field| format!("`{}`", field.name)).collect();
            let message = format!("unknown key: use one of {}", known.join(", "));
            return Err(fields.error(unknown, message));
        }
        for field in spec.fields {
            if let Some(value) = fields.taken.get(field.name) {
                fields.check(field, value, spelling)?;
            } else if field.required {
                return Err(fields.error(field.name, "is required"));
            }
        }
        let given = |name: &&str| fields.taken.contains_key(*name);
        if !spec.any_of.is_empty() && !spec.any_of.iter().any(given) {
            let names: Vec<String> = spec.any_of.iter().map(|name| format!("`{name}`")).collect();
            return Err(fields.whole(format!("needs at least one of {}", names.join(", "))));
        }
        Ok(fields)
    }

    /// Moves a field from `left` under its current name.
    fn take(
        &mut self,
        field: &Field,
        left: &mut Map<String, Value>,
        spelling: Spelling,
    ) -> Result<(), PolicyError> {
        let mut value = left.remove(field.name);
        if spelling == Spelling::Any {
            let names = [field.name].into_iter().chain(field.legacy.iter().copied());
            let spellings = names.flat_map(|name| [name.to_owned(), snake_case(name)]);
            for other in spellings {
                let Some(again) = left.remove(&other) else { continue };
                if value.is_some() {
                    let message = format!("is also given as `{}`: keep one of them", field.name);
                    return Err(self.error(&other, message));
                }
                value = Some(again);
            }
        }
        if let Some(value) = value {
            self.taken.insert(field.name.into(), value);
        }
        Ok(())
    }

    fn check(&self, field: &Field, value: &Value, spelling: Spelling) -> Result<(), PolicyError> {
        let wrong = |message: &str| Err(self.error(field.name, message));
        match (&field.kind, value) {
            (Kind::Flag { .. }, Value::Bool(_))
            | (Kind::Number, Value::Number(_))
            | (Kind::Free, Value::Object(_))
            | (Kind::Rule, _) => Ok(()),
            (Kind::Flag { .. }, _) => wrong("must be `true` or `false`"),
            (Kind::Number | Kind::Amount, value) if !value.is_number() => wrong("must be a number"),
            (Kind::Free, _) => wrong("must be an object"),
            (Kind::Word { words, parse, .. }, Value::String(word)) => {
                self.check_word(field.name, word, words, *parse)
            }
            (Kind::Text { characters, .. }, Value::String(text)) => {
                self.check_text(field.name, text, *characters)
            }
            (Kind::Word { .. } | Kind::Text { .. }, _) => wrong("must be a string"),
            (Kind::Integer { least, most, .. }, value) => match whole_number(value) {
                Some(number) if (*least..=*most).contains(&number) => Ok(()),
                _ => wrong(&format!("must be a whole number from {least} to {most}")),
            },
            (Kind::Number | Kind::Amount, value) => match value.as_f64().and_then(usd_to_nanos) {
                Some(_) => Ok(()),
                None => wrong("must be an amount in US dollars from 0 to 9 billion"),
            },
            (Kind::Texts { bounds }, value) => {
                self.check_list(field.name, value, *bounds, |_, _| Ok(()))
            }
            (Kind::Words { words, parse }, value) => {
                self.check_list(field.name, value, NAMES, |place, word| {
                    self.check_word(place, word, words, Some(*parse))
                })
            }
            (Kind::Object(spec), value) => {
                Self::read(self.path(field.name), value.clone(), spec, spelling).map(|_| ())
            }
        }
    }

    fn check_word(
        &self,
        place: &str,
        word: &str,
        words: &[&str],
        parse: Option<Parse>,
    ) -> Result<(), PolicyError> {
        match parse.map_or(Ok(word), |parse| parse(word)) {
            Ok(known) if words.contains(&known) => Ok(()),
            Ok(_) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                Err(self.error(place, format!("must be one of {}", words.join(", "))))
            }
            Err(unknown) => Err(self.error(place, unknown.to_string())),
        }
    }

    fn check_text(&self, place: &str, text: &str, characters: usize) -> Result<(), PolicyError> {
        if text.chars().nth(characters).is_some() {
            let message = format!("must be at most {characters} characters long");
            return Err(self.error(place, message));
        }
        Ok(())
    }

    fn check_list(
        &self,
        name: &str,
        value: &Value,
        bounds: Bounds,
        check: impl Fn(&str, &str) -> Result<(), PolicyError>,
    ) -> Result<(), PolicyError> {
        let Value::Array(items) = value else {
            return Err(self.error(name, "must be a list of strings"));
        };
        if items.len() > bounds.items {
            return Err(self.error(name, format!("must have at most {} entries", bounds.items)));
        }
        for (index, item) in items.iter().enumerate() {
            let place = format!("{name}[{index}]");
            let Value::String(text) = item else {
                return Err(self.error(&place, "must be a string"));
            };
            if text.trim().is_empty() {
                return Err(self.error(&place, "must not be empty"));
            }
            self.check_text(&place, text, bounds.characters)?;
            check(&place, text)?;
        }
        Ok(())
    }

    pub(super) fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.into() } else { format!("{}.{name}", self.prefix) }
    }

    pub(super) fn error(&self, name: &str, message: impl Into<String>) -> PolicyError {
        PolicyError::new(self.path(name), message)
    }

    /// The fault of the whole object.
    pub(super) fn whole(&self, message: impl Into<String>) -> PolicyError {
        PolicyError::new(self.prefix.as_str(), message)
    }

    /// What is given, or the table's default.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        let given = self.taken.get(name).cloned();
        given.or_else(|| self.spec.field(name).and_then(Field::default))
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A word that has been checked; `None` when it is left out and has no default.
    pub(super) fn word<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(|value| value.as_bool()).unwrap_or_default()
    }

    pub(super) fn integer(&self, name: &str) -> Option<u64> {
        self.value(name).as_ref().and_then(whole_number)
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.value(name).and_then(|value| value.as_f64())
    }

    /// US dollars, in billionths.
    pub(super) fn amount(&self, name: &str) -> Option<i64> {
        self.number(name).and_then(usd_to_nanos)
    }

    /// A list that may be empty.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.given_texts(name).unwrap_or_default()
    }

    /// A list whose absence means something.
    pub(super) fn given_texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.taken.get(name)?.as_array()?;
        Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
    }

    pub(super) fn words<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.texts(name).iter().filter_map(|word| word.parse().ok()).collect()
    }

    /// A nested object, checked already.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        let field = self.spec.field(name)?;
        let (Kind::Object(spec), Some(value)) = (&field.kind, self.taken.get(name)) else {
            return None;
        };
        Self::read(self.path(name), value.clone(), spec, Spelling::Any).ok()
    }

    /// The object as it is stored: what was given, every key and nested key in its current spelling.
    pub(super) fn into_value(self) -> Value {
        let mut stored = Map::new();
        for field in self.spec.fields {
            let value = match &field.kind {
                Kind::Object(_) => self.object(field.name).map(Self::into_value),
                _ => self.taken.get(field.name).cloned(),
            };
            if let Some(value) = value {
                stored.insert(field.name.into(), value);
            }
        }
        Value::Object(stored)
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
