//! One file of the spool: lines that are only ever added, each a batch or the end of one, readable up to where a crash cut it off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::clock;

/// A longer line was not written here; the file is left where it is.
const LINE_LIMIT: u64 = 64 << 20;

/// One file, locked.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    pub(super) content: Mutex<Content>,
    pub(super) is_own: bool,
}

#[derive(Debug)]
pub(super) struct Content {
    pub(super) file: File,
    pub(super) length: u64,
    /// Batches that are not settled yet.
    pub(super) live: usize,
}

/// One line of a file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Line {
    Batch { id: Uuid, trace_ids: Vec<String>, traces: Vec<Box<RawValue>> },
    Settled { id: Uuid },
}

/// A batch in a file.
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) offset: u64,
    pub(super) length: usize,
    pub(super) traces: usize,
}

/// Reads a file up to the first line that is cut off or makes no sense, and says how far that is.
pub(super) fn read_all(file: &File) -> io::Result<(Vec<Found>, u64)> {
    let mut found: Vec<Found> = Vec::new();
    let mut reader = BufReader::new(file);
    let mut offset = 0;
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            break;
        }
        match serde_json::from_slice(&line) {
            Ok(Line::Batch { id, trace_ids, .. }) => {
                found.push(Found { id, offset, length: line.len(), traces: trace_ids.len() });
            }
            Ok(Line::Settled { id }) => found.retain(|batch| batch.id != id),
            Err(_) => break,
        }
        offset += read as u64;
    }
    Ok((found, offset))
}

impl Journal {
    pub(super) fn create(folder: &Path, mark: &str) -> io::Result<Self> {
        let name = format!("{mark}-{}", clock::new_id().simple());
        // Under another name until it is locked, so that nobody takes it over in between.
        let (path, fresh) =
            (folder.join(format!("{name}.spool")), folder.join(format!("{name}.new")));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        // What agents read and wrote is nobody else's to read.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&fresh)?;
        file.try_lock().map_err(io::Error::from)?;
        fs::rename(&fresh, &path)?;
        Ok(Self { path, content: Mutex::new(Content { file, length: 0, live: 0 }), is_own: true })
    }

    /// Adds lines with so many batches; what was written of some that do not fit is taken back. Returns where they begin.
    pub(super) fn append(&self, lines: &str, batches: usize) -> io::Result<u64> {
        let mut content = self.lock();
        let offset = content.length;
        content.file.seek(SeekFrom::Start(offset))?;
        let written = content
            .file
            .write_all(lines.as_bytes())
            .and_then(|()| content.file.write_all(b"\n"))
            .and_then(|()| content.file.sync_data());
        if let Err(error) = written {
            content.file.set_len(offset)?;
            return Err(error);
        }
        content.length += lines.len() as u64 + 1;
        content.live += batches;
        Ok(offset)
    }

    /// Marks a batch as settled, or gives the file's space back if it was the last. Returns the bytes that are free.
    pub(super) fn settle(&self, id: Uuid) -> io::Result<u64> {
        let is_last = {
            let mut content = self.lock();
            content.live = content.live.saturating_sub(1);
            content.live == 0
        };
        if !is_last {
            let line = format!(r#"{{"settled":{{"id":"{id}"}}}}"#);
            return self.append(&line, 0).map(|_| 0);
        }
        let mut content = self.lock();
        let freed = content.length;
        if self.is_own {
            content.file.set_len(0)?;
            content.length = 0;
        } else {
            fs::remove_file(&self.path)?;
        }
        Ok(freed)
    }

    /// Reads a line.
    pub(super) fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut line = vec![0; length];
        let mut content = self.lock();
        content.file.seek(SeekFrom::Start(offset))?;
        content.file.read_exact(&mut line)?;
        Ok(line)
    }

    /// Whether nobody will find the file any more once it is closed: somebody has removed it, or the whole folder.
    pub(super) fn is_gone(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            self.lock().file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
        }
        #[cfg(not(unix))]
        {
            !self.path.exists()
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
