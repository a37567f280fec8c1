//! `--help`, `version` and `completions`; the reference pages are made of what the program itself says, and proved fresh here.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::support::{execlave, fails_with, json, succeeds};

/// Every command, in the order of the reference page.
const COMMANDS: &[&str] = &[
    "",
    "serve",
    "migrate",
    "keys",
    "keys create",
    "keys list",
    "keys revoke",
    "users",
    "users create",
    "users disable",
    "users list",
    "users reset-link",
    "users reset-totp",
    "agents",
    "agents list",
    "agents show",
    "agents pause",
    "agents resume",
    "approvals",
    "approvals list",
    "approvals show",
    "approvals approve",
    "approvals deny",
    "audit",
    "audit export",
    "audit tree-head",
    "audit verify",
    "scan",
    "bench",
    "completions",
    "version",
];

#[test]
fn command_line_reference_is_the_help() {
    let mut page = String::from(
        "# Command line reference\n\nMade from `--help` by `cargo test -p execlave-cli`.\n",
    );
    for command in COMMANDS {
        let help = succeeds(execlave().args(command.split_whitespace()).arg("--help"));
        let title = format!("execlave {command}");
        let (title, help) = (title.trim_end(), help.trim_end());
        write!(page, "\n## `{title}`\n\n```text\n{help}\n```\n").expect("writing to a string");
    }
    is_fresh("cli.md", &page);
}

#[test]
fn configuration_reference_is_the_default_file() {
    let page = format!(
        "# Configuration reference\n\nMade from the server's defaults by `cargo test -p execlave-cli`. Put what differs into \
         `execlave.toml`; a variable beats the file, and a flag beats both. Flags and variables are in the [command line \
         reference](cli.md#execlave-serve).\n\n```toml\n{}\n```\n",
        execlave_server::config::DEFAULTS.trim_end()
    );
    is_fresh("configuration.md", &page);
}

#[test]
fn every_listed_command_is_in_the_reference() {
    let help = succeeds(execlave().arg("--help"));
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(COMMANDS.contains(&command), "`{command}` is not in the reference page");
    }
}

/// A setting is a line of the file, a variable and a flag.
#[test]
fn every_setting_has_a_flag_and_a_variable() {
    let help = succeeds(execlave().args(["serve", "--help"]));
    let defaults: toml::Table = execlave_server::config::DEFAULTS.parse().expect("valid TOML");
    let settings = defaults.values().filter_map(toml::Value::as_table).flat_map(toml::Table::keys);
    for setting in settings {
        let flag = match setting.as_str() {
            "data_dir" => "data".to_owned(),
            "filter" => "log-level".to_owned(),
            name => name.replace('_', "-"),
        };
        assert!(help.contains(&flag), "no flag `{flag}`");
        assert!(help.contains(&flag.replace('-', "_").to_uppercase()), "no variable for `{flag}`");
    }
}

#[test]
fn secrets_in_the_environment_are_not_in_the_help() {
    let help = succeeds(
        execlave().args(["serve", "--help"]).env("EXECLAVE_BOOTSTRAP_KEY", "exe_prod_secret"),
    );
    assert!(!help.contains("exe_prod_secret"), "{help}");
}

#[test]
fn version_is_the_packages() {
    assert_eq!(
        succeeds(execlave().arg("version")),
        format!("execlave {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(json(execlave().arg("version"))["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeeds(execlave().args(["completions", shell])).contains("approvals"), "{shell}");
    }
}

#[test]
fn unknown_command_is_a_usage_error() {
    fails_with(2, execlave().arg("governs"));
}

/// Compares a generated page of the reference with the one that is checked in.
#[track_caller]
fn is_fresh(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("EXECLAVE_UPDATE").is_some() {
        fs::write(&path, page).expect("the reference page can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/{name} is stale: run EXECLAVE_UPDATE=1 cargo test -p execlave-cli"
    );
}
