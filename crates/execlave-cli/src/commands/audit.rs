//! `execlave audit`: the log as evidence, taken from a server and verified with or without one.

mod export;
mod files;
mod tree_head;
mod verify;

use clap::{Args, Subcommand};

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  execlave audit export --out audit.jsonl
  execlave audit tree-head > head.json                     keep it elsewhere
  execlave audit verify --export audit.jsonl --since-head head.json
  execlave audit verify --data ./execlave-data             the store itself

The format is described in docs/reference/audit-log.md.";

/// Export the audit log and verify that nobody changed it
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Write a server's whole log to a file
    Export(export::Export),
    /// Print the signed tree head over a server's log
    TreeHead(tree_head::ShowTreeHead),
    /// Check hashes, chain, tree and signatures; exits with 1 and names the first thing that is wrong
    Verify(verify::Verify),
}

impl Audit {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::Export(export) => export.run().await,
            Verb::TreeHead(show) => show.run().await,
            Verb::Verify(verify) => verify.run().await,
        }
    }
}
