//! Bounds on what callers write: long enough for every honest use, short enough that nobody can fill the store with one field.

use execlave_api::enforce::{WORD_LENGTH, is_word};
use execlave_core::time::Timestamp;
use url::Url;

use crate::error::{AppError, AppResult};

/// Identifiers and names.
pub(crate) const NAME_LENGTH: usize = 256;
/// Descriptions and reasons.
pub(crate) const TEXT_LENGTH: usize = 4_000;
/// Addresses.
const URL_LENGTH: usize = 2_000;
/// Entries of a list.
pub(crate) const LIST_LENGTH: usize = 500;

/// A non-empty text of at most `length` characters.
pub(crate) fn required(path: &str, value: &str, length: usize) -> AppResult<()> {
    if value.trim().is_empty() {
        return Err(AppError::invalid(path, "must not be empty"));
    }
    bounded(path, value, length)
}

/// A text of at most `length` characters.
pub(crate) fn bounded(path: &str, value: &str, length: usize) -> AppResult<()> {
    if value.chars().nth(length).is_some() {
        return Err(AppError::invalid(path, format!("must be at most {length} characters long")));
    }
    Ok(())
}

/// The same for a text that may be absent.
pub(crate) fn optional(path: &str, value: Option<&str>, length: usize) -> AppResult<()> {
    value.map_or(Ok(()), |value| bounded(path, value, length))
}

/// An address outside that the server asks or tells, and how many milliseconds it may take. `fault` says why one may not be reached.
pub(crate) fn outside(
    url: &str,
    timeout_ms: i64,
    fault: impl FnOnce(&Url) -> Option<String>,
) -> AppResult<()> {
    required("url", url, URL_LENGTH)?;
    let url: Url = url.parse().map_err(|_| AppError::invalid("url", "must be a URL"))?;
    if let Some(fault) = fault(&url) {
        return Err(AppError::invalid("url", fault));
    }
    if !(100..=10_000).contains(&timeout_ms) {
        return Err(AppError::invalid("timeoutMs", "must be 100 to 10000"));
    }
    Ok(())
}

/// An environment, a type or a platform.
pub(crate) fn word(path: &str, value: &str) -> AppResult<()> {
    if is_word(value) {
        return Ok(());
    }
    let message =
        format!("must be 1 to {WORD_LENGTH} letters, digits, dots, hyphens or underscores");
    Err(AppError::invalid(path, message))
}

/// A moment.
pub(crate) fn time(path: &str, text: &str) -> AppResult<Timestamp> {
    text.parse().map_err(|_| {
        AppError::invalid(
            path,
            "must be an RFC 3339 time with an offset, such as `2026-01-31T09:00:00.000Z`",
        )
    })
}

/// A list of names.
pub(crate) fn names(path: &str, values: Option<&[String]>) -> AppResult<()> {
    let values = values.unwrap_or_default();
    if values.len() > LIST_LENGTH {
        return Err(AppError::invalid(path, format!("must have at most {LIST_LENGTH} entries")));
    }
    values
        .iter()
        .enumerate()
        .try_for_each(|(index, value)| required(&format!("{path}[{index}]"), value, NAME_LENGTH))
}
