//! `migrate`, `keys` and `users`: administration of the store itself, with and without a server running on it.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::support::{BOOTSTRAP_KEY, Home, Server, execlave, fails_with, json, succeeds};

#[test]
fn migrate_makes_the_schema_and_can_be_run_again() {
    let home = Home::new();
    for _ in 0..2 {
        assert_eq!(json(&mut home.command(&["migrate"]))["schema"], "current");
    }
    let _server = home.serve(&["--no-migrate"]);
}

#[test]
fn server_told_not_to_migrate_refuses_an_old_schema() {
    let home = Home::sqlite();
    let stderr =
        fails_with(3, &mut home.command(&["serve", "--no-migrate", "--listen", "127.0.0.1:0"]));
    assert!(stderr.contains("execlave migrate"), "{stderr}");
}

#[test]
fn administration_before_the_first_start_says_what_to_do() {
    let home = Home::new();
    let stderr = fails_with(1, &mut home.command(&["keys", "list"]));
    assert!(stderr.contains("hint: ") && stderr.contains("execlave serve"), "{stderr}");
}

#[test]
fn key_is_shown_once_listed_without_itself_and_revoked() {
    let home = Home::set_up();
    let created = json(&mut home.command(&[
        "keys",
        "create",
        "ci",
        "--scope",
        "sdk",
        "--environment",
        "staging",
    ]));
    let key = created["key"].as_str().expect("creating answers the key");
    assert!(key.starts_with("exe_stg_"), "{created}");

    let listed = json(&mut home.command(&["keys", "list"]));
    let names: Vec<&Value> =
        listed.as_array().expect("a list").iter().map(|key| &key["name"]).collect();
    assert!(names.contains(&&json!("ci")), "{listed}");
    assert!(!listed.to_string().contains(key), "{listed}");

    let id = created["id"].as_str().expect("a key has an id");
    let revoked = json(&mut home.command(&["keys", "revoke", id]));
    assert!(revoked["revokedAt"].is_string(), "{revoked}");
}

#[test]
fn a_narrow_key_is_replaced_by_one_that_is_as_narrow() {
    let home = Home::set_up();
    let only = ["--environment-only", "staging", "--environment-only", "qa", "--require-signature"];
    let created = json(home.command(&["keys", "create", "ci"]).args(only));
    assert_eq!(created["environments"], json!(["staging", "qa"]), "{created}");
    let id = created["id"].as_str().expect("a key has an id");
    let rotate = ["keys", "rotate", id, "--overlap-hours", "1"];
    let replaced = json(&mut home.command(&rotate));
    assert_ne!(replaced["key"], created["key"]);
    for field in ["name", "scopes", "environments", "requireSignature"] {
        assert_eq!(replaced[field], created[field], "{field}");
    }
    let stderr = fails_with(1, &mut home.command(&rotate));
    assert!(stderr.contains("was replaced by"), "{stderr}");
    fails_with(2, &mut home.command(&["keys", "rotate", id, "--overlap-hours", "721"]));
}

#[test]
fn a_signing_key_is_replaced_and_stays_published() {
    let home = Home::set_up();
    let rotated = json(&mut home.command(&["keys", "rotate-signing-key"]));
    let server = home.serve(&[]);
    let keys = server.request("GET", "/.well-known/jwks.json", BOOTSTRAP_KEY, None).body;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2), "{keys}");
    assert_eq!(keys["keys"][0]["kid"], rotated["keyId"], "the newest is first");
}

#[test]
fn running_server_notices_keys_of_another_process() {
    let home = Home::new();
    let server = home.serve(&[]);
    let created = json(&mut home.command(&["keys", "create", "ci", "--scope", "read"]));
    let key = created["key"].as_str().expect("creating answers the key");
    becomes(&server, key, 200);
    succeeds(&mut home.command(&[
        "keys",
        "revoke",
        created["id"].as_str().expect("a key has an id"),
    ]));
    becomes(&server, key, 401);
}

#[test]
fn unknown_scope_is_a_usage_error_that_lists_the_scopes() {
    let stderr = fails_with(2, execlave().args(["keys", "create", "x", "--scope", "everything"]));
    assert!(stderr.contains("approvals:decide"), "{stderr}");
}

#[test]
fn unknown_key_cannot_be_revoked() {
    let home = Home::set_up();
    let stderr = fails_with(
        1,
        &mut home.command(&["keys", "revoke", "01936c00-0000-7000-8000-000000000000"]),
    );
    assert!(stderr.contains("`01936c00-0000-7000-8000-000000000000`"), "{stderr}");
}

#[test]
fn reset_link_signs_the_owner_in() {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    let users = json(&mut home.command(&["users", "list"]));
    assert_eq!(users[0]["role"], "owner", "{users}");

    let email = users[0]["email"].as_str().expect("a user has an address");
    let link =
        json(&mut home.command(&["users", "reset-link", email, "--public-url", &server.base_url]));
    let link = link["link"].as_str().expect("a link is answered");
    let path = link.strip_prefix(&server.base_url).expect("the link leads to this server");
    let status = server.request("GET", path, "", None).status;
    assert!(matches!(status, 200 | 303), "{status}");
}

#[test]
fn a_second_factor_is_reset_for_a_known_user_only() {
    let home = Home::new();
    drop(home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]));
    let nobody = fails_with(1, &mut home.command(&["users", "reset-totp", "nobody@localhost"]));
    assert!(nobody.contains("`nobody@localhost`"), "{nobody}");
    let reset = json(&mut home.command(&["users", "reset-totp", "owner@localhost"]));
    assert_eq!(reset["email"], "owner@localhost", "{reset}");
}

#[test]
fn people_are_invited_listed_and_kept_out() {
    let home = Home::new();
    drop(home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]));
    let create = ["users", "create", "ada@example.com", "--role", "developer", "--approver"];
    let invited = json(&mut home.command(&create));
    assert_eq!(invited["user"]["state"], "invited", "{invited}");
    assert!(invited["link"].as_str().is_some_and(|link| link.contains("/invitation/")));

    let disabled = json(&mut home.command(&["users", "disable", "ADA@example.com"]));
    assert_eq!(disabled["state"], "disabled", "{disabled}");
    let users = json(&mut home.command(&["users", "list"]));
    let ada = users.as_array().expect("a list").iter().find(|user| user["role"] == "developer");
    assert_eq!(ada.expect("she is listed")["approver"], true, "{users}");
}

/// Asks until the server answers this status: the other process's change takes a moment to arrive.
#[track_caller]
fn becomes(server: &Server, key: &str, status: u16) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.request("GET", "/api/v1/agents", key, None).status != status {
        assert!(Instant::now() < deadline, "the server never answered {status}");
    }
}
