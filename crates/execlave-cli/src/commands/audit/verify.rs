//! `execlave audit verify`: an export, a proof, or the log in the store.

use clap::Args;
use ed25519_dalek::VerifyingKey;
use execlave_api::audit::{AuditFinding, AuditReport};
use execlave_core::audit::{ExportVerifier, Finding, TreeHead, Verified};
use execlave_server::administration;
use serde_json::json;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::files::{self, Proof};
use crate::failure::Failure;
use crate::local::Local;
use crate::output::Output;
use crate::settings::StoreOptions;

/// A longer line is no entry: what it holds has been an HTTP request.
const LONGEST_LINE: u64 = 64 << 20;

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// An export, verified without any server [default: the store]
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// An inclusion proof, or a consistency proof for the head of --since-head, as the API answers them
    #[arg(long, value_name = "FILE", conflicts_with = "export", requires = "keys")]
    proof: Option<PathBuf>,
    /// A tree head kept from before: finds a log that was cut off or written anew. Repeat for several
    #[arg(long, value_name = "FILE")]
    since_head: Vec<PathBuf>,
    /// Trust the keys in this copy of the server's `/.well-known/jwks.json`, and not those that the export or the store has
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let keys = self.keys.as_deref().map(files::keys).transpose()?;
        let heads = self.since_head.iter().map(|path| files::tree_head(path));
        let heads: Vec<TreeHead> = heads.collect::<Result<_, _>>()?;
        if let Some(path) = &self.proof {
            return proof(path, &heads, &keys.unwrap_or_default(), self.output);
        }
        match &self.export {
            Some(path) => export(path, keys, heads, self.output),
            None => store(self.store, keys, heads, self.output).await,
        }
    }
}

fn export(
    path: &Path,
    keys: Option<Vec<VerifyingKey>>,
    heads: Vec<TreeHead>,
    output: Output,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(format!("cannot read `{}`: {error}", path.display()))
    };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut lines = ExportVerifier::new(keys, heads);
    let mut line = Vec::new();
    let outcome = loop {
        line.clear();
        let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(unreadable)? == 0 {
            break lines.finish();
        }
        if let Err(finding) = lines.line(&line) {
            break Err(finding);
        }
    };
    match outcome {
        Ok(verified) => {
            whole(&verified, output);
            Ok(())
        }
        Err(finding) => Err(broken(path, &finding, output)),
    }
}

fn whole(verified: &Verified, output: Output) {
    let head = &verified.tree_head;
    let report = json!({
        "valid": true, "organizationId": verified.organization_id, "entries": head.size, "treeHead": head,
    });
    let lines = [
        ("log", "whole".to_owned()),
        ("organization", verified.organization_id.to_string()),
        ("entries", head.size.to_string()),
        ("root", head.root_hash.to_string()),
        ("signed", head.at.to_string()),
        ("key", head.key_id.clone()),
    ];
    output.thing(&report, &lines);
}

fn broken(path: &Path, finding: &Finding, output: Output) -> Failure {
    if output.json {
        let shown = json!({ "line": finding.line, "index": finding.idx, "problem": finding.problem.to_string() });
        output.done(&json!({ "valid": false, "finding": shown }), "");
    }
    Failure::refused(format!("`{}`, {finding}", path.display()))
}

async fn store(
    options: StoreOptions,
    keys: Option<Vec<VerifyingKey>>,
    heads: Vec<TreeHead>,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(&options.load()?).await?;
    let report = administration::verify_audit(&local.store, local.org, keys, heads).await;
    let org = local.org;
    local.close().await;
    let report = report?;
    if report.finding.is_none() || output.json {
        let AuditReport { entries, tree_heads, .. } = &report;
        let lines = [
            ("log", "whole".to_owned()),
            ("organization", org.to_string()),
            ("entries", entries.to_string()),
            ("tree heads", tree_heads.to_string()),
        ];
        output.thing(&report, &lines);
    }
    match report.finding {
        None => Ok(()),
        Some(AuditFinding { index: Some(index), problem }) => {
            Err(Failure::refused(format!("entry {index}: {problem}")))
        }
        Some(AuditFinding { index: None, problem }) => Err(Failure::refused(problem)),
    }
}

fn proof(
    path: &Path,
    heads: &[TreeHead],
    keys: &[VerifyingKey],
    output: Output,
) -> Result<(), Failure> {
    let (shown, verified, head) = match files::proof(path)? {
        Proof::Inclusion(proof) => {
            let shown = format!("entry {} is in the log", proof.entry.idx);
            (shown, proof.verify(keys), proof.tree_head)
        }
        Proof::Consistency(proof) => {
            let [earlier] = heads else {
                return Err(Failure::usage("a consistency proof is about one earlier tree head")
                    .hint("name its file with --since-head"));
            };
            let shown = format!("the log of {} entries only grew", proof.from_size);
            (shown, proof.verify(earlier, keys), proof.tree_head)
        }
    };
    verified.map_err(|error| Failure::refused(format!("`{}`: {error}", path.display())))?;
    let sentence = format!("{shown} of {} entries signed at {}", head.size, head.at);
    output.done(&json!({ "valid": true, "treeHead": head }), &sentence);
    Ok(())
}
