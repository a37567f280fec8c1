//! Pages of a list, newest first, by keyset: a row added meanwhile never shifts what the next page holds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use execlave_core::time::Timestamp;
use uuid::Uuid;

use crate::error::StoreError;

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How many items at most, 1 to 200; other numbers are brought into that range.
    pub limit: u32,
    /// Where the previous page ended, as given in [`Page::next_cursor`].
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: Self::DEFAULT_LIMIT, cursor: None }
    }
}

impl PageRequest {
    /// Items on a page unless asked otherwise.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The longest page.
    pub const MAX_LIMIT: u32 = 200;

    pub(crate) fn size(&self) -> usize {
        self.limit.clamp(1, Self::MAX_LIMIT) as usize
    }

    /// One row more than the page holds tells whether there is a next page.
    pub(crate) fn rows_wanted(&self) -> i64 {
        i64::from(self.limit.clamp(1, Self::MAX_LIMIT)) + 1
    }

    pub(crate) fn position(&self) -> Result<Option<Position>, StoreError> {
        self.cursor.as_deref().map(Position::decode).transpose()
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// What to ask for next; absent on the last page.
    pub next_cursor: Option<String>,
    /// How many items the whole list has, where that is cheap to know.
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Cuts `rows`, read with one more than the page's size, to the page.
    pub(crate) fn cut(
        mut rows: Vec<T>,
        size: usize,
        total: Option<i64>,
        position: impl Fn(&T) -> Position,
    ) -> Self {
        let more = rows.len() > size;
        rows.truncate(size);
        let next_cursor = if more { rows.last().map(|row| position(row).encode()) } else { None };
        Self { items: rows, next_cursor, total }
    }

    /// The same page with every item converted.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
            total: self.total,
        }
    }
}

/// The place of a row in a list: its time (or index), then its id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) at: i64,
    pub(crate) id: Uuid,
}

impl Position {
    pub(crate) fn new(at: Timestamp, id: Uuid) -> Self {
        Self { at: at.as_millis(), id }
    }

    fn encode(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.at, self.id))
    }

    fn decode(cursor: &str) -> Result<Self, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| StoreError::InvalidCursor)?;
        let (at, id) = text.split_once('.').ok_or(StoreError::InvalidCursor)?;
        let at = at.parse().map_err(|_| StoreError::InvalidCursor)?;
        let id = Uuid::try_parse(id).map_err(|_| StoreError::InvalidCursor)?;
        Ok(Self { at, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_anything_else_is_refused() {
        let position = Position { at: -7, id: Uuid::from_u128(9) };
        assert_eq!(Position::decode(&position.encode()).ok(), Some(position));
        for bad in ["", "x", "!!", "MTIz", "MTIzLngA"] {
            assert!(matches!(Position::decode(bad), Err(StoreError::InvalidCursor)), "{bad}");
        }
    }
}
