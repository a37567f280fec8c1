//! Passwords: what one must be like, and how it is kept and compared.
//!
//! Rules are those of NIST SP 800-63B: a length, a list of what everybody tries first, and nothing about which characters. The hash is
//! argon2id with OWASP's parameters (Password Storage Cheat Sheet: 19 MiB, two passes, one lane).

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{AppError, AppResult};

/// How many characters a password has.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;
/// Hashes that are computed at once; each takes 19 MiB and a core for some milliseconds.
const AT_ONCE: usize = 2;
/// Hashes that wait for their turn. More than that is an attack, and is told to come back.
const WAITING: usize = 64;

/// The worst passwords that are long enough to be allowed otherwise, in lower case.
const WORST: &str = include_str!("password/worst.txt");

/// Computes hashes, a few at once and off the threads that answer requests.
#[derive(Debug)]
pub struct Passwords {
    turns: Semaphore,
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), places: Semaphore::new(AT_ONCE + WAITING) }
    }
}

impl Passwords {
    /// What is kept instead of a password that may be chosen.
    pub(crate) async fn hash(&self, path: &str, password: &str) -> AppResult<String> {
        check(path, password)?;
        let password = password.to_owned();
        let hash = self.run(move || argon2().hash_password(password.as_bytes())).await?;
        Ok(hash.map_err(AppError::internal)?.to_string())
    }

    /// Whether it is the password with this hash. Without a hash it is not, which takes as long to say: nobody learns from the time of
    /// an answer which addresses have a password.
    pub(crate) async fn matches(&self, password: &str, hash: Option<&str>) -> AppResult<bool> {
        // Longer than any password, it is not worth hashing, and this says nothing about whose it would be.
        if password.chars().nth(*LENGTH.end()).is_some() {
            return Ok(false);
        }
        let password = password.to_owned();
        let exists = hash.is_some();
        let hash = hash.map_or_else(|| NOBODY.clone(), str::to_owned);
        let matches = move || {
            let hash = PasswordHash::new(&hash)?;
            Ok(argon2().verify_password(password.as_bytes(), &hash).is_ok())
        };
        let matches: Result<bool, argon2::password_hash::phc::Error> = self.run(matches).await?;
        Ok(matches.map_err(AppError::internal)? && exists)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> AppResult<T> {
        let _place = self.places.try_acquire().map_err(AppError::unavailable)?;
        let _turn = self.turns.acquire().await.map_err(AppError::unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
    }
}

/// A hash of something nobody knows.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let password = crate::secrets::new_token();
    let hash = argon2().hash_password(password.as_bytes());
    hash.expect("a short text can be hashed").to_string()
});

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("OWASP's parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a password may be chosen.
pub(crate) fn check(path: &str, password: &str) -> AppResult<()> {
    if !LENGTH.contains(&password.chars().count()) {
        let message = format!("must be {} to {} characters long", LENGTH.start(), LENGTH.end());
        return Err(AppError::invalid(path, message));
    }
    if is_among_the_worst(password) {
        let message = "is one of the passwords that are tried first: choose another one, such as four words that have nothing to do with each other";
        return Err(AppError::invalid(path, message));
    }
    Ok(())
}

fn is_among_the_worst(password: &str) -> bool {
    let lower = password.to_lowercase();
    let mut characters = lower.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
        || WORST.lines().any(|worst| worst == lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("password", "correct horse battery").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("correct horse battery", Some(&hash)).await.expect("compared"));
        assert!(!passwords.matches("correct horse Battery", Some(&hash)).await.expect("compared"));
        assert!(!passwords.matches("correct horse battery", None).await.expect("compared"));
        assert!(passwords.matches("x", Some("no hash")).await.is_err());
    }

    #[test]
    fn length_and_the_worst_are_all_that_counts() {
        let fits = |password: &str| check("password", password).is_ok();
        assert!(!fits("eleven char") && fits("twelve chars") && fits(&"äö".repeat(128)));
        assert!(!fits(&"ab".repeat(129)) && !fits("aaaaaaaaaaaaaaaa"));
        assert!(!fits("password1234") && !fits("PassWord1234"));
        let long: Vec<_> = WORST.lines().filter(|worst| worst.chars().count() < 12).collect();
        assert!(long.is_empty(), "too short to matter: {long:?}");
        assert!(WORST.lines().all(|worst| worst == worst.to_lowercase()));
    }
}
