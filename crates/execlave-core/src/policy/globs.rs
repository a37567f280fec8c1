//! Patterns for tool and data source names: `*` is any text, `?` any one character, all else itself.
//!
//! Case does not matter, so that `Delete_User` cannot slip past `delete_*`. Plain names, the common case,
//! are one look into a hash set.

use std::borrow::Cow;
use std::collections::HashSet;

/// A list of patterns, ready to match.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    names: HashSet<String>,
    wild: Vec<Vec<char>>,
}

/// A name in the spelling patterns are compared in, made once however many patterns there are.
#[derive(Debug)]
pub(super) struct Name<'a> {
    pub(super) original: &'a str,
    folded: Cow<'a, str>,
}

impl<'a> Name<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let trimmed = original.trim();
        let plain = trimmed.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        let folded = if plain { trimmed.into() } else { trimmed.to_lowercase().into() };
        Self { original, folded }
    }
}

impl Globs {
    pub(super) fn new(patterns: &[String]) -> Self {
        let mut globs = Self::default();
        for pattern in patterns {
            let pattern = pattern.trim().to_lowercase();
            if pattern.contains(['*', '?']) {
                globs.wild.push(pattern.chars().collect());
            } else {
                globs.names.insert(pattern);
            }
        }
        globs
    }

    pub(super) fn matches(&self, name: &Name<'_>) -> bool {
        self.names.contains(name.folded.as_ref())
            || self.wild.iter().any(|pattern| glob(pattern, &name.folded))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.wild.is_empty()
    }
}

/// Goes back only to the last `*`, so the work is at most the product of both lengths.
fn glob(pattern: &[char], name: &str) -> bool {
    let mut at = 0usize;
    let mut rest = name.chars();
    let mut star: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        let Some(character) = ahead.next() else { break };
        match pattern.get(at) {
            Some('*') => {
                at = at.saturating_add(1);
                star = Some((at, rest.clone()));
            }
            Some(&wanted) if wanted == '?' || wanted == character => {
                at = at.saturating_add(1);
                rest = ahead;
            }
            _ => match star.as_mut() {
                Some((after, from)) => {
                    from.next();
                    (at, rest) = (*after, from.clone());
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|character| *character == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let globs = Globs::new(&["db.*".into(), "send_?mail".into(), "Exact".into(), "*é*".into()]);
        for name in ["db.", "db.read", "DB.Write", "send_email", "exact", " exact ", "café au lait"]
        {
            assert!(globs.matches(&Name::new(name)), "{name}");
        }
        for name in ["db", "xdb.read", "send_mail", "exactly", ""] {
            assert!(!globs.matches(&Name::new(name)), "{name}");
        }
    }
}
