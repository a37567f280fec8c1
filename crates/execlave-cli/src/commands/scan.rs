//! `execlave scan`: what texts hold, without a server or a store.
//!
//! Lines are scanned on all processors and answered in their order. A line that cannot be read is reported and passed over: one bad line
//! must not cost the million after it.

use clap::Args;
use execlave_core::detect::report::{Report, report};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::{self, Output};

mod lines;
mod progress;

use lines::Lines;
use progress::Progress;

const EXAMPLES: &str = "\
Examples:
  echo '{\"id\":1,\"text\":\"mail jane@example.com\"}' | execlave scan
  execlave scan prompts.jsonl > findings.jsonl
  execlave scan --text letter.txt

Each line of input is `{\"id\":...,\"text\":\"...\"}`, each line of output, in the same order:
  {\"id\":...,
   \"injection\":{\"detected\":...,\"riskLevel\":...,\"score\":...,\"findings\":[{\"ruleId\",\"category\",\"start\",\"end\",\"decoded\"?}]},
   \"pii\":[{\"type\",\"start\",\"end\"}],\"secrets\":[{\"type\",\"start\",\"end\"}],\"scrubbed\":\"...\"}
Offsets count Unicode scalar values; `decoded` says what had to be undone to see a finding. Lines that cannot be read are
reported with their number and passed over; then the exit code is 1.";

/// Find prompt injection, personal data and secrets in texts
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Scan {
    /// What to scan [default: standard input]
    file: Option<PathBuf>,
    /// The input is one plain text instead of JSON lines; prints a table
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    output: Output,
}

impl Scan {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.text {
            return self.one_text();
        }
        let (input, progress) = self.open()?;
        let mut lines = Lines::new(BufReader::with_capacity(lines::BUFFER, input));
        let bad = lines.scan(progress).map_err(|error| self.unreadable(&error))?;
        if bad == 0 {
            return Ok(());
        }
        let noun = if bad == 1 { "line" } else { "lines" };
        Err(Failure::refused(format!("{bad} {noun} could not be read; the others were scanned"))
            .hint("each line is an object such as {\"id\":1,\"text\":\"...\"}"))
    }

    fn open(&self) -> Result<(Box<dyn Read>, Progress), Failure> {
        let Some(path) = self.named() else {
            return Ok((Box::new(io::stdin()), Progress::silent()));
        };
        let file = File::open(path).map_err(|error| self.unreadable(&error))?;
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        Ok((Box::new(file), Progress::of(length)))
    }

    /// The file, unless it is `-`.
    fn named(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| *path != Path::new("-"))
    }

    fn one_text(&self) -> Result<(), Failure> {
        let text = match self.named() {
            Some(path) => fs::read_to_string(path),
            None => io::read_to_string(io::stdin()),
        };
        let text = text.map_err(|error| self.unreadable(&error))?;
        let report = report(&text);
        if self.output.json {
            self.output.thing(&report, &[]);
            return Ok(());
        }
        let characters: Vec<char> = text.chars().collect();
        let risk = format!("{} ({:.2})", report.injection.risk_level, report.injection.score);
        self.output.thing(&report, &[("Injection risk", risk)]);
        let rows = rows(&report, &characters);
        if !rows.is_empty() {
            output::print("\n");
            self.output.list(["what", "start", "end", "text", "undone"], &rows, Clone::clone);
        }
        Ok(())
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        let name = self
            .named()
            .map_or_else(|| "standard input".to_owned(), |path| format!("`{}`", path.display()));
        Failure::usage(format!("cannot read {name}: {error}"))
    }
}

/// One row for each finding.
fn rows(report: &Report<'_>, characters: &[char]) -> Vec<[String; 5]> {
    let excerpt = |start: usize, end: usize| -> String {
        characters.get(start..end).unwrap_or_default().iter().take(60).collect()
    };
    let row = |kind: &str, start: usize, end: usize, undone: String| {
        [kind.to_owned(), start.to_string(), end.to_string(), excerpt(start, end), undone]
    };
    let findings = report.injection.findings.iter().map(|found| {
        let undone = found
            .decoded
            .as_ref()
            .map_or_else(String::new, |seen| format!("{}: {}", seen.undone.join(", "), seen.text));
        row(found.rule_id, found.start, found.end, undone)
    });
    let places = report
        .pii
        .iter()
        .chain(&report.secrets)
        .map(|found| row(found.kind, found.start, found.end, String::new()));
    findings.chain(places).collect()
}
