//! Walks along a chain of entries and says what is the first thing wrong with it.

use super::merkle::Frontier;
use super::{Entry, Hash, Problem, TreeHead};
use crate::ids::OrgId;

/// A chain from its first entry to where it was followed, compared on the way with tree heads that were signed earlier.
#[derive(Debug, Clone)]
pub struct Chain {
    org: OrgId,
    last: Hash,
    tree: Frontier,
    /// The heads still ahead, the nearest one last.
    heads: Vec<TreeHead>,
}

impl Chain {
    /// The empty chain of an organisation. `heads` are those that the log must agree with, their signatures checked.
    pub fn new(org: OrgId, heads: Vec<TreeHead>) -> Self {
        let mut chain =
            Self { org, last: Hash::ZERO, tree: Frontier::default(), heads: Vec::new() };
        chain.expect(heads);
        chain
    }

    /// More heads that the log must agree with, none of a size that is behind already.
    pub fn expect(&mut self, heads: Vec<TreeHead>) {
        self.heads.extend(heads);
        self.heads.sort_unstable_by_key(|head| std::cmp::Reverse(head.size));
    }

    /// The tree over what was followed.
    pub fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// The place of the entry that comes next.
    pub fn next_idx(&self) -> i64 {
        i64::try_from(self.tree.size()).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// The next entry, if it is whole and in its place.
    pub fn push(&mut self, entry: &Entry) -> Result<(), Problem> {
        self.compare()?;
        let expected = self.next_idx();
        if entry.organization_id != self.org {
            return Err(Problem::OtherOrganization(entry.organization_id));
        }
        if entry.idx > expected {
            return Err(Problem::Missing { expected, found: entry.idx });
        }
        if entry.idx < expected {
            return Err(Problem::OutOfOrder { expected, found: entry.idx });
        }
        if entry.prev_hash != self.last {
            return Err(Problem::NotLinked);
        }
        if entry.hash != entry.expected_hash() {
            return Err(Problem::Changed);
        }
        self.last = entry.hash;
        self.tree.push(entry.leaf());
        Ok(())
    }

    /// Whose chain it is.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// The tree, if the log ends here: a head that speaks of more entries says that some were cut off.
    pub fn end(&mut self) -> Result<&Frontier, Problem> {
        self.compare()?;
        match self.heads.first() {
            Some(head) => Err(Problem::Truncated { expected: head.size, found: self.tree.size() }),
            None => Ok(&self.tree),
        }
    }

    fn compare(&mut self) -> Result<(), Problem> {
        while let Some(head) = self.heads.pop_if(|head| head.size <= self.tree.size()) {
            if head.organization_id != self.org {
                return Err(Problem::OtherOrganization(head.organization_id));
            }
            if head.root_hash != self.tree.root() {
                return Err(Problem::Rewritten { size: head.size, at: head.at });
            }
        }
        Ok(())
    }
}
