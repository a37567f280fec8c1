//! The Merkle tree of RFC 9162, section 2, with SHA-256: roots, inclusion and consistency proofs.

use super::Hash;

/// The hash of a leaf: SHA-256 of the byte 0 and what the leaf holds.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash::of(&[&[0], data])
}

/// The hash of an inner node: SHA-256 of the byte 1 and the hashes of its children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// A tree that only grows, kept as the roots of its complete subtrees: as many hashes as its size has one bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From left to right, so from the largest to the smallest.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A tree as it was left; `None` unless there are as many peaks as a tree of that size has.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()) == Ok(peaks.len())).then_some(Self { size, peaks })
    }

    /// The tree over these leaf hashes.
    pub fn of(leaves: &[Hash]) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(*leaf);
        }
        tree
    }

    /// Adds a leaf hash at the end.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Two complete subtrees of the same size are one of twice the size, as a carry in a binary counter.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, from left to right.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root; of the empty tree SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let right_to_left = self.peaks.iter().rev().copied();
        right_to_left
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Hash::of(&[]))
    }
}

/// Cuts leaves where RFC 9162 does: the left part is the largest power of two smaller than their number. `None` for less than two.
fn split(leaves: &[Hash]) -> Option<(&[Hash], &[Hash])> {
    let last = leaves.len().checked_sub(1)?;
    let left = 1_usize.checked_shl(last.checked_ilog2()?)?;
    leaves.split_at_checked(left)
}

/// The proof that the leaf at `index`, from 0, is in the tree over `leaves` (section 2.1.3.1); `None` if there is no such leaf.
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    leaves.get(index)?;
    let mut path = Vec::new();
    let (mut part, mut index) = (leaves, index);
    while let Some((left, right)) = split(part) {
        let other;
        match index.checked_sub(left.len()) {
            None => (part, other) = (left, right),
            Some(in_right) => (part, index, other) = (right, in_right, left),
        }
        path.push(Frontier::of(other).root());
    }
    path.reverse();
    Some(path)
}

/// The proof that the tree over the first `first` leaves is the beginning of the tree over all of them (section 2.1.4.1), empty for
/// `first` 0, with which everything is consistent; `None` if there are fewer leaves.
pub fn consistency_proof(leaves: &[Hash], first: usize) -> Option<Vec<Hash>> {
    let mut path = Vec::new();
    if first == 0 {
        return Some(path);
    }
    leaves.len().checked_sub(first)?;
    let (mut part, mut first, mut is_left_edge) = (leaves, first, true);
    while first < part.len() {
        let Some((left, right)) = split(part) else { break };
        let other;
        match first.checked_sub(left.len()) {
            None | Some(0) => (part, other) = (left, right),
            Some(in_right) => {
                (part, first, other) = (right, in_right, left);
                is_left_edge = false;
            }
        }
        path.push(Frontier::of(other).root());
    }
    if !is_left_edge {
        path.push(Frontier::of(part).root());
    }
    path.reverse();
    Some(path)
}

/// Whether the path leads from the leaf hash at `index`, from 0, to the root of a tree of `size` leaves (section 2.1.3.2).
pub fn is_included(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    let Some(last) = size.checked_sub(1).filter(|last| index <= *last) else { return false };
    let (mut node, mut last, mut reached) = (index, last, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if is_right_child(node, last) {
            reached = node_hash(sibling, &reached);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            reached = node_hash(&reached, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && reached == *root
}

/// Whether the path shows that a tree of `second` leaves begins with the tree of `first` leaves (section 2.1.4.2). Every tree begins with
/// the empty one.
pub fn is_consistent(
    (first, first_root): (u64, &Hash),
    (second, second_root): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if first == 0 {
        return path.is_empty() && *first_root == Frontier::default().root();
    }
    if first >= second {
        return path.is_empty() && first == second && first_root == second_root;
    }
    let (mut node, mut last) = (first.saturating_sub(1), second.saturating_sub(1));
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    // The root of a complete first tree is a node of the second, so the proof leaves it out.
    let mut path = first.is_power_of_two().then_some(first_root).into_iter().chain(path);
    let Some(start) = path.next() else { return false };
    let (mut in_first, mut in_second) = (*start, *start);
    let mut has_more = false;
    for sibling in path {
        has_more = true;
        if last == 0 {
            return false;
        }
        if is_right_child(node, last) {
            in_first = node_hash(sibling, &in_first);
            in_second = node_hash(sibling, &in_second);
            skip_levels_without_sibling(&mut node, &mut last);
        } else {
            in_second = node_hash(&in_second, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    has_more && last == 0 && in_first == *first_root && in_second == *second_root
}

fn is_right_child(node: u64, last: u64) -> bool {
    node & 1 == 1 || node == last
}

/// At the right edge a node without a sibling is its own parent.
fn skip_levels_without_sibling(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        (*node, *last) = (*node >> 1, *last >> 1);
    }
}
