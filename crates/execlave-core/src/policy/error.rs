//! Why a policy could not be loaded.

/// The first fault of a policy, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct PolicyError {
    /// The place, such as `ruleDefinition.deniedPiiTypes[1]`; empty for the whole document.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl PolicyError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}
