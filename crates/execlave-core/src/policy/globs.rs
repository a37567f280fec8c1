//! Patterns for tool and data source names: `*` is any text, `?` any one character, all else itself.
//!
//! Case does not matter, so that `Delete_User` cannot slip past `delete_*`. Plain names, the common case,
//! are one look into a hash set.

use std::collections::HashSet;

/// A list of patterns, ready to match.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    names: HashSet<String>,
    wild: Vec<Vec<char>>,
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

    pub(super) fn matches(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        if self.names.contains(&name) {
            return true;
        }
        if self.wild.is_empty() {
            return false;
        }
        let name: Vec<char> = name.chars().collect();
        self.wild.iter().any(|pattern| glob(pattern, &name))
    }
}

/// Goes back only to the last `*`, so the work is at most the product of both lengths.
fn glob(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut read) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = name.get(read) {
        match pattern.get(at) {
            Some('*') => {
                at = at.saturating_add(1);
                star = Some((at, read));
            }
            Some(&wanted) if wanted == '?' || wanted == character => {
                at = at.saturating_add(1);
                read = read.saturating_add(1);
            }
            _ => match star {
                Some((after, from)) => {
                    let next = from.saturating_add(1);
                    star = Some((after, next));
                    (at, read) = (after, next);
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
            assert!(globs.matches(name), "{name}");
        }
        for name in ["db", "xdb.read", "send_mail", "exactly", ""] {
            assert!(!globs.matches(name), "{name}");
        }
    }
}
