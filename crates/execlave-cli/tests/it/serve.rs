//! Starting and stopping: what is printed, when, and with which exit code.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::{BOOTSTRAP_KEY, Home, fails_with};

#[test]
fn first_start_prints_link_and_key_and_both_work() {
    let home = Home::new();
    let server = home.serve(&[]);
    let key = server.printed_after("API key");
    assert!(key.starts_with("exe_prod_"), "{}", server.printed);
    assert_eq!(server.request("GET", "/api/v1/agents", &key, None).status, 200);

    let link = server.printed_after("Sign in");
    let path = link.strip_prefix(&server.base_url).expect("the link leads to this server");
    let signed_in = server.request("GET", path, "", None).status;
    assert!(matches!(signed_in, 200 | 303), "{signed_in}");
}

#[test]
fn second_start_prints_no_secrets() {
    let home = Home::new();
    let first = home.serve(&[]);
    let key = first.printed_after("API key");
    assert_eq!(first.terminate(), (Some(0), String::new()));

    let second = home.serve(&[]);
    assert!(!second.printed.contains("exe_"), "{}", second.printed);
    assert!(!second.printed.contains("Sign in"), "{}", second.printed);
    assert_eq!(second.request("GET", "/api/v1/agents", &key, None).status, 200);
}

#[test]
fn secrets_are_not_logged() {
    let home = Home::new();
    let server = home.serve(&["--log-level", "trace"]);
    let key = server.printed_after("API key");
    let link = server.printed_after("Sign in");
    let token = link.rsplit(['/', '=']).next().expect("a link has an end").to_owned();
    server.request(
        "GET",
        link.strip_prefix(&server.base_url).expect("the link leads here"),
        "",
        None,
    );
    server.request("GET", "/api/v1/agents", &key, None);
    let log = server.log();
    assert!(!log.contains(&key) && !log.contains(&token), "{log}");
}

#[test]
fn bootstrap_key_is_the_first_key_and_is_not_printed() {
    let home = Home::new();
    let server = home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]);
    assert_eq!(server.request("GET", "/api/v1/agents", BOOTSTRAP_KEY, None).status, 200);
    assert!(!server.printed.contains(BOOTSTRAP_KEY), "{}", server.printed);
}

#[test]
fn malformed_bootstrap_key_is_a_usage_error_that_does_not_repeat_it() {
    let home = Home::new();
    let mut command =
        home.command(&["serve", "--listen", "127.0.0.1:0", "--bootstrap-key", "hunter2"]);
    let stderr = fails_with(2, &mut command);
    assert!(stderr.contains("hint:") && !stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn malformed_secret_key_is_a_usage_error_and_the_first_start_comes_later() {
    let home = Home::sqlite();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    let stderr = fails_with(2, command.env("EXECLAVE_SECRET_KEY", "hunter2"));
    assert!(stderr.contains("openssl rand") && !stderr.contains("hunter2"), "{stderr}");
    assert!(!home.data().exists(), "nothing is written");
}

#[test]
fn sigterm_and_sigint_end_with_zero() {
    let home = Home::new();
    assert_eq!(home.serve(&[]).terminate().0, Some(0));
    let server = home.serve(&[]);
    server.signal("INT");
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn public_url_is_what_people_are_told() {
    let home = Home::new();
    let server = home.serve(&["--public-url", "https://govern.example.com"]);
    assert_eq!(server.printed_after("Dashboard"), "https://govern.example.com/");
    assert!(
        server.printed_after("Sign in").starts_with("https://govern.example.com/"),
        "{}",
        server.printed
    );
    assert_eq!(server.request("GET", "/health", "", None).status, 200);
}

#[test]
fn second_server_on_the_same_folder_is_refused() {
    let home = Home::sqlite();
    let _first = home.serve(&[]);
    let stderr = fails_with(3, &mut home.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(stderr.contains("another server") && stderr.contains("hint:"), "{stderr}");
}

#[test]
fn data_folder_is_private() {
    let home = Home::sqlite();
    let _server = home.serve(&[]);
    let mode = home.data().metadata().expect("the server made it").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn taken_port_is_said_with_a_way_out() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let stderr = fails_with(3, &mut home.command(&["serve", "--listen", &address]));
    assert!(stderr.contains(&format!("`{address}`")) && stderr.contains("hint:"), "{stderr}");
}

#[test]
fn flag_beats_variable_beats_file() {
    let home = Home::new();
    let file = home.write("execlave.toml", "[server]\npublic_url = \"https://file.example.com\"\n");
    let dashboard = |variable: Option<&str>, flag: Option<&str>| {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(&file).envs(variable.map(|url| ("EXECLAVE_PUBLIC_URL", url)));
        command.args(flag.map(|url| ["--public-url", url]).iter().flatten());
        home.start(command).printed_after("Dashboard")
    };
    let (variable, flag) = (Some("https://variable.example.com"), Some("https://flag.example.com"));
    assert_eq!(dashboard(None, None), "https://file.example.com/");
    assert_eq!(dashboard(variable, None), "https://variable.example.com/");
    assert_eq!(dashboard(variable, flag), "https://flag.example.com/");
}

#[test]
fn unknown_setting_in_the_file_is_named() {
    let home = Home::new();
    let file = home.write("execlave.toml", "[server]\nlisen = \"127.0.0.1:0\"\n");
    let stderr = fails_with(2, home.command(&["serve", "--config"]).arg(file));
    assert!(stderr.contains("`lisen`"), "{stderr}");
}

#[test]
fn unreachable_database_ends_with_three() {
    let home = Home::sqlite();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .env_remove("EXECLAVE_DATA")
        .args(["--database-url", "postgres://nobody@127.0.0.1:1/none"]);
    let stderr = fails_with(3, &mut command);
    assert!(stderr.contains("hint:"), "{stderr}");
}
