//! Reads the workspace for the tidy tests: its files and who depends on whom.
//!
//! The rules themselves are in `tests/tidy.rs`, one test a rule, so that a broken rule fails with the sentence that was broken.
//! Nothing here knows a rule.

pub mod packages;
pub mod tree;
