//! Proofs, as a server gives them and as anybody checks them.

use ed25519_dalek::SigningKey;
use execlave_core::audit::merkle::{consistency_proof, inclusion_proof};
use execlave_core::audit::{ConsistencyProof, Entry, Hash, InclusionProof, Problem, ProofError};

use super::{entries, head, key};

#[test]
fn an_entry_is_proved_by_its_path_and_a_signed_head() {
    let entries = entries(30);
    let leaves: Vec<Hash> = entries.iter().map(Entry::leaf).collect();
    let keys = [key().verifying_key()];
    for (index, entry) in entries.iter().enumerate() {
        let path = inclusion_proof(&leaves, index).expect("there is such an entry");
        let proof =
            InclusionProof { entry: entry.clone(), path, tree_head: head(&entries, &key()) };
        assert_eq!(proof.verify(&keys), Ok(()));
        let mut changed = proof.clone();
        changed.entry.actor = "user:eve".into();
        assert_eq!(changed.verify(&keys), Err(ProofError::Changed(entry.idx)));
        changed.entry.hash = changed.entry.expected_hash();
        assert_eq!(changed.verify(&keys), Err(ProofError::WrongPath));
        let mut resized = proof.clone();
        resized.tree_head.size += 1;
        assert_eq!(
            resized.verify(&keys),
            Err(ProofError::TreeHead(Problem::BadSignature { size: 31 }))
        );
        let foreign = [SigningKey::from_bytes(&[8; 32]).verifying_key()];
        assert!(matches!(
            proof.verify(&foreign),
            Err(ProofError::TreeHead(Problem::UnknownKey(_)))
        ));
    }
}

#[test]
fn two_heads_are_connected_by_a_path() {
    let entries = entries(30);
    let leaves: Vec<Hash> = entries.iter().map(Entry::leaf).collect();
    let keys = [key().verifying_key()];
    for size in 0..=entries.len() {
        let earlier = head(&entries[..size], &key());
        let proof = ConsistencyProof {
            from_root_hash: earlier.root_hash,
            from_size: earlier.size,
            path: consistency_proof(&leaves, size).expect("that many entries"),
            tree_head: head(&entries, &key()),
        };
        assert_eq!(proof.verify(&earlier, &keys), Ok(()));
        let other = head(&entries[1..=size.min(29)], &key());
        assert!(size == 0 || proof.verify(&other, &keys) == Err(ProofError::OtherBeginning));
    }
}
