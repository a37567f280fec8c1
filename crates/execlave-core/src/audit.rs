//! The audit log as evidence: entries in a hash chain, the Merkle tree over them, signed tree heads, and the export that holds all three.
//!
//! The store that writes the log and the verifier that needs nothing but a file share the definitions here. Byte for byte they are
//! described in `docs/reference/audit-log.md`, well enough to write another verifier.

mod chain;
mod entry;
mod export;
mod hash;
pub mod merkle;
mod proof;
mod tree_head;
mod verify;

pub use self::chain::Chain;
pub use self::entry::Entry;
pub use self::export::{FORMAT, Header, VERSION, key_of_jwk, line_of};
pub use self::hash::{Hash, InvalidHash};
pub use self::proof::{ConsistencyProof, InclusionProof, ProofError};
pub use self::tree_head::TreeHead;
pub use self::verify::{ExportVerifier, Finding, Problem, Verified};
