//! What a policy document and each rule definition may hold: one table, read by the strict reader, the JSON
//! Schema and the reference page alike.

use serde_json::{Map, Value, json};

use crate::words::{UnknownWord, Words};

/// The fields of one kind of object.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) fields: &'static [Field],
    /// At least one of these must be given; empty means no such rule.
    pub(super) any_of: &'static [&'static str],
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// Leaving a list out means something else than an empty list.
    without_default: bool,
    /// Older names with the same meaning, accepted and never written.
    pub(super) legacy: &'static [&'static str],
    pub(super) meaning: &'static str,
}

/// What a field holds, its bounds, and its default where it has one.
#[derive(Debug)]
pub(super) enum Kind {
    Flag {
        default: bool,
    },
    Word {
        words: &'static [&'static str],
        parse: Option<Parse>,
        default: Option<&'static str>,
    },
    Words {
        words: &'static [&'static str],
        parse: Parse,
    },
    Text {
        characters: usize,
        default: Option<&'static str>,
    },
    Texts {
        bounds: Bounds,
    },
    Integer {
        least: u64,
        most: u64,
        default: Option<u64>,
    },
    /// Any number.
    Number,
    /// US dollars.
    Amount,
    Object(&'static Spec),
    /// An object of the author's own.
    Free,
    /// Looked at elsewhere.
    Rule,
}

/// Knows a word of a closed list, legacy spellings included.
pub(super) type Parse = fn(&str) -> Result<&'static str, UnknownWord>;

/// Bounds of a list of texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) items: usize,
    pub(super) characters: usize,
}

/// Names, globs and words.
pub(super) const NAMES: Bounds = Bounds { items: 1000, characters: 256 };
/// Regular expressions.
pub(super) const PATTERNS: Bounds = Bounds { items: 200, characters: 1000 };

impl Spec {
    pub(super) const fn new(fields: &'static [Field]) -> Self {
        Self { fields, any_of: &[] }
    }

    pub(super) const fn with_one_of(
        fields: &'static [Field],
        any_of: &'static [&'static str],
    ) -> Self {
        Self { fields, any_of }
    }

    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The JSON Schema (draft 2020-12) of these objects, in their current spelling.
    pub(super) fn schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|field| (field.name.into(), field.schema())).collect();
        let required: Vec<&str> =
            self.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        let mut schema = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        if let Some(map) = schema.as_object_mut() {
            if !required.is_empty() {
                map.insert("required".into(), json!(required));
            }
            if !self.any_of.is_empty() {
                let any: Vec<Value> =
                    self.any_of.iter().map(|name| json!({"required": [name]})).collect();
                map.insert("anyOf".into(), json!(any));
            }
        }
        schema
    }
}

impl Field {
    const fn new(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self { name, kind, required: false, without_default: false, legacy: &[], meaning }
    }

    pub(super) const fn flag(name: &'static str, default: bool, meaning: &'static str) -> Self {
        Self::new(name, Kind::Flag { default }, meaning)
    }

    pub(super) const fn word<T: Words>(
        name: &'static str,
        default: Option<&'static str>,
        meaning: &'static str,
    ) -> Self {
        Self::word_of::<T>(name, T::WORDS, default, meaning)
    }

    /// Only some words of a list.
    pub(super) const fn word_of<T: Words>(
        name: &'static str,
        words: &'static [&'static str],
        default: Option<&'static str>,
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Kind::Word { words, parse: Some(T::known), default }, meaning)
    }

    /// Words that mean something only to this rule.
    pub(super) const fn choice(
        name: &'static str,
        words: &'static [&'static str],
        default: Option<&'static str>,
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Kind::Word { words, parse: None, default }, meaning)
    }

    pub(super) const fn words<T: Words>(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Kind::Words { words: T::WORDS, parse: T::known }, meaning)
    }

    pub(super) const fn text(
        name: &'static str,
        characters: usize,
        default: Option<&'static str>,
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Kind::Text { characters, default }, meaning)
    }

    pub(super) const fn texts(name: &'static str, bounds: Bounds, meaning: &'static str) -> Self {
        Self::new(name, Kind::Texts { bounds }, meaning)
    }

    pub(super) const fn integer(
        name: &'static str,
        least: u64,
        most: u64,
        default: Option<u64>,
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Kind::Integer { least, most, default }, meaning)
    }

    pub(super) const fn number(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Kind::Number, meaning)
    }

    pub(super) const fn amount(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Kind::Amount, meaning)
    }

    pub(super) const fn object(
        name: &'static str,
        spec: &'static Spec,
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Kind::Object(spec), meaning)
    }

    pub(super) const fn free(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Kind::Free, meaning)
    }

    pub(super) const fn rule(name: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Kind::Rule, meaning).required()
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn optional(mut self) -> Self {
        self.without_default = true;
        self
    }

    pub(super) const fn legacy(mut self, names: &'static [&'static str]) -> Self {
        self.legacy = names;
        self
    }

    /// What is meant when the field is left out.
    pub(super) fn default(&self) -> Option<Value> {
        match &self.kind {
            Kind::Flag { default } => Some(json!(default)),
            Kind::Word { default, .. } | Kind::Text { default, .. } => {
                default.map(|word| json!(word))
            }
            Kind::Integer { default, .. } => default.map(|number| json!(number)),
            Kind::Words { .. } | Kind::Texts { .. } if !self.required && !self.without_default => {
                Some(json!([]))
            }
            Kind::Free => Some(json!({})),
            _ => None,
        }
    }

    fn schema(&self) -> Value {
        let mut schema = match &self.kind {
            Kind::Flag { .. } => json!({"type": "boolean"}),
            Kind::Word { words, .. } => json!({"enum": words}),
            Kind::Words { words, .. } => {
                json!({"type": "array", "maxItems": NAMES.items, "items": {"enum": words}})
            }
            Kind::Text { characters, .. } => json!({"type": "string", "maxLength": characters}),
            Kind::Texts { bounds } => json!({
                "type": "array",
                "maxItems": bounds.items,
                "items": {"type": "string", "minLength": 1, "maxLength": bounds.characters},
            }),
            Kind::Integer { least, most, .. } => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Kind::Number => json!({"type": "number"}),
            Kind::Amount => json!({"type": "number", "minimum": 0}),
            Kind::Object(spec) => spec.schema(),
            Kind::Free | Kind::Rule => json!({"type": "object"}),
        };
        if let Some(map) = schema.as_object_mut() {
            map.insert("description".into(), json!(self.meaning));
            if let Some(default) = self.default() {
                map.insert("default".into(), default);
            }
        }
        schema
    }
}
