//! The tree against published vectors, and against its definition.

use execlave_core::audit::Hash;
use execlave_core::audit::merkle::{
    Frontier, consistency_proof, inclusion_proof, is_consistent, is_included, leaf_hash, node_hash,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::cases;

fn hash(value: &Value) -> Hash {
    value.as_str().expect("text").parse().expect("a hash")
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let digits = hexadecimal.as_str().expect("text").as_bytes().chunks(2);
    digits
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits");
            u8::from_str_radix(pair, 16).expect("hexadecimal")
        })
        .collect()
}

#[test]
fn published_roots_and_proofs_are_ours() {
    let file = cases::file("audit/merkle.toml");
    let whole: Vec<Hash> = file["leaves"]
        .as_array()
        .expect("leaves")
        .iter()
        .map(|leaf| leaf_hash(&bytes(leaf)))
        .collect();
    let roots: Vec<Hash> = file["roots"].as_array().expect("roots").iter().map(hash).collect();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(Frontier::of(&whole[..size]).root(), *root, "size {size}");
    }
    let number = |table: &serde_json::Map<String, Value>, key: &str| {
        usize::try_from(table[key].as_u64().expect("a number")).expect("small")
    };
    for case in cases::tables(&file, "inclusion") {
        cases::only(case, &["index", "size", "path"]);
        let (index, size) = (number(case, "index"), number(case, "size"));
        let path: Vec<Hash> = cases::list(case, "path").iter().map(hash).collect();
        assert_eq!(inclusion_proof(&whole[..size], index).as_ref(), Some(&path), "{case:?}");
        assert!(is_included(&whole[index], index as u64, size as u64, &path, &roots[size]));
    }
    for case in cases::tables(&file, "consistency") {
        cases::only(case, &["from", "to", "path"]);
        let (from, to) = (number(case, "from"), number(case, "to"));
        let path: Vec<Hash> = cases::list(case, "path").iter().map(hash).collect();
        assert_eq!(consistency_proof(&whole[..to], from).as_ref(), Some(&path), "{case:?}");
        assert!(is_consistent((from as u64, &roots[from]), (to as u64, &roots[to]), &path));
    }
}

/// MTH of RFC 9162 section 2.1.1, as it is written there.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [leaf] => *leaf,
        _ => {
            let left = (leaves.len() - 1).ilog2();
            let (left, right) = leaves.split_at(1 << left);
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

proptest! {
    #[test]
    fn the_root_is_the_defined_one_however_the_tree_was_kept(size in 0_usize..300, kept in 0_usize..300) {
        let leaves = leaves(size);
        let (before, after) = leaves.split_at(kept.min(size));
        let kept = Frontier::of(before);
        let mut tree = Frontier::new(kept.size(), kept.peaks().to_vec()).expect("a frontier");
        for leaf in after {
            tree.push(*leaf);
        }
        prop_assert_eq!(tree.root(), defined_root(&leaves));
        prop_assert_eq!(tree.size(), size as u64);
    }

    #[test]
    fn an_inclusion_proof_holds_for_its_leaf_and_place_only(size in 1_usize..200, place in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let leaves = leaves(size);
        let index = place.index(size);
        let root = defined_root(&leaves);
        let path = inclusion_proof(&leaves, index).expect("there is such a leaf");
        let holds = |index: usize, size: usize, path: &[Hash], leaf: &Hash, root: &Hash| {
            is_included(leaf, index as u64, size as u64, path, root)
        };
        prop_assert!(holds(index, size, &path, &leaves[index], &root));
        let other = other.index(size);
        if other != index {
            prop_assert!(!holds(index, size, &path, &leaves[other], &root));
            prop_assert!(!holds(other, size, &path, &leaves[index], &root));
        }
        prop_assert!(!holds(index, size, &path, &leaves[index], &flipped(&root, bit)));
        prop_assert!(!holds(size, size, &path, &leaves[index], &root));
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(!holds(index, size, &longer, &leaves[index], &root));
        for place in 0..path.len() {
            let mut changed = path.clone();
            changed[place] = flipped(&path[place], bit);
            prop_assert!(!holds(index, size, &changed, &leaves[index], &root));
        }
        prop_assert!(inclusion_proof(&leaves, size).is_none());
    }

    #[test]
    fn a_consistency_proof_holds_for_its_two_trees_only(size in 1_usize..200, beginning in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let leaves = leaves(size);
        let first = beginning.index(size + 1);
        let (first_root, root) = (defined_root(&leaves[..first]), defined_root(&leaves));
        let path = consistency_proof(&leaves, first).expect("there are that many leaves");
        let holds = |first_root: &Hash, root: &Hash, path: &[Hash]| {
            is_consistent((first as u64, first_root), (size as u64, root), path)
        };
        prop_assert!(holds(&first_root, &root, &path));
        prop_assert!(!holds(&flipped(&first_root, bit), &root, &path));
        if first > 0 {
            prop_assert!(!holds(&first_root, &flipped(&root, bit), &path));
        }
        for place in 0..path.len() {
            let mut changed = path.clone();
            changed[place] = flipped(&path[place], bit);
            prop_assert!(!holds(&first_root, &root, &changed));
        }
        let mut longer = path.clone();
        longer.push(root);
        prop_assert!(!holds(&first_root, &root, &longer));
        if !path.is_empty() {
            prop_assert!(!holds(&first_root, &root, &path[1..]));
        }
        prop_assert!(consistency_proof(&leaves, size + 1).is_none());
    }
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut text: Vec<char> = hash.to_string().chars().collect();
    let digit = &mut text[bit / 4];
    let value = digit.to_digit(16).expect("a digit") ^ (1 << (bit % 4));
    *digit = char::from_digit(value, 16).expect("a digit");
    text.into_iter().collect::<String>().parse().expect("a hash")
}
