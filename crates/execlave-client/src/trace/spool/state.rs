//! What a client holds on to in the spool: its own file, and those it has taken over.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::journal::{Content, Found, Journal, Line, read_all};
use crate::trace::batch::Batch;
use crate::trace::history::History;

/// What one client holds on to.
#[derive(Debug)]
pub(super) struct State {
    pub(super) own: Arc<Journal>,
    /// What is not settled yet, oldest first.
    pub(super) waiting: VecDeque<Stored>,
    pub(super) traces: usize,
    /// Bytes of all files held here.
    pub(super) bytes: u64,
    pub(super) is_closed: bool,
}

/// Where a batch is.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) journal: Arc<Journal>,
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) id: Uuid,
    pub(super) traces: usize,
    pub(super) was_sent: bool,
    pub(super) history: History,
}

impl State {
    /// Writes batches to the own file.
    pub(super) fn add(&mut self, batches: &[Batch], lines: &[String]) -> io::Result<()> {
        if self.own.is_gone() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the spool file was removed"));
        }
        let mut offset = self.own.append(&lines.join("\n"), batches.len())?;
        for (batch, line) in batches.iter().zip(lines) {
            self.bytes += line.len() as u64 + 1;
            self.traces += batch.len();
            self.waiting.push_back(Stored {
                journal: Arc::clone(&self.own),
                offset,
                length: line.len(),
                id: batch.id,
                traces: batch.len(),
                was_sent: batch.was_sent,
                history: batch.history,
            });
            offset += line.len() as u64 + 1;
        }
        Ok(())
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.own.is_gone() || self.waiting.iter().any(|stored| stored.journal.is_gone())
    }

    /// Copies what removed files hold, which can be read as long as they are open, to a file that others will find.
    pub(super) fn restore(&mut self, folder: &Path, mark: &str) -> io::Result<()> {
        if self.own.is_gone() {
            make_folder(folder)?;
            self.own = Arc::new(Journal::create(folder, mark)?);
        }
        for stored in self.waiting.iter_mut().filter(|stored| stored.journal.is_gone()) {
            let line = stored.journal.read(stored.offset, stored.length)?;
            let line = String::from_utf8(line).map_err(io::Error::other)?;
            stored.offset = self.own.append(&line, 1)?;
            stored.journal = Arc::clone(&self.own);
        }
        self.bytes = 0;
        let mut counted: Vec<&Arc<Journal>> = Vec::new();
        for journal in self.waiting.iter().map(|stored| &stored.journal).chain([&self.own]) {
            if !counted.iter().any(|other| Arc::ptr_eq(other, journal)) {
                counted.push(journal);
                self.bytes += journal.lock().length;
            }
        }
        Ok(())
    }

    /// Takes over a file whose client is gone.
    pub(super) fn take_over(&mut self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (found, length) = read_all(&file)?;
        if found.is_empty() {
            // Another client may have been quicker.
            return fs::remove_file(path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            });
        }
        // What a cut-off line left behind goes, so that the next one begins on its own.
        file.set_len(length)?;
        let content = Content { file, length, live: found.len() };
        let journal = Arc::new(Journal {
            path: path.to_owned(),
            content: Mutex::new(content),
            is_own: false,
        });
        self.bytes += length;
        for Found { id, offset, length, traces } in found {
            self.traces += traces;
            let journal = Arc::clone(&journal);
            let history = History::default();
            let was_sent = true;
            self.waiting.push_back(Stored {
                journal,
                offset,
                length,
                id,
                traces,
                was_sent,
                history,
            });
        }
        Ok(())
    }
}

impl Stored {
    pub(super) fn read(&self) -> io::Result<Batch> {
        let line = self.journal.read(self.offset, self.length)?;
        match serde_json::from_slice(&line)? {
            Line::Batch { id, trace_ids, traces } if id == self.id => Ok(Batch {
                id,
                was_sent: self.was_sent,
                trace_ids,
                json: traces.iter().map(|trace| trace.get()).collect::<Vec<_>>().join(","),
                history: self.history,
            }),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "another line than was written")),
        }
    }
}

/// A batch as a line.
pub(super) fn line(batch: &Batch) -> io::Result<String> {
    Ok(format!(
        r#"{{"batch":{{"id":"{}","traceIds":{},"traces":[{}]}}}}"#,
        batch.id,
        serde_json::to_string(&batch.trace_ids)?,
        batch.json
    ))
}

/// Makes the folder, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
