//! A store to work on, and the program running on it.

use execlave_store::testing::TestStore;
use execlave_store::{Store, StoreUrl};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::http::{self, Answer};

/// A well-formed key for scripted installs.
pub(crate) const BOOTSTRAP_KEY: &str = "exe_prod_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The program with a clean environment: what a developer has exported must not steer a test.
pub(crate) fn execlave() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_execlave"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs to the end and expects this exit code; returns stdout.
#[track_caller]
pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the program can be started");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

/// Runs to the end and expects a failure with this code; returns stderr.
#[track_caller]
pub(crate) fn fails_with(code: i32, command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the program can be started");
    let stderr = String::from_utf8(stderr).expect("the program prints UTF-8");
    assert_eq!(status.code(), Some(code), "{stderr}");
    stderr
}

/// Stdout of a `--json` run, parsed.
#[track_caller]
pub(crate) fn json(command: &mut Command) -> Value {
    serde_json::from_str(&succeeds(command.arg("--json"))).expect("--json prints JSON")
}

/// Where a test keeps its data. Dropping it takes everything away.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    schema: Option<Schema>,
}

/// A fresh PostgreSQL schema, and the runtime its connections live on.
#[derive(Debug)]
struct Schema {
    url: String,
    _store: TestStore,
    _runtime: Runtime,
}

/// The running program.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
    /// Everything it printed before it took requests.
    pub(crate) printed: String,
    /// Where it listens.
    pub(crate) base_url: String,
}

impl Home {
    /// A store that no server has been started on yet.
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one switch of the test suite")]
        let on_postgres =
            std::env::var("EXECLAVE_TEST_DATABASE_URL").is_ok_and(|url| !url.is_empty());
        Self { schema: on_postgres.then(Schema::new), ..Self::sqlite() }
    }

    /// The same, in a data folder whatever the switch says.
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().expect("there is room for a temporary folder"),
            schema: None,
        }
    }

    /// The same, after a first start.
    pub(crate) fn set_up() -> Self {
        let home = Self::new();
        home.serve(&["--bootstrap-key", BOOTSTRAP_KEY]).terminate();
        home
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }

    /// `execlave` with the options that name this store.
    pub(crate) fn command(&self, verb: &[&str]) -> Command {
        let mut command = execlave();
        command.args(verb).current_dir(self.folder.path());
        match &self.schema {
            Some(schema) => command.env("EXECLAVE_DATABASE_URL", &schema.url),
            None => command.env("EXECLAVE_DATA", self.data()),
        };
        command
    }

    /// Starts a server on this store and waits until it takes requests.
    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(options);
        self.start(command)
    }

    /// Starts a server as the command says, and waits until it takes requests.
    pub(crate) fn start(&self, mut command: Command) -> Server {
        let log = self.folder.path().join("server.log");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(
                File::options().create(true).append(true).open(&log).expect("the folder is ours"),
            )
            .spawn()
            .expect("the program can be started");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut server =
            Server { child, stdout, log, printed: String::new(), base_url: String::new() };
        server.read_first_output();
        server
    }
}

impl Schema {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let store = runtime.block_on(Store::for_test());
        let StoreUrl::Postgres(url) = store.url() else {
            unreachable!("the switch names a PostgreSQL server")
        };
        Self { url: url.to_string(), _store: store, _runtime: runtime }
    }
}

impl Server {
    /// The word behind a name in what was printed, such as the key behind `API key`.
    #[track_caller]
    pub(crate) fn printed_after(&self, name: &str) -> String {
        let found = self.printed.lines().find_map(|line| line.split_once(name));
        let word = found.and_then(|(_, rest)| rest.split_whitespace().next());
        word.unwrap_or_else(|| panic!("no `{name}` in {}", self.printed)).to_owned()
    }

    /// The block it prints once it takes requests ends with an empty line.
    fn read_first_output(&mut self) {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.stdout.read_line(&mut line).expect("the server prints UTF-8");
            assert!(read > 0, "the server did not start: {}{}", self.printed, self.log());
            self.printed.push_str(&line);
            // Behind a proxy the dashboard is elsewhere, and the next line says where this server listens.
            if let Some((_, url)) =
                line.split_once("Dashboard").or_else(|| line.split_once("Listening"))
            {
                url.trim().trim_end_matches('/').clone_into(&mut self.base_url);
            }
            if line.trim().is_empty() && !self.base_url.is_empty() {
                return;
            }
        }
    }

    /// One request to the API.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Answer {
        http::request(&self.base_url, method, path, key, body).expect("the server answers")
    }

    /// The power fails.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is still running");
        self.child.wait().expect("it was ours to wait for");
    }

    /// An operator stops it; returns the exit code and what it still had to print.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("the server prints UTF-8");
        (self.child.wait().expect("it was ours to wait for").code(), rest)
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is installed").success());
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failed test must not leave a server behind; one that has ended already is fine.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
