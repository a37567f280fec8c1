//! `audit`: exported from a server, verified without one; changed behind everybody's back, and found.

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{BOOTSTRAP_KEY, Home, Server, execlave, fails_with, json, succeeds};

fn on(server: &Server, verb: &[&str]) -> Command {
    let mut command = execlave();
    command.args(verb).env("EXECLAVE_BASE_URL", &server.base_url);
    command.env("EXECLAVE_API_KEY", BOOTSTRAP_KEY);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A server with some history, which goes on.
fn with_history() -> (Home, Server) {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    for n in 0..5 {
        let body = json!({ "agentId": format!("bot-{n}"), "name": "Bot" });
        server.request("POST", "/api/v1/agents", BOOTSTRAP_KEY, Some(&body));
    }
    (home, server)
}

/// What the API answers, in a file.
fn saved(home: &Home, server: &Server, path: &str, name: &str) -> PathBuf {
    let answer = server.request("GET", path, BOOTSTRAP_KEY, None);
    home.write(name, &answer.body.to_string())
}

#[test]
fn an_export_is_verified_without_the_server_and_a_changed_one_is_named() {
    let (home, server) = with_history();
    let export = home.write("audit.jsonl", "");
    succeeds(&mut on(&server, &["audit", "export", "--out", text(&export)]));
    let printed = succeeds(&mut on(&server, &["audit", "export"]));
    let written = fs::read_to_string(&export).expect("written");
    assert_eq!(printed, written, "the same log has the same export");
    let head = home.write("head.json", &succeeds(&mut on(&server, &["audit", "tree-head"])));
    let keys = saved(&home, &server, "/.well-known/jwks.json", "keys.json");
    server.terminate();

    let verify = |more: &[&str]| {
        let mut command = execlave();
        command.args(["audit", "verify", "--export", text(&export)]).args(more);
        command
    };
    let trusted = ["--keys", text(&keys), "--since-head", text(&head)];
    let report = json(&mut verify(&trusted));
    assert_eq!(report["valid"], true);
    assert_eq!(report["entries"].as_u64().expect("a number"), written.lines().count() as u64 - 2);
    assert!(succeeds(&mut verify(&[])).starts_with("log           whole\n"));

    fs::write(&export, written.replace("bot-3", "bot-4")).expect("written");
    let stderr = fails_with(1, &mut verify(&trusted));
    assert!(stderr.contains(": was changed: its hash does not fit its content"), "{stderr}");
    assert!(stderr.contains("line ") && stderr.contains("entry "), "{stderr}");
    let output = verify(&["--json"]).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("--json prints JSON");
    assert_eq!((output.status.code(), &report["valid"]), (Some(1), &json!(false)));
    assert!(report["finding"]["index"].is_number(), "{report}");

    let (whole, _) = written.trim_end().rsplit_once('\n').expect("lines");
    fs::write(&export, whole).expect("written");
    let stderr = fails_with(1, &mut verify(&[]));
    assert!(stderr.contains("the file was cut off"), "{stderr}");
}

#[test]
fn a_history_that_was_written_anew_is_found_with_a_kept_head() {
    let (home, server) = with_history();
    let head = home.write("head.json", &succeeds(&mut on(&server, &["audit", "tree-head"])));
    let keys = saved(&home, &server, "/.well-known/jwks.json", "keys.json");
    let (other_home, other) = with_history();
    let export = other_home.write("audit.jsonl", "");
    succeeds(&mut on(&other, &["audit", "export", "--out", text(&export)]));
    let mut verify = execlave();
    verify.args(["audit", "verify", "--export", text(&export)]);
    succeeds(&mut verify);
    for more in [["--since-head", text(&head)], ["--keys", text(&keys)]] {
        let mut verify = execlave();
        verify.args(["audit", "verify", "--export", text(&export)]).args(more);
        let stderr = fails_with(1, &mut verify);
        assert!(stderr.contains("which is not among the trusted ones"), "{stderr}");
    }
}

#[test]
fn proofs_are_verified_without_the_server() {
    let (home, server) = with_history();
    let head = home.write("head.json", &succeeds(&mut on(&server, &["audit", "tree-head"])));
    let size: Value = serde_json::from_str(&fs::read_to_string(&head).expect("written")).unwrap();
    let from = size["size"].as_u64().expect("a size");
    let body = json!({ "agentId": "one-more", "name": "Bot" });
    server.request("POST", "/api/v1/agents", BOOTSTRAP_KEY, Some(&body));
    let keys = saved(&home, &server, "/.well-known/jwks.json", "keys.json");
    let included = "/api/v1/audit/proofs/inclusion?index=3";
    let included = saved(&home, &server, included, "inclusion.json");
    let grown = format!("/api/v1/audit/proofs/consistency?from={from}");
    let grown = saved(&home, &server, &grown, "consistency.json");
    server.terminate();

    let verify = |proof: &Path, more: &[&str]| {
        let mut command = execlave();
        command.args(["audit", "verify", "--keys", text(&keys), "--proof", text(proof)]);
        command.args(more);
        command
    };
    let said = succeeds(&mut verify(&included, &[]));
    assert!(said.starts_with("entry 3 is in the log of "), "{said}");
    let said = succeeds(&mut verify(&grown, &["--since-head", text(&head)]));
    assert!(said.starts_with(&format!("the log of {from} entries only grew of ")), "{said}");
    let stderr = fails_with(2, &mut verify(&grown, &[]));
    assert!(stderr.contains("--since-head"), "{stderr}");

    let changed = fs::read_to_string(&included).expect("read").replace("\"idx\":3", "\"idx\":4");
    fs::write(&included, changed).expect("written");
    let stderr = fails_with(1, &mut verify(&included, &[]));
    assert!(stderr.contains("entry 4 was changed"), "{stderr}");
}

#[test]
fn the_store_is_verified_beside_a_running_server() {
    let (home, server) = with_history();
    let report = json(&mut home.command(&["audit", "verify"]));
    assert_eq!(report["valid"], true);
    server.terminate();
    assert!(succeeds(&mut home.command(&["audit", "verify"])).starts_with("log           whole\n"));
}

/// On SQLite only: PostgreSQL's files are not anybody's to write.
#[test]
fn a_changed_byte_in_the_database_file_is_named() {
    let home = Home::sqlite();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let body = json!({ "agentId": "needle-bot", "name": "Bot" });
    server.request("POST", "/api/v1/agents", BOOTSTRAP_KEY, Some(&body));
    let listed = server.request("GET", "/api/v1/audit", BOOTSTRAP_KEY, None).body;
    let newest = &listed["data"][0];
    server.terminate();
    let file = home.data().join("execlave.db");
    let mut bytes = fs::read(&file).expect("the database");
    let stored = format!("{}{}", newest["prevHash"], newest["hash"]).replace('"', "");
    let place = bytes.windows(stored.len()).position(|window| window == stored.as_bytes());
    // The last letter of the details, just before the two hashes.
    bytes[place.expect("the row is in the file") - 3] ^= 1;
    fs::write(&file, bytes).expect("written");
    let stderr = fails_with(1, &mut home.command(&["audit", "verify"]));
    assert!(stderr.starts_with(&format!("error: entry {}: ", newest["index"])), "{stderr}");
}

#[test]
fn files_that_cannot_be_used_are_a_usage_error() {
    let home = Home::sqlite();
    let wrong = home.write("wrong.json", "{\"keys\":[]}");
    for arguments in [
        ["--export", "missing.jsonl"],
        ["--since-head", "missing.json"],
        ["--since-head", text(&wrong)],
        ["--keys", text(&wrong)],
    ] {
        let mut command = home.command(&["audit", "verify"]);
        fails_with(2, command.args(arguments));
    }
    let stderr = fails_with(1, &mut home.command(&["audit", "verify"]));
    assert!(stderr.contains("execlave serve"), "{stderr}");
}
