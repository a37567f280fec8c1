//! A statement and its parameters, before any database has seen it.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::db::column::{Param, ToParam};
use crate::error::StoreError;
use crate::page::PageRequest;

/// SQL text with `$1`, `$2`… and the values for them, in order.
pub(crate) struct Query {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) params: Vec<Param>,
}

impl Query {
    /// A query that is put together piece by piece.
    pub(crate) fn new(sql: &'static str, params: Vec<Param>) -> Self {
        Self { sql: Cow::Borrowed(sql), params }
    }

    /// The query, unless a text in it cannot be stored in both databases.
    pub(crate) fn checked(self) -> Result<Self, StoreError> {
        let has_nul =
            |param: &Param| matches!(param, Param::Text(Some(text)) if text.contains('\0'));
        if self.params.iter().any(has_nul) { Err(StoreError::InvalidText) } else { Ok(self) }
    }

    /// The query with the columns of a record in the place of its `*`. A prepared statement with a star fails on PostgreSQL once a
    /// migration has added a column, so on a node that kept running a star must never reach the database.
    pub(crate) fn with_columns(mut self, columns: &str) -> Self {
        for (star, before) in [("SELECT *", "SELECT "), ("RETURNING *", "RETURNING ")] {
            if !columns.is_empty()
                && let Some(place) = self.sql.find(star)
            {
                let star = place + before.len()..place + star.len();
                self.sql.to_mut().replace_range(star, columns);
            }
        }
        self
    }

    /// Appends SQL written in this crate; values go through [`Query::bind`].
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Appends a placeholder and its value.
    pub(crate) fn bind(&mut self, value: impl ToParam) -> &mut Self {
        self.params.push(value.param());
        let position = self.params.len();
        write!(self.sql.to_mut(), "${position}").expect("writing to a string succeeds");
        self
    }

    /// Appends `$n, $n+1, …` for parameters that exist already.
    pub(crate) fn bind_params(&mut self, params: Vec<Param>) -> &mut Self {
        for (index, param) in params.into_iter().enumerate() {
            self.params.push(param);
            let separator = if index == 0 { "" } else { ", " };
            write!(self.sql.to_mut(), "{separator}${}", self.params.len())
                .expect("writing to a string succeeds");
        }
        self
    }

    /// Appends `?, ?, …` for parameters that exist already. Only SQLite takes them, and only where none is numbered.
    pub(crate) fn bind_unnumbered(&mut self, params: Vec<Param>) -> &mut Self {
        for (index, param) in params.into_iter().enumerate() {
            self.params.push(param);
            self.push(if index == 0 { "?" } else { ", ?" });
        }
        self
    }

    /// Appends what a page needs: rows after the cursor, newest first by `time` and then id, one more than the page holds.
    pub(crate) fn newest_first(
        &mut self,
        time: &str,
        page: &PageRequest,
    ) -> Result<&mut Self, StoreError> {
        if let Some(position) = page.position()? {
            self.push(&format!(" AND ({time}, id) < ("))
                .bind(position.at)
                .push(", ")
                .bind(position.id.to_string())
                .push(")");
        }
        self.push(&format!(" ORDER BY {time} DESC, id DESC LIMIT "));
        Ok(self.bind(page.rows_wanted()))
    }

    /// Appends `sql` and the value if there is one: `filter(" AND status = ", &status)`.
    pub(crate) fn filter<T: ToParam>(&mut self, sql: &str, value: Option<&T>) -> &mut Self {
        if let Some(value) = value {
            self.push(sql).bind(value);
        }
        self
    }
}

/// The parameters of a query, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::column::ToParam::param(&$value)),*] };
}
pub(crate) use params;

/// A pattern for `LIKE … ESCAPE '\'` that finds `text` anywhere, taken literally.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
