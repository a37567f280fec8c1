//! The rules of the house that a compiler cannot check, one test a rule.
//!
//! A failure names every place that breaks the rule, so that one run is enough to mend them all.

use std::collections::BTreeMap;
use xtask::packages::{Package, packages};
use xtask::tree::{self, SourceFile, files};

/// Who may never need whom; each line reads "the first must not need the second".
const FORBIDDEN_NEEDS: &[(&str, &[&str])] = &[
    // The core decides; everything that touches the world is a shell around it.
    (
        "execlave-core",
        &[
            "execlave-api",
            "execlave-store",
            "execlave-server",
            "execlave-client",
            "tokio",
            "sqlx",
            "axum",
            "reqwest",
            "getrandom",
            "rand",
        ],
    ),
    // A path is a string, a body is serde.
    ("execlave-api", &["execlave-store", "execlave-server", "execlave-client", "axum", "sqlx"]),
    // A row is not a promise to anyone.
    (
        "execlave-store",
        &["execlave-api", "execlave-server", "execlave-client", "axum", "tower-http", "http"],
    ),
    // What runs inside an agent does not carry the platform.
    ("execlave-client", &["execlave-store", "execlave-server", "axum", "sqlx"]),
    ("execlave-python", &["execlave-store", "execlave-server", "axum", "sqlx"]),
    // Only its tests may: the client is the best driver.
    ("execlave-server", &["execlave-client"]),
];

/// Nobody needs these: they are where everything ends.
const NEEDED_BY_NOBODY: &[&str] = &["execlave-python", "execlave-cli", "xtask"];

/// A path prefix, the texts that must not be under it, and the rule they would break.
const FORBIDDEN_TEXT: &[(&str, &[&str], &str)] = &[
    ("crates/execlave-server/src/routes", &["sqlx"], "`routes` do not know sqlx: ask the store"),
    (
        "crates/execlave-server/src/routes",
        &["reqwest"],
        "only `http.rs` sends requests, so that every address is checked",
    ),
    (
        "crates/execlave-server/src/ops",
        &["reqwest"],
        "only `http.rs` sends requests, so that every address is checked",
    ),
    ("crates/execlave-server/src/pages", &["sqlx"], "`pages` do not know sqlx: ask the store"),
    ("crates/execlave-store/src", &["StatusCode"], "the store does not know HTTP status codes"),
    (
        "crates/execlave-core/src",
        &[
            "std::fs",
            "std::net",
            "std::process",
            "SystemTime",
            "std::time::Instant",
            "Timestamp::now",
        ],
        "the core touches no file, no socket and no clock",
    ),
    (
        "crates/execlave-core/src/detect",
        &["crate::policy"],
        "`detect` does not know `policy`: both meet in `request` and `decision`",
    ),
];

/// Over this many lines a file must say why.
const LONG: usize = 600;
/// Over this many lines no reason helps.
const TOO_LONG: usize = 1_000;
/// A long file says why in one of its first lines, with these words.
const REASON_FOR_LENGTH: &str = "One file because";

#[test]
fn packages_need_only_whom_they_may() {
    let mut broken = Vec::new();
    for package in packages() {
        for (name, forbidden) in FORBIDDEN_NEEDS {
            for needed in package.dependencies.iter().filter(|_| package.name == *name) {
                if forbidden.contains(&needed.as_str()) {
                    broken.push(format!("{name} must not need {needed}"));
                }
            }
        }
        for needed in package.dependencies.iter().chain(&package.test_dependencies) {
            if NEEDED_BY_NOBODY.contains(&needed.as_str()) {
                broken.push(format!("nobody needs {needed}, but {} does", package.name));
            }
        }
    }
    nothing_is(&broken);
}

#[test]
fn core_needs_nothing_of_ours_even_in_tests() {
    let core = packages().into_iter().find(|package| package.name == "execlave-core");
    let core = core.expect("there is a core");
    let ours = |needed: &&String| needed.starts_with("execlave-");
    let broken: Vec<String> = core.test_dependencies.iter().filter(ours).cloned().collect();
    nothing_is(&broken);
}

#[test]
fn a_folder_is_called_like_its_package() {
    let misnamed = |package: &Package| {
        let expected = match package.name.as_str() {
            "execlave-python" => "python".to_owned(),
            "xtask" => "xtask".to_owned(),
            name => format!("crates/{name}"),
        };
        (package.folder != expected)
            .then(|| format!("{} lives in {}", package.name, package.folder))
    };
    nothing_is(&packages().iter().filter_map(misnamed).collect::<Vec<_>>());
}

#[test]
fn layers_do_not_reach_past_each_other() {
    let mut broken = Vec::new();
    for file in files() {
        for (prefix, texts, rule) in FORBIDDEN_TEXT {
            for text in texts
                .iter()
                .filter(|text| file.path.starts_with(prefix) && file.text.contains(**text))
            {
                broken.push(format!("{}: `{text}`: {rule}", file.path));
            }
        }
    }
    nothing_is(&broken);
}

#[test]
fn modules_are_named_files() {
    let broken: Vec<String> =
        files().into_iter().filter(|file| file.name() == "mod.rs").map(|file| file.path).collect();
    nothing_is(&broken);
}

#[test]
fn files_are_short_enough_to_read() {
    let written = ["rs", "py", "pyi", "css", "js", "html", "sql", "sh"];
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| written.contains(&file.extension())) {
        let lines = file.text.lines().count();
        let reasoned = file.text.lines().take(20).any(|line| line.contains(REASON_FOR_LENGTH));
        if lines > TOO_LONG || (lines > LONG && !reasoned) {
            broken.push(format!(
                "{}: {lines} lines (say `{REASON_FOR_LENGTH} …` at its top)",
                file.path
            ));
        }
    }
    nothing_is(&broken);
}

#[test]
fn nothing_is_left_unfinished() {
    // In two halves, so that this file does not find itself.
    let words = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("for ", "now"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
    ];
    let mut broken = Vec::new();
    for file in files().iter().filter(|file| file.extension() != "lock") {
        for (number, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{}:{}: `{word}`", file.path, number + 1));
            }
        }
    }
    nothing_is(&broken);
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let mut by_folder: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files()
        .iter()
        .filter(|file| file.path.contains("/migrations/") && file.extension() == "sql")
    {
        let (folder, name) = file.path.rsplit_once('/').expect("a migration is in a folder");
        by_folder.entry(folder.to_owned()).or_default().push(name.to_owned());
    }
    let mut broken = Vec::new();
    for (folder, names) in by_folder {
        for (index, name) in names.iter().enumerate() {
            let expected = format!("{:04}_", index + 1);
            if !name.starts_with(&expected) {
                broken.push(format!("{folder}/{name} should begin with {expected}"));
            }
        }
    }
    nothing_is(&broken);
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    // A file of tests is excused: its name and its sentences say it.
    let is_test = |path: &str| path.contains("/tests/it/") && !path.ends_with("/main.rs");
    let silent = |file: &SourceFile| {
        file.extension() == "rs" && !is_test(&file.path) && !file.text.starts_with("//! ")
    };
    let broken: Vec<String> = files().into_iter().filter(silent).map(|file| file.path).collect();
    nothing_is(&broken);
}

#[test]
fn every_dependency_says_why_it_is_here() {
    let manifest = std::fs::read_to_string(tree::root().join("Cargo.toml"))
        .expect("the workspace has a manifest");
    let mut broken = Vec::new();
    let mut inside = false;
    let mut above = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
        } else if let Some((name, _)) =
            line.split_once(" = ").filter(|_| inside && !line.starts_with('#'))
        {
            // `tracing-subscriber` directly under `tracing` shares its reason; our own crates are their own reason.
            let family =
                above.split_once(" = ").is_some_and(|(relative, _)| name.starts_with(relative));
            if !above.starts_with('#') && !family && !line.contains("path = ") {
                broken.push(name.to_owned());
            }
        }
        above = line;
    }
    nothing_is(&broken);
}

#[test]
fn scripts_stop_at_the_first_failure() {
    let is_shell = |file: &&SourceFile| file.text.starts_with("#!/usr/bin/env bash");
    let careless = |file: &&SourceFile| !file.text.contains("set -euo pipefail");
    let broken: Vec<String> =
        files().iter().filter(is_shell).filter(careless).map(|file| file.path.clone()).collect();
    nothing_is(&broken);
}

/// Fails with every place at once.
#[track_caller]
fn nothing_is(broken: &[String]) {
    assert!(
        broken.is_empty(),
        "this rule is broken in {} place(s):\n  {}",
        broken.len(),
        broken.join("\n  ")
    );
}
