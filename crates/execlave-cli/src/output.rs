//! What commands print: a table for people, JSON for programs.
//!
//! Only this file writes to stdout, and it ignores a closed pipe: `execlave agents list | head -1` is not an error.

use clap::Args;
use serde::Serialize;
use std::io::{self, Write};

/// How a command answers.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl Output {
    /// A list: an aligned table, or a JSON array.
    pub(crate) fn list<T: Serialize, const N: usize>(
        self,
        head: [&str; N],
        items: &[T],
        row: impl Fn(&T) -> [String; N],
    ) {
        if self.json {
            print_json(items);
        } else {
            print(&table(head, items.iter().map(row).collect()));
        }
    }

    /// One thing: aligned `name  value` lines, or a JSON object. A value that is empty is left out of the lines.
    pub(crate) fn thing<T: Serialize>(self, item: &T, lines: &[(&str, String)]) {
        if self.json {
            print_json(item);
        } else {
            print(&pairs(lines));
        }
    }

    /// The outcome of a change: a sentence, or the changed thing as JSON.
    pub(crate) fn done<T: Serialize>(self, item: &T, sentence: &str) {
        if self.json {
            print_json(item);
        } else {
            print(&format!("{sentence}\n"));
        }
    }
}

/// Writes to stdout as it is.
pub(crate) fn print(text: &str) {
    // The reader has gone away: nobody is left to tell.
    let _read_by = write(text.as_bytes());
}

/// The same for long output; `false` once nobody reads it any more.
pub(crate) fn write(bytes: &[u8]) -> bool {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).is_ok()
}

fn print_json<T: Serialize + ?Sized>(value: &T) {
    let text = serde_json::to_string_pretty(value).expect("what commands print has string keys");
    print(&format!("{text}\n"));
}

/// Columns as wide as their widest cell, two spaces apart, nothing trailing.
fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut lines = vec![head.map(str::to_uppercase)];
    lines.extend(rows.into_iter().map(|row| row.map(|cell| on_one_line(&cell))));
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn pairs(lines: &[(&str, String)]) -> String {
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let shown = lines.iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<String> =
        shown.map(|(name, value)| format!("{name:width$}  {}", on_one_line(value))).collect();
    lines.join("\n") + "\n"
}

/// Text from agents ends up on a terminal: a line break would fake a row, an escape sequence would do worse.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            vec![["a".to_owned(), "active".to_owned()], ["longer".to_owned(), String::new()]];
        assert_eq!(table(["id", "status"], rows), "ID      STATUS\na       active\nlonger\n");
    }

    #[test]
    fn empty_values_are_not_shown() {
        let lines =
            [("id", "1".to_owned()), ("reason", String::new()), ("status", "paused".to_owned())];
        assert_eq!(pairs(&lines), "id      1\nstatus  paused\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(on_one_line("a\u{1b}[31m\nb"), "a [31m b");
    }
}
