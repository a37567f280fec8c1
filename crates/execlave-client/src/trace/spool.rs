//! Traces on disk, for the time between their end and the server's receipt: they outlive the process.
//!
//! A folder holds one append-only file per client, locked while it lives. Every batch is written and synced before it is sent, and a line
//! says when it is settled; a file with nothing left in it is emptied, or removed if its client is gone. A client that opens the folder
//! takes over the files whose lock is free, and sends what they hold before its own. The name of a file says for which server and key it
//! is, so that nothing goes to somebody else.
//!
//! Where the disk takes no more, or the folder its share, a batch stays in memory instead: bounded and counted there. A file that somebody
//! removes under a living client is written anew, folder included; where that cannot be done, what was in it is counted as lost at the end.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::batch::Batch;
use super::history::History;
use crate::config::InvalidSetting;

mod journal;
mod state;

use self::journal::Journal;
use self::state::{State, line, make_folder};

/// The folder, as one client sees it.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    mark: String,
    most_bytes: u64,
    state: Mutex<State>,
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
        Ok(Self { folder: folder.to_owned(), mark, most_bytes, state: Mutex::new(state) })
    }

    /// Writes a batch and waits until it is on the disk. Fails if there is no room for it.
    pub(super) fn append(&self, batch: &Batch) -> io::Result<()> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(io::Error::other("the client is shut down"));
        }
        let line = line(batch)?;
        self.ensure_room(&state, line.len())?;
        state.add(std::slice::from_ref(batch), &[line])
    }

    /// Puts two halves where a batch was.
    pub(super) fn split(&self, id: Uuid, halves: &[Batch; 2]) -> io::Result<()> {
        let lines = [line(&halves[0])?, line(&halves[1])?];
        {
            let mut state = self.lock();
            self.ensure_room(&state, lines[0].len() + lines[1].len())?;
            state.add(halves, &lines)?;
        }
        // Killed in between, the next process sends the whole once more.
        self.settle(id);
        Ok(())
    }

    fn ensure_room(&self, state: &State, bytes: usize) -> io::Result<()> {
        if state.bytes + bytes as u64 >= self.most_bytes {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the spool is full"));
        }
        Ok(())
    }

    /// Reads the batch with the fewest failures among those that are `wanted`, the oldest of them. One that cannot be read any more is
    /// given up: `Err` with how many traces were in it.
    pub(super) fn next(&self, wanted: impl Fn(History) -> bool) -> Option<Result<Batch, usize>> {
        let stored = {
            let state = self.lock();
            let waiting = state.waiting.iter().filter(|stored| wanted(stored.history));
            waiting.min_by_key(|stored| stored.history.failures).cloned()?
        };
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
    pub(super) fn mark_sent(&self, id: Uuid, history: History) {
        if let Some(stored) = self.lock().waiting.iter_mut().find(|stored| stored.id == id) {
            (stored.was_sent, stored.history) = (true, history);
        }
    }

    /// How many traces wait here on which the server has failed.
    pub(super) fn failed(&self) -> usize {
        let state = self.lock();
        let failed = state.waiting.iter().filter(|stored| stored.history.failures > 0);
        failed.map(|stored| stored.traces).sum()
    }

    /// Writes anew what somebody has removed under this client, as far as that can be done.
    pub(super) fn restore(&self) {
        let mut state = self.lock();
        if !state.is_closed && state.is_damaged() {
            match state.restore(&self.folder, &self.mark) {
                Ok(()) => tracing::warn!("spool files were removed and are written anew"),
                Err(error) => tracing::error!(%error, "removed spool files cannot be written anew"),
            }
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

    /// Leaves what is not settled to the next client, and takes no more. Returns how many traces nobody will find there.
    pub(super) fn close(&self) -> usize {
        self.restore();
        let mut state = self.lock();
        state.is_closed = true;
        state.traces = 0;
        let gone = state.waiting.iter().filter(|stored| stored.journal.is_gone());
        let lost = gone.map(|stored| stored.traces).sum();
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
        lost
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

    fn ready(id: &str) -> Ready {
        Ready { trace_id: id.to_owned(), json: format!(r#"{{"traceId":"{id}"}}"#) }
    }

    fn batch(id: &str) -> Batch {
        Batch::of(vec![ready(id)])
    }

    fn open(folder: &tempfile::TempDir) -> Spool {
        Spool::open(folder.path(), "here", 1 << 20).expect("a spool")
    }

    fn any(_: History) -> bool {
        true
    }

    /// What is waiting, taken out.
    fn drain(spool: &Spool) -> Vec<String> {
        let mut drained = Vec::new();
        while let Some(Ok(batch)) = spool.next(any) {
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
        let sent = first.next(any).expect("a batch").expect("a readable one");
        assert!(!sent.was_sent);
        first.settle(sent.id);
        // Its lock is held: nobody else gets it.
        assert_eq!(open(&folder).len(), 0);
        drop(first);
        let next = open(&folder);
        assert_eq!(next.len(), 2);
        assert!(next.next(any).expect("a batch").expect("a readable one").was_sent);
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

    #[test]
    fn what_is_removed_under_a_client_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let spool = Spool::open(&path, "here", 1 << 20).expect("a spool");
        spool.append(&batch("1")).expect("room");
        fs::remove_dir_all(&path).expect("a folder that can be removed");
        assert!(spool.append(&batch("2")).is_err(), "nobody would find it");
        spool.restore();
        spool.append(&batch("2")).expect("room");
        assert_eq!(spool.close(), 0);
        let next = Spool::open(&path, "here", 1 << 20).expect("a spool");
        assert_eq!(drain(&next), [r#"{"traceId":"1"}"#, r#"{"traceId":"2"}"#]);
    }

    #[test]
    fn what_cannot_be_written_anew_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool");
        let spool = Spool::open(&path, "here", 1 << 20).expect("a spool");
        spool.append(&batch("1")).expect("room");
        fs::remove_dir_all(&path).expect("a folder that can be removed");
        fs::write(&path, "in the way").expect("a file");
        assert!(spool.next(any).expect("a batch").is_ok(), "it can still be sent");
        assert_eq!(spool.close(), 1);
    }

    #[test]
    fn halves_take_the_place_of_the_whole_and_the_fewest_failures_come_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let spool = open(&folder);
        let whole = Batch::of(["1", "2"].map(ready).to_vec());
        spool.append(&whole).expect("room");
        spool.mark_sent(whole.id, whole.history.failed(tokio::time::Instant::now(), 1));
        let whole = spool.next(any).expect("a batch").expect("a readable one");
        spool.split(whole.id, &whole.halves().expect("two traces")).expect("room");
        spool.append(&batch("3")).expect("room");
        assert_eq!((spool.len(), spool.failed()), (3, 2));
        drop(spool);
        assert_eq!(open(&folder).len(), 3, "the next client finds the halves and not the whole");
    }
}
