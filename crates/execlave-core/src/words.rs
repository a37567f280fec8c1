//! Closed lists of words, as they appear on the wire.
//!
//! One macro, so that reading, writing, listing and refusing a word are the same for every list.

/// A word that is not one of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{word}`: use one of {known}")]
pub struct UnknownWord {
    what: &'static str,
    word: String,
    known: String,
}

impl UnknownWord {
    pub(crate) fn new<'a>(
        what: &'static str,
        word: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let known = known.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        Self { what, word: word.chars().take(64).collect(), known }
    }
}

/// A closed list of words, for tables that hold several lists.
pub(crate) trait Words {
    /// The current spellings, in order.
    const WORDS: &'static [&'static str];

    /// The current spelling of a word in any accepted one.
    fn known(word: &str) -> Result<&'static str, UnknownWord>;
}

/// A closed list of words: spelling out, and reading with the accepted legacy spellings.
macro_rules! words {
    ($name:ident, $what:literal, $($variant:ident = $word:literal $(| $legacy:literal)*),+ $(,)?) => {
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::words::Words for $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            fn known(word: &str) -> Result<&'static str, $crate::words::UnknownWord> {
                word.parse::<Self>().map(Self::as_str)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::words::UnknownWord> {
                match word {
                    $($word $(| $legacy)* => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord::new(
                        $what, word, Self::ALL.iter().map(|value| value.as_str()),
                    )),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::words::UnknownWord;

            fn try_from(word: String) -> Result<Self, $crate::words::UnknownWord> {
                word.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().into()
            }
        }
    };
}
pub(crate) use words;
