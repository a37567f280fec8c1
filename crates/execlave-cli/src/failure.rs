//! How a command fails: one line, a hint what to do next, and the exit code scripts branch on.

use execlave_server::error::AppError;
use execlave_store::error::StoreError;
use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It was understood and reached, and the answer is no.
    Refused = 1,
    /// It was asked for in the wrong way.
    Usage = 2,
    /// The server or the store is not there.
    Unreachable = 3,
}

impl Failure {
    /// The thing asked for is not there, not allowed, or not in that state.
    pub(crate) fn refused(message: impl Display) -> Self {
        Self { kind: Kind::Refused, message: message.to_string(), hint: None }
    }

    /// An option or a configuration file is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { kind: Kind::Usage, message: message.to_string(), hint: None }
    }

    /// The server or the store cannot be reached.
    pub(crate) fn unreachable(message: impl Display) -> Self {
        Self { kind: Kind::Unreachable, message: message.to_string(), hint: None }
    }

    /// What to do next, in one line.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Says it on stderr.
    #[expect(
        clippy::print_stderr,
        reason = "this is where a command talks to the person who typed it"
    )]
    pub(crate) fn print(&self) {
        eprintln!("error: {}", self.message);
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
    }

    /// The code scripts branch on.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

/// An operation of the server's that ran here, on the store itself.
impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let message = match error.source() {
            Some(source) => format!("{}: {}", error.message(), chain(source)),
            None => error.message().to_owned(),
        };
        if error.status().is_server_error() {
            Self::unreachable(message)
        } else {
            Self::refused(message)
        }
    }
}

/// The store could not do what it was asked.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::unreachable(chain(&error))
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
