//! Proofs as they travel: each says everything that is needed to check it but the public key.

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::{Entry, Hash, Problem, TreeHead, merkle};

/// Shows that an entry is in the log that a tree head speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InclusionProof {
    /// The entry.
    pub entry: Entry,
    /// Hashes from the leaf up to the root, RFC 9162 section 2.1.3.
    pub path: Vec<Hash>,
    /// The signed tree head.
    pub tree_head: TreeHead,
}

/// Shows that the log of one tree head is the beginning of that of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistencyProof {
    /// The root of the tree over the first `fromSize` entries, as the server says.
    pub from_root_hash: Hash,
    /// How many entries the earlier tree has.
    pub from_size: u64,
    /// RFC 9162 section 2.1.4.
    pub path: Vec<Hash>,
    /// The later tree, signed.
    pub tree_head: TreeHead,
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree head cannot be trusted.
    #[error("the tree head {0}")]
    TreeHead(Problem),
    /// The entry is not whole.
    #[error("entry {0} was changed: its hash does not fit its content")]
    Changed(i64),
    /// The entry or the earlier head is of another log.
    #[error("the parts of the proof are of different organisations")]
    OtherOrganization,
    /// The path does not lead to the signed root.
    #[error("the path does not lead to the signed root")]
    WrongPath,
    /// The earlier head is not the one that the proof is about.
    #[error(
        "the earlier tree head is not what the proof begins with: the log was rewritten, or the proof is for another size"
    )]
    OtherBeginning,
}

impl InclusionProof {
    /// Whether the entry is in the log of the tree head, signed by one of the keys.
    pub fn verify(&self, keys: &[VerifyingKey]) -> Result<(), ProofError> {
        self.tree_head.check(keys).map_err(ProofError::TreeHead)?;
        if self.entry.organization_id != self.tree_head.organization_id {
            return Err(ProofError::OtherOrganization);
        }
        if self.entry.hash != self.entry.expected_hash() {
            return Err(ProofError::Changed(self.entry.idx));
        }
        let index = u64::try_from(self.entry.idx).ok().and_then(|idx| idx.checked_sub(1));
        let head = &self.tree_head;
        let is_included = index.is_some_and(|index| {
            merkle::is_included(&self.entry.leaf(), index, head.size, &self.path, &head.root_hash)
        });
        if is_included { Ok(()) } else { Err(ProofError::WrongPath) }
    }
}

impl ConsistencyProof {
    /// Whether the log of the tree head, signed by one of the keys, begins with that of `earlier`, which was kept.
    pub fn verify(&self, earlier: &TreeHead, keys: &[VerifyingKey]) -> Result<(), ProofError> {
        for head in [&self.tree_head, earlier] {
            head.check(keys).map_err(ProofError::TreeHead)?;
        }
        let head = &self.tree_head;
        if earlier.organization_id != head.organization_id {
            return Err(ProofError::OtherOrganization);
        }
        if (earlier.size, earlier.root_hash) != (self.from_size, self.from_root_hash) {
            return Err(ProofError::OtherBeginning);
        }
        let (first, second) =
            ((self.from_size, &self.from_root_hash), (head.size, &head.root_hash));
        if merkle::is_consistent(first, second, &self.path) {
            Ok(())
        } else {
            Err(ProofError::WrongPath)
        }
    }
}
