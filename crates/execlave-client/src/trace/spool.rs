//! Traces on disk, for the time between their end and the server's receipt: they outlive the process.
//!
//! A folder holds one append-only file per client, locked while it lives. Every batch is written and synced before it is sent, and a line
//! says when it is settled; a file with nothing left in it is emptied, or removed if its client is gone. A client that opens the folder
//! takes over the files whose lock is free, and sends what they hold before its own. The name of a file says for which server and key it
//! is, so that nothing goes to somebody else.
//!
//! Where the disk takes no more, or the folder its share, a batch stays in memory instead: bounded and counted there.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::batch::Batch;
use crate::config::InvalidSetting;

mod journal;

use self::journal::{Content, Found, Journal, Line, read_all};

/// The folder, as one client sees it.
#[derive(Debug)]
pub(super) struct Spool {
    most_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    own: Arc<Journal>,
    /// What is not settled yet, oldest first.
    waiting: VecDeque<Stored>,
    traces: usize,
    /// Bytes of all files held here.
    bytes: u64,
    is_closed: bool,
}

/// Where a batch is.
#[derive(Clone, Debug)]
struct Stored {
    journal: Arc<Journal>,
    offset: u64,
    length: usize,
    id: Uuid,
    traces: usize,
    was_sent: bool,
}

impl Spool {
    /// Opens a folder for what goes to `destination`, makes it if there is none, and takes over what nobody holds.
    pub(super) fn open(
        folder: &Path,
        destination: &str,
        most_bytes: u64,
    ) -> Result<Self, InvalidSetting> {
        let unusable = |error: io::Error| {
            InvalidSetting(format!(
                "the spool folder `{}` cannot be used: {error}",
                folder.display()
            ))
        };
        make_folder(folder).map_err(unusable)?;
        let mark = mark(destination);
        let mut state = State {
            own: Arc::new(Journal::create(folder, &mark).map_err(unusable)?),
            waiting: VecDeque::new(),
            traces: 0,
            bytes: 0,
            is_closed: false,
        };
        let mut left: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(unusable)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_of(path, &mark) && *path != state.own.path)
            .collect();
        // The names begin with the time at which the file was made.
        left.sort();
        for path in left {
            if let Err(error) = state.take_over(&path) {
                tracing::warn!(path = %path.display(), %error, "a spool file cannot be read and is left alone");
            }
        }
        Ok(Self { most_bytes, state: Mutex::new(state) })
    }

    /// Writes a batch and waits until it is on the disk. Fails if there is no room for it.
    pub(super) fn append(&self, batch: &Batch) -> io::Result<()> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(io::Error::other("the client is shut down"));
        }
        let line = format!(
            r#"{{"batch":{{"id":"{}","traceIds":{},"traces":[{}]}}}}"#,
            batch.id,
            serde_json::to_string(&batch.trace_ids)?,
            batch.json
        );
        if state.bytes + line.len() as u64 >= self.most_bytes {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the spool is full"));
        }
        let journal = Arc::clone(&state.own);
        let offset = journal.append(&line, true)?;
        state.bytes += line.len() as u64 + 1;
        state.traces += batch.len();
        state.waiting.push_back(Stored {
            journal,
            offset,
            length: line.len(),
            id: batch.id,
            traces: batch.len(),
            was_sent: batch.was_sent,
        });
        Ok(())
    }

    /// Reads the oldest batch. One that cannot be read any more is given up: `Err` with how many traces were in it.
    pub(super) fn oldest(&self) -> Option<Result<Batch, usize>> {
        let stored = self.lock().waiting.front().cloned()?;
        Some(match stored.read() {
            Ok(batch) => Ok(batch),
            Err(error) => {
                tracing::error!(path = %stored.journal.path.display(), %error, "a spooled batch cannot be read");
                self.settle(stored.id);
                Err(stored.traces)
            }
        })
    }

    /// Notes that the batch was sent, and nobody knows what became of it.
    pub(super) fn mark_sent(&self, id: Uuid) {
        if let Some(stored) = self.lock().waiting.iter_mut().find(|stored| stored.id == id) {
            stored.was_sent = true;
        }
    }

    /// Notes that a batch need not be sent any more.
    pub(super) fn settle(&self, id: Uuid) {
        let mut state = self.lock();
        let Some(place) = state.waiting.iter().position(|stored| stored.id == id) else { return };
        let Some(stored) = state.waiting.remove(place) else { return };
        state.traces -= stored.traces;
        let freed = stored.journal.settle(id).unwrap_or_else(|error| {
            // It will be sent once more by the next process, and the server will know it.
            tracing::warn!(%error, "a spooled batch cannot be marked as delivered");
            0
        });
        state.bytes = state.bytes.saturating_sub(freed);
    }

    /// Leaves what is not settled to the next client, and takes no more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.traces = 0;
        let mut journals: Vec<_> = state.waiting.drain(..).map(|stored| stored.journal).collect();
        journals.push(Arc::clone(&state.own));
        for journal in journals {
            let content = journal.lock();
            if content.live == 0 {
                // Nothing is lost by an empty file that stays.
                let _ = fs::remove_file(&journal.path);
            }
            if let Err(error) = content.file.unlock() {
                tracing::debug!(%error, "a spool file stays locked until the process ends");
            }
        }
    }

    /// How many traces wait here.
    pub(super) fn len(&self) -> usize {
        self.lock().traces
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if !self.lock().is_closed {
            self.close();
        }
    }
}

impl State {
    /// Takes over a file whose client is gone.
    fn take_over(&mut self, path: &Path) -> io::Result<()> {
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
            self.waiting.push_back(Stored { journal, offset, length, id, traces, was_sent: true });
        }
        Ok(())
    }
}

impl Stored {
    fn read(&self) -> io::Result<Batch> {
        let mut line = vec![0; self.length];
        {
            let mut content = self.journal.lock();
            content.file.seek(SeekFrom::Start(self.offset))?;
            content.file.read_exact(&mut line)?;
        }
        match serde_json::from_slice(&line)? {
            Line::Batch { id, trace_ids, traces } if id == self.id => Ok(Batch {
                id,
                was_sent: self.was_sent,
                trace_ids,
                json: traces.iter().map(|trace| trace.get()).collect::<Vec<_>>().join(","),
            }),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "another line than was written")),
        }
    }
}

/// Makes the folder, for its owner alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The beginning of the names of files for a destination.
fn mark(destination: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(destination).iter().take(8).fold(String::new(), |mut hex, byte| {
        // Infallible: writing to a string.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn is_of(path: &Path, mark: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with(mark) && path.extension().is_some_and(|extension| extension == "spool")
}

#[cfg(test)]
mod tests {
    use super::super::prepare::Ready;
    use super::*;

    fn batch(id: &str) -> Batch {
        Batch::of(vec![Ready { trace_id: id.to_owned(), json: format!(r#"{{"traceId":"{id}"}}"#) }])
    }

    fn open(folder: &tempfile::TempDir) -> Spool {
        Spool::open(folder.path(), "here", 1 << 20).expect("a spool")
    }

    /// What is waiting, taken out.
    fn drain(spool: &Spool) -> Vec<String> {
        let mut drained = Vec::new();
        while let Some(Ok(batch)) = spool.oldest() {
            spool.settle(batch.id);
            drained.push(batch.json);
        }
        drained
    }

    fn files(folder: &tempfile::TempDir) -> usize {
        fs::read_dir(folder.path()).expect("the folder").count()
    }

    #[test]
    fn what_one_client_leaves_the_next_one_finds() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = open(&folder);
        for id in ["1", "2", "3"] {
            first.append(&batch(id)).expect("room");
        }
        let sent = first.oldest().expect("a batch").expect("a readable one");
        assert!(!sent.was_sent);
        first.settle(sent.id);
        // Its lock is held: nobody else gets it.
        assert_eq!(open(&folder).len(), 0);
        drop(first);
        let next = open(&folder);
        assert_eq!(next.len(), 2);
        assert!(next.oldest().expect("a batch").expect("a readable one").was_sent);
        assert_eq!(drain(&next), [r#"{"traceId":"2"}"#, r#"{"traceId":"3"}"#]);
        drop(next);
        assert_eq!(files(&folder), 0);
    }

    #[test]
    fn a_line_that_is_cut_off_costs_itself_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = open(&folder);
        for id in ["1", "2"] {
            first.append(&batch(id)).expect("room");
        }
        let path = first.lock().own.path.clone();
        drop(first);
        let whole = fs::read(&path).expect("the file");
        fs::write(&path, &whole[..whole.len() - 5]).expect("a shorter file");
        assert_eq!(drain(&open(&folder)), [r#"{"traceId":"1"}"#]);
    }

    #[test]
    fn a_folder_holds_only_its_share_and_gives_space_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = Spool::open(folder.path(), "here", 250).expect("a spool");
        spool.append(&batch("1")).expect("room");
        spool.append(&batch("2")).expect("room");
        assert!(spool.append(&batch("3")).is_err());
        assert_eq!((spool.len(), drain(&spool).len()), (2, 2));
        spool.append(&batch("3")).expect("room again");
    }

    #[test]
    fn what_is_for_another_server_or_key_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = Spool::open(folder.path(), "there", 1 << 20).expect("a spool");
        other.append(&batch("1")).expect("room");
        drop(other);
        assert_eq!(open(&folder).len(), 0);
        assert_eq!(Spool::open(folder.path(), "there", 1 << 20).expect("a spool").len(), 1);
    }
}
