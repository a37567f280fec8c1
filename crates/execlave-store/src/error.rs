//! What can go wrong in the store. Kinds are told apart by what the database reports as kind, never by the name of a constraint:
//! SQLite does not give one.

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another row already has what must be unique; the noun says what.
    #[error("{0} already exists")]
    Conflict(&'static str),
    /// The row refers to something that is not there; the noun says what.
    #[error("{0} refers to something that does not exist")]
    InvalidReference(&'static str),
    /// A stored row that this version cannot read.
    #[error("column `{column}` of `{table}` row `{id}` is inconsistent: {detail}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The row's id, as far as it has one.
        id: String,
        /// What is wrong.
        detail: String,
    },
    /// A text with the character NUL, which PostgreSQL cannot hold; SQLite is held to the same.
    #[error("text contains the character NUL")]
    InvalidText,
    /// A page cursor that no page ever gave out.
    #[error("cursor is not one this list gave out")]
    InvalidCursor,
    /// The database cannot be reached, or more is waiting to be written than may wait.
    #[error("store is unavailable: {0}")]
    Unavailable(String),
    /// The data directory or URL cannot be used.
    #[error("cannot open store: {0}")]
    Open(String),
    /// The schema could not be brought up to date.
    #[error("cannot migrate the schema")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// Any other database error.
    #[error("database error")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether two transactions got in each other's way, so that trying again helps: PostgreSQL's deadlock and serialization failure.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Other(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "40P01" || code == "40001")
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::Database(database) => match database.kind() {
                ErrorKind::UniqueViolation => Self::Conflict("record"),
                ErrorKind::ForeignKeyViolation => Self::InvalidReference("record"),
                _ if is_shutdown(database.code().as_deref()) => {
                    Self::Unavailable(error.to_string())
                }
                _ => Self::Other(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error.to_string()),
            _ => Self::Other(error),
        }
    }
}

/// PostgreSQL's classes 08 (connection) and 57P (going down or starting); SQLite's "busy" and "locked" after the waiting time.
fn is_shutdown(code: Option<&str>) -> bool {
    code.is_some_and(|code| {
        let sqlite_busy =
            code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6));
        sqlite_busy || code.starts_with("08") || code.starts_with("57P") || code == "53300"
    })
}

/// Names the noun of a conflict or dangling reference, which the database cannot know.
pub(crate) trait WithNoun {
    fn noun(self, noun: &'static str) -> Self;
}

impl<T> WithNoun for Result<T, StoreError> {
    fn noun(self, noun: &'static str) -> Self {
        self.map_err(|error| match error {
            StoreError::Conflict(_) => StoreError::Conflict(noun),
            StoreError::InvalidReference(_) => StoreError::InvalidReference(noun),
            other => other,
        })
    }
}
