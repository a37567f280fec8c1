//! `docs/reference/detectors.md` is what the detectors' own files say.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use execlave_core::detect::pii::PiiType;
use execlave_core::detect::secret::SecretKind;

use super::is_fresh;

const HEAD: &str = "\
# Detectors

What is looked for in texts, how a finding is checked, and what is left alone. Findings have a confidence from 0 to 1; those below
0.5 are not reported. Where findings overlap, one whose check digit fits stays, then the longest. Offsets are in Unicode scalar
values. Each detector's true cases and near misses are in `testdata/detect/`.
";

const INJECTION: &str = "
## Prompt injection

Intents that are looked for in every reading of a text. Weights, scores and levels are explained in
[how prompt injection is detected](../concepts/detection.md), and so is the model that reports as `injection.statistical`.
";

/// One part of the page: its title, the folder of its detectors, and their names with what replaces a finding.
struct Family {
    title: &'static str,
    folder: &'static str,
    detectors: Vec<(&'static str, String)>,
}

/// Families in the order of the page. Another one is another entry, with a file `<name>.rs` in its folder for each detector.
fn families() -> Vec<Family> {
    let pii = PiiType::ALL.iter().map(|kind| (kind.as_str(), kind.placeholder()));
    let secrets = SecretKind::ALL.iter().map(|kind| (kind.as_str(), kind.placeholder()));
    vec![
        Family { title: "Personal data", folder: "pii", detectors: pii.collect() },
        Family { title: "Secrets", folder: "secret", detectors: secrets.collect() },
    ]
}

const HEADINGS: [&str; 4] =
    ["What it finds", "How it is checked", "What it leaves alone", "References"];

const RULE_HEADINGS: [&str; 4] =
    ["What it finds", "Why it is dangerous", "What it leaves alone", "References"];

#[test]
fn the_page_of_detectors_is_what_their_files_say() {
    let mut page = HEAD.to_owned();
    for family in families() {
        write!(page, "\n## {}\n", family.title).expect("writing to a string");
        for (name, placeholder) in family.detectors {
            let path = root().join(format!("src/detect/{}/{name}.rs", family.folder));
            let source = read(&path);
            write!(page, "\n### `{name}`\n\nReplaced by `{placeholder}`.\n")
                .expect("writing to a string");
            describe(&mut page, &source, HEADINGS, &path);
        }
    }
    page.push_str(INJECTION);
    for (name, path) in rules() {
        let source = read(&path);
        let id = format!("injection.{name}");
        let category = literal(&source, "category");
        assert_eq!(literal(&source, "id"), id, "{}", path.display());
        write!(page, "\n### `{id}`\n\nReported as {category}.\n").expect("writing to a string");
        describe(&mut page, &source, RULE_HEADINGS, &path);
    }
    is_fresh("detectors.md", &page);
}

/// The name and the file of each rule, by name; `rules.rs` beside them has one line for each.
fn rules() -> Vec<(String, PathBuf)> {
    let folder = root().join("src/detect/injection/rules");
    let table = read(&folder.with_extension("rs"));
    let listed = table.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut rules: Vec<(String, PathBuf)> =
        listed.map(|name| (name.to_owned(), folder.join(name).with_extension("rs"))).collect();
    rules.sort();
    assert!(!rules.is_empty(), "no rules in {}", folder.display());
    rules
}

/// The text between quotation marks after a field's name.
fn literal<'s>(source: &'s str, field: &str) -> &'s str {
    let after = source.split_once(&format!("{field}: \"")).map(|(_, after)| after);
    after.and_then(|after| after.split('"').next()).unwrap_or_default()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Adds what the doc comment of a file says under its headings, which have to be these.
fn describe(page: &mut String, source: &str, wanted: [&str; 4], path: &Path) {
    let parts = parts(source);
    let headings: Vec<&str> = parts.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(headings, wanted, "the headings of {}", path.display());
    for (heading, text) in parts {
        write!(page, "\n**{heading}.** {text}\n").expect("writing to a string");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The headings of a file's doc comment, each with its text on one line.
fn parts(source: &str) -> Vec<(&str, String)> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix("# ") {
            parts.push((heading, String::new()));
        } else if let Some((_, text)) = parts.last_mut().filter(|_| !line.is_empty()) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    parts
}
