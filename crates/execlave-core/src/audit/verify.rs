//! Verifies an export line by line, with memory for one line only, and names the first thing that is wrong.

use std::fmt;

use ed25519_dalek::VerifyingKey;

use super::export::{self, FORMAT, Header, VERSION};
use super::{Chain, Entry, TreeHead};
use crate::ids::OrgId;
use crate::time::Timestamp;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line of the export, from 1; the one after the last for what is missing at the end.
    pub line: u64,
    /// The place in the chain of the entry it is about, if it is about one.
    pub idx: Option<i64>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not what an entry, a header or a tree head looks like.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It says the right thing with other bytes.
    #[error("is not in canonical form, so a byte was changed")]
    NotCanonical,
    /// Another format, or a version this software does not know.
    #[error("is not a header of `execlave-audit` version 1")]
    UnknownFormat,
    /// A public key whose id is not its thumbprint.
    #[error("holds a public key that was changed")]
    InvalidKey,
    /// A part of somebody else's log.
    #[error("belongs to the organisation {0}")]
    OtherOrganization(OrgId),
    /// The hash does not fit the content.
    #[error("was changed: its hash does not fit its content")]
    Changed,
    /// The hash of the entry before is another one.
    #[error("does not follow the entry before it: `prevHash` is not that entry's hash")]
    NotLinked,
    /// Entries before this one are gone.
    #[error("entries are missing: {expected} should be here, and {found} is")]
    Missing {
        /// The place that comes next.
        expected: i64,
        /// The place that was found.
        found: i64,
    },
    /// The entry was here before.
    #[error("is out of order: {expected} should be here, and {found} is")]
    OutOfOrder {
        /// The place that comes next.
        expected: i64,
        /// The place that was found.
        found: i64,
    },
    /// Entries at the end are gone.
    #[error("the log was cut off: a tree head speaks of {expected} entries, and there are {found}")]
    Truncated {
        /// How many there were when the head was made.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// There are entries that the tree head at the end says nothing of.
    #[error("the tree head at the end speaks of {expected} entries, and there are {found}")]
    Unsigned {
        /// How many it speaks of.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The file ends before its tree head, or in the middle of a line.
    #[error("the file was cut off: it must end with a tree head and a line feed")]
    Incomplete,
    /// Something follows the tree head.
    #[error("follows the tree head, which must be the last line")]
    Trailing,
    /// No published key has this id.
    #[error("is signed by the key `{0}`, which is not among the trusted ones")]
    UnknownKey(String),
    /// The signature does not fit.
    #[error("the signature of the tree head of {size} entries is wrong")]
    BadSignature {
        /// The size it speaks of.
        size: u64,
    },
    /// The signed root is another one.
    #[error("the root hash of the tree head does not fit the entries")]
    WrongRoot,
    /// A tree head that was signed earlier says that the log was another one.
    #[error(
        "the first {size} entries are not those of the tree head signed at {at}: the log was rewritten"
    )]
    Rewritten {
        /// The size it speaks of.
        size: u64,
        /// When it was signed.
        at: Timestamp,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(idx) = self.idx {
            write!(f, ", entry {idx}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What a whole export shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose log it is.
    pub organization_id: OrgId,
    /// The signed tree head over all of it.
    pub tree_head: TreeHead,
}

/// Takes an export line by line.
#[derive(Debug, Clone)]
pub struct ExportVerifier {
    trusted: Option<Vec<VerifyingKey>>,
    earlier: Vec<TreeHead>,
    line: u64,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Header,
    Entries { keys: Vec<VerifyingKey>, chain: Chain },
    Finished(Verified),
}

impl ExportVerifier {
    /// Trusts these keys, or those in the header, which show that the file is whole but not who wrote it. `earlier` are tree heads of
    /// the same log that were kept elsewhere.
    pub fn new(trusted: Option<Vec<VerifyingKey>>, earlier: Vec<TreeHead>) -> Self {
        Self { trusted, earlier, line: 0, state: State::Header }
    }

    /// The next line, with its line feed.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Finding> {
        self.line = self.line.saturating_add(1);
        let idx = match &self.state {
            State::Entries { chain, .. } => Some(chain.next_idx()),
            State::Header | State::Finished(_) => None,
        };
        let Some(content) = line.strip_suffix(b"\n") else {
            return Err(self.finding(idx, Problem::Incomplete));
        };
        match &mut self.state {
            State::Header => {
                let next = self.header(content);
                self.state = next.map_err(|problem| self.finding(None, problem))?;
                Ok(())
            }
            State::Entries { keys, chain } => {
                // Only a tree head has a signature; a line that cannot be read is taken for an entry.
                if let Ok(head) = export::read::<TreeHead>(content) {
                    let verified = end(head, keys, chain);
                    self.state =
                        State::Finished(verified.map_err(|problem| self.finding(None, problem))?);
                    return Ok(());
                }
                let pushed = export::read::<Entry>(content).and_then(|entry| chain.push(&entry));
                pushed.map_err(|problem| self.finding(idx, problem))
            }
            State::Finished(_) => Err(self.finding(None, Problem::Trailing)),
        }
    }

    /// The end of the file.
    pub fn finish(mut self) -> Result<Verified, Finding> {
        self.line = self.line.saturating_add(1);
        match self.state {
            State::Finished(verified) => Ok(verified),
            State::Header | State::Entries { .. } => Err(self.finding(None, Problem::Incomplete)),
        }
    }

    fn header(&self, content: &[u8]) -> Result<State, Problem> {
        let header: Header = export::read(content)?;
        if header.format != FORMAT || header.version != VERSION {
            return Err(Problem::UnknownFormat);
        }
        let own = header.verifying_keys()?;
        let keys = self.trusted.clone().unwrap_or(own);
        for head in &self.earlier {
            head.check(&keys)?;
        }
        let chain = Chain::new(header.organization_id, self.earlier.clone());
        Ok(State::Entries { keys, chain })
    }

    fn finding(&self, idx: Option<i64>, problem: Problem) -> Finding {
        Finding { line: self.line, idx, problem }
    }
}

fn end(head: TreeHead, keys: &[VerifyingKey], chain: &mut Chain) -> Result<Verified, Problem> {
    let organization_id = chain.org();
    if head.organization_id != organization_id {
        return Err(Problem::OtherOrganization(head.organization_id));
    }
    head.check(keys)?;
    let tree = chain.end()?;
    let (expected, found) = (head.size, tree.size());
    if expected > found {
        return Err(Problem::Truncated { expected, found });
    }
    if expected < found {
        return Err(Problem::Unsigned { expected, found });
    }
    if head.root_hash != tree.root() {
        return Err(Problem::WrongRoot);
    }
    Ok(Verified { organization_id, tree_head: head })
}
