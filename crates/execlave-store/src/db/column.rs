//! How the types of the domain become columns and come back. One place for both directions and both databases: ids and words are
//! text, times and money are integers, lists and trees are JSON text.

use std::str::FromStr;

use execlave_core::decision::Outcome;
use execlave_core::ids::{
    AgentId, ApprovalId, DecisionId, KeyId, OrgId, PolicyId, SessionId, TraceRowId, UserId,
};
use execlave_core::policy::BudgetWindow;
use execlave_core::request::AgentStatus;
use execlave_core::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::error::StoreError;
use crate::json::Json;

/// A value as a database knows it. The kind is known also when the value is NULL, because PostgreSQL asks.
#[derive(Clone, Debug)]
pub(crate) enum Param {
    Text(Option<String>),
    Int(Option<i64>),
    Flag(Option<bool>),
}

/// Can be given to a query.
pub(crate) trait ToParam {
    const NULL: Param;
    fn param(&self) -> Param;
}

/// Can be read from a column.
pub(crate) trait Column: Sized {
    /// The value, `None` for NULL, or what is wrong with it.
    fn read(cell: Cell<'_>) -> Result<Option<Self>, String>;
}

/// A row of either database.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

/// One column of a row.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'r> {
    row: Row<'r>,
    column: &'static str,
}

impl<'r> From<&'r SqliteRow> for Row<'r> {
    fn from(row: &'r SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl<'r> From<&'r PgRow> for Row<'r> {
    fn from(row: &'r PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row<'_> {
    /// Reads a column of `table`.
    pub(crate) fn get<T: Column>(
        self,
        table: &'static str,
        column: &'static str,
    ) -> Result<T, StoreError> {
        let found = T::read(Cell { row: self, column })
            .and_then(|value| value.ok_or_else(|| "is null".to_owned()));
        found.map_err(|detail| {
            let id = Cell { row: self, column: "id" }.text().ok().flatten().unwrap_or_default();
            StoreError::Inconsistent { table, column: column.to_owned(), id, detail }
        })
    }
}

impl Cell<'_> {
    fn text(self) -> Result<Option<String>, String> {
        match self.row {
            Row::Sqlite(row) => row.try_get(self.column),
            Row::Postgres(row) => row.try_get(self.column),
        }
        .map_err(|error| error.to_string())
    }

    fn int(self) -> Result<Option<i64>, String> {
        match self.row {
            Row::Sqlite(row) => row.try_get(self.column),
            Row::Postgres(row) => row.try_get(self.column),
        }
        .map_err(|error| error.to_string())
    }

    fn flag(self) -> Result<Option<bool>, String> {
        match self.row {
            Row::Sqlite(row) => row.try_get(self.column),
            Row::Postgres(row) => row.try_get(self.column),
        }
        .map_err(|error| error.to_string())
    }

    fn parsed<T: FromStr<Err: ToString>>(self) -> Result<Option<T>, String> {
        self.text()?.map(|text| text.parse().map_err(|error: T::Err| error.to_string())).transpose()
    }

    fn json<T: DeserializeOwned>(self) -> Result<Option<T>, String> {
        self.text()?
            .map(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
            .transpose()
    }

    /// A closed set of words, spelled in the database as on the wire.
    fn word<T: DeserializeOwned>(self) -> Result<Option<T>, String> {
        let word = |text| {
            serde_json::from_value(serde_json::Value::String(text))
                .map_err(|error| error.to_string())
        };
        self.text()?.map(word).transpose()
    }
}

fn word_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl<T: Column> Column for Option<T> {
    fn read(cell: Cell<'_>) -> Result<Option<Self>, String> {
        T::read(cell).map(Some)
    }
}

impl<T: ToParam> ToParam for Option<T> {
    const NULL: Param = T::NULL;
    fn param(&self) -> Param {
        self.as_ref().map_or(Self::NULL, ToParam::param)
    }
}

impl<T: ToParam + ?Sized> ToParam for &T {
    const NULL: Param = T::NULL;
    fn param(&self) -> Param {
        (**self).param()
    }
}

/// Columns of one kind: `text` (written by one expression, read by another), and likewise `int` and `flag`.
macro_rules! columns {
    ($($kind:ident $type:ty: |$value:ident| $write:expr, |$cell:ident| $read:expr;)*) => { $(
        impl ToParam for $type {
            const NULL: Param = Param::$kind(None);
            fn param(&self) -> Param {
                let $value = self;
                Param::$kind(Some($write))
            }
        }
        impl Column for $type {
            fn read($cell: Cell<'_>) -> Result<Option<Self>, String> {
                $read
            }
        }
    )* };
}

columns! {
    Text OrgId: |id| id.to_string(), |cell| cell.parsed();
    Text AgentId: |id| id.to_string(), |cell| cell.parsed();
    Text PolicyId: |id| id.to_string(), |cell| cell.parsed();
    Text DecisionId: |id| id.to_string(), |cell| cell.parsed();
    Text ApprovalId: |id| id.to_string(), |cell| cell.parsed();
    Text KeyId: |id| id.to_string(), |cell| cell.parsed();
    Text UserId: |id| id.to_string(), |cell| cell.parsed();
    Text SessionId: |id| id.to_string(), |cell| cell.parsed();
    Text TraceRowId: |id| id.to_string(), |cell| cell.parsed();
    Text uuid::Uuid: |id| id.to_string(), |cell| cell.parsed();
    Text String: |text| text.clone(), |cell| cell.text();
    Text Json: |json| json.as_str().to_owned(), |cell| cell.text()?.map(|text| Json::from_text(text).map_err(|error| error.to_string())).transpose();
    Text execlave_core::audit::Hash: |hash| hash.to_string(), |cell| cell.parsed();
    Text Vec<execlave_core::audit::Hash>: |list| Json::of(list).as_str().to_owned(), |cell| cell.json();
    Text Vec<String>: |list| Json::of(list).as_str().to_owned(), |cell| cell.json();
    Text AgentStatus: |status| word_of(status), |cell| cell.word();
    Text execlave_core::decision::EnforcementMode: |mode| word_of(mode), |cell| cell.word();
    Text execlave_core::decision::Severity: |severity| word_of(severity), |cell| cell.word();
    Text Outcome: |outcome| word_of(outcome), |cell| cell.word();
    Text execlave_core::policy::FailureMode: |mode| word_of(mode), |cell| cell.word();
    Text crate::cost_rules::RuleScope: |scope| word_of(scope), |cell| cell.word();
    Text crate::cost_rules::RuleAction: |action| word_of(action), |cell| cell.word();
    Text Vec<crate::tool_baselines::PinnedTool>: |tools| Json::of(tools).as_str().to_owned(), |cell| cell.json();
    Text crate::decisions::DecisionSource: |source| word_of(source), |cell| cell.word();
    Text crate::agents::OutcomeStrictness: |strictness| word_of(strictness), |cell| cell.word();
    Text crate::users::Role: |role| word_of(role), |cell| cell.word();
    Text crate::users::UserState: |state| word_of(state), |cell| cell.word();
    Text crate::sessions::LinkPurpose: |purpose| word_of(purpose), |cell| cell.word();
    Text crate::sessions::SignInMethod: |method| word_of(method), |cell| cell.word();
    Text crate::approvals::ApprovalStatus: |status| word_of(status), |cell| cell.word();
    Text crate::prompt_versions::DeploymentStatus: |status| word_of(status), |cell| cell.word();
    Text crate::policies::PolicyEvent: |event| word_of(event), |cell| cell.word();
    Text BudgetWindow: |period| word_of(period), |cell| cell.word();
    Text execlave_core::webhook::EventType: |kind| word_of(kind), |cell| cell.word();
    Text Vec<execlave_core::webhook::EventType>: |kinds| Json::of(kinds).as_str().to_owned(), |cell| cell.json();
    Text execlave_core::webhook::Event: |event| Json::of(event).as_str().to_owned(), |cell| cell.json();
    Text execlave_core::webhook::Format: |format| word_of(format), |cell| cell.word();
    Text execlave_core::webhook::SignatureVersion: |version| word_of(version), |cell| cell.word();
    Text crate::webhooks::DeliveryStatus: |status| word_of(status), |cell| cell.word();
    Text Vec<crate::approvals::ApprovalVote>: |votes| Json::of(votes).as_str().to_owned(), |cell| cell.json();
    Text crate::state::SlidingWindow: |window| Json::of(window).as_str().to_owned(), |cell| cell.json();
    Text Vec<crate::spend::Charged>: |charged| Json::of(charged).as_str().to_owned(), |cell| cell.json();
    Int i64: |number| *number, |cell| cell.int();
    Int Timestamp: |time| time.as_millis(), |cell| Ok(cell.int()?.map(Timestamp::from_millis));
    Flag bool: |flag| *flag, |cell| cell.flag();
}

impl ToParam for str {
    const NULL: Param = Param::Text(None);
    fn param(&self) -> Param {
        Param::Text(Some(self.to_owned()))
    }
}

/// Can be read from a row.
pub(crate) trait Record: Sized {
    /// What `SELECT *` and `RETURNING *` stand for; empty for a record that is not a table's and names its columns itself.
    const COLUMNS: &'static str = "";
    fn read(row: Row<'_>) -> Result<Self, StoreError>;
}

/// A record that holds every column of its table, so that it can also be inserted.
pub(crate) trait Table: Record {
    const TABLE: &'static str;
    fn params(&self) -> Vec<Param>;
}

/// Declares that a struct's fields are the columns of a table, by name.
macro_rules! table {
    ($table:literal => $record:ident { $column:ident $(, $more:ident)* $(,)? }) => {
        impl $crate::db::column::Record for $record {
            const COLUMNS: &'static str = concat!(stringify!($column) $(, ", ", stringify!($more))*);
            fn read(row: $crate::db::column::Row<'_>) -> Result<Self, $crate::error::StoreError> {
                Ok(Self {
                    $column: row.get($table, stringify!($column))?,
                    $($more: row.get($table, stringify!($more))?),*
                })
            }
        }
        impl $crate::db::column::Table for $record {
            const TABLE: &'static str = $table;
            fn params(&self) -> Vec<$crate::db::column::Param> {
                vec![
                    $crate::db::column::ToParam::param(&self.$column),
                    $($crate::db::column::ToParam::param(&self.$more)),*
                ]
            }
        }
    };
}
pub(crate) use table;
