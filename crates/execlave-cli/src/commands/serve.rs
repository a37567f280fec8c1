//! `execlave serve`: opens the store, makes sure that somebody can get in, and serves until told to stop.

mod provider;
mod tuning;

use std::error::Error;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use clap::{Args, ValueEnum};
use execlave_server::Server;
use execlave_server::bootstrap::{FirstStart, first_start};
use execlave_server::clock::Clock;
use execlave_server::config::{Config, Hidden, LogFormat};
use execlave_server::sealed::Sealer;
use execlave_store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, chain};
use crate::settings::StoreOptions;
use crate::{local, output};
use provider::Provider;
use tuning::Tuning;

const EXAMPLES: &str = "\
Examples:
  execlave serve
  execlave serve --listen 0.0.0.0:4000 --public-url https://govern.example.com
  execlave serve --database-url postgres://execlave@db.internal/execlave --log-format json
  EXECLAVE_BOOTSTRAP_KEY=exe_prod_... execlave serve

The first start on an empty store prints the dashboard URL, a one-time sign-in link and an API key, once. SIGTERM and SIGINT stop it
after the requests under way. Every option is also a line of the settings file; a flag beats a variable, and a variable the file.";

/// Start the server: API, dashboard and store
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:4000]
    #[arg(long, value_name = "ADDRESS", env = "EXECLAVE_LISTEN", hide_env_values = true)]
    listen: Option<SocketAddr>,
    /// The address people reach the server at, when it is behind a proxy
    #[arg(long, value_name = "URL", env = "EXECLAVE_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    /// The first API key, for scripted installs; used on an empty store only
    #[arg(long, value_name = "KEY", env = "EXECLAVE_BOOTSTRAP_KEY", hide_env_values = true)]
    bootstrap_key: Option<String>,
    /// What secrets of second factors are sealed with: 32 random bytes in base64. Best given as the variable, which nobody sees in the
    /// list of processes [default: a file in the folder of the embedded database]
    #[arg(long, value_name = "KEY", env = "EXECLAVE_SECRET_KEY", hide_env_values = true)]
    secret_key: Option<String>,
    /// Do not create or upgrade the schema
    #[arg(long, env = "EXECLAVE_NO_MIGRATE", hide_env_values = true)]
    no_migrate: bool,
    /// Log lines for people or for programs, on stderr [default: text]
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        env = "EXECLAVE_LOG_FORMAT",
        hide_env_values = true
    )]
    log_format: Option<LogFormatChoice>,
    /// What to log: a level, or `target=level,...` [default: info]
    #[arg(long, value_name = "FILTER", env = "EXECLAVE_LOG_LEVEL", hide_env_values = true)]
    log_level: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    provider: Provider,
    #[command(flatten)]
    tuning: Tuning,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum LogFormatChoice {
    Text,
    Json,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let bootstrap_key = self.bootstrap_key.clone();
        let mut config = self.settings()?;
        start_log(&config)?;
        if let Some(key) = &bootstrap_key {
            check_bootstrap_key(key)?;
        }
        // Before the first start as well: what it prints would be lost.
        Sealer::new(&config.store).map_err(|error| Failure::usage(error.to_string()))?;
        let stop = stop_signal()?;

        let store = open_store(&config).await?;
        // Before the first start is written down: what it prints cannot be printed again, and links hold the real port.
        let listener = listen(config.server.listen).await?;
        config.server.listen = listener
            .local_addr()
            .map_err(|error| Failure::unreachable(format!("cannot listen: {error}")))?;

        let first = first_start(&store, &Clock::system(), &config, bootstrap_key.clone())
            .await
            .map_err(local::without_schema)?;
        let block = welcome(&config, first.as_ref(), bootstrap_key.is_some());
        let server = Server::new(config, store, listener).await.map_err(|error| stopped(&error))?;
        output::print(&block);
        server.run(stop).await.map_err(|error| stopped(&error))
    }

    /// These options laid over the settings file.
    fn settings(self) -> Result<Config, Failure> {
        let mut config = self.store.load()?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if self.public_url.is_some() {
            config.server.public_url = self.public_url;
        }
        if let Some(key) = self.secret_key {
            config.store.secret_key = Some(Hidden(key));
        }
        if self.no_migrate {
            config.store.migrate = false;
        }
        self.provider.lay_over(&mut config);
        self.tuning.lay_over(&mut config);
        if let Some(filter) = self.log_level {
            config.log.filter = filter;
        }
        if let Some(format) = self.log_format {
            config.log.format = match format {
                LogFormatChoice::Text => LogFormat::Text,
                LogFormatChoice::Json => LogFormat::Json,
            };
        }
        Ok(config)
    }
}

/// Stdout is for what `serve` tells its user; everything that happens goes to stderr.
fn start_log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log.filter).map_err(|error| {
        Failure::usage(format!("log level `{}` cannot be used: {error}", config.log.filter))
            .hint("use error, warn, info, debug or trace, or `target=level,...`")
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Completes when an operator wants the server to stop. Listening begins at once, so that no early signal is lost.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let on = |kind| {
        signal(kind)
            .map_err(|error| Failure::unreachable(format!("cannot listen for signals: {error}")))
    };
    let (mut terminate, mut interrupt) =
        (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn open_store(config: &Config) -> Result<Store, Failure> {
    let store = local::open(&local::store_url(config)?, true).await?;
    if config.store.migrate {
        store.migrate().await?;
    }
    Ok(store)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::unreachable(format!("cannot listen on `{address}`: {error}"))
            .hint("choose another address with --listen; port 0 picks a free one")
    })
}

/// Refuses what no client could send; the error does not repeat it, because it may be a good secret for something else. Whoever
/// scripts an install answers for its secret, so a short one is only warned about.
fn check_bootstrap_key(key: &str) -> Result<(), Failure> {
    const LENGTH: RangeInclusive<usize> = 8..=256;
    const HARD_TO_GUESS: usize = 32;
    if !LENGTH.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage("the bootstrap key cannot be an API key").hint(format!(
            "use {} to {} visible ASCII characters, best `exe_prod_` and {HARD_TO_GUESS} random ones",
            LENGTH.start(),
            LENGTH.end()
        )));
    }
    if key.len() < HARD_TO_GUESS {
        tracing::warn!(
            "the bootstrap key is short enough to be guessed: use {HARD_TO_GUESS} random characters"
        );
    }
    Ok(())
}

fn stopped(error: &dyn Error) -> Failure {
    Failure::unreachable(format!("the server stopped: {}", chain(error)))
}

/// The block on stdout. It comes when requests are taken, ends with an empty line, and holds secrets on the first start only.
fn welcome(config: &Config, first: Option<&FirstStart>, key_was_given: bool) -> String {
    let mut lines = vec![("Dashboard", format!("{}/", config.public_url()))];
    if config.server.public_url.is_some() {
        lines.push(("Listening", format!("http://{}/", config.server.listen)));
    }
    if let Some(first) = first {
        lines.push(("Sign in", format!("{}  (works once)", first.sign_in_url)));
        if !key_was_given {
            lines.push(("API key", format!("{}  (not shown again)", first.api_key)));
        }
    }
    let lines: Vec<String> =
        lines.iter().map(|(name, value)| format!("  {name:<9}  {value}")).collect();
    format!("\nExeclave is running\n\n{}\n\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_client_could_send_is_refused() {
        for key in ["exe_prod_0123456789abcdefghijABCDEFGHIJ", "exe_test_key"] {
            assert!(check_bootstrap_key(key).is_ok(), "{key}");
        }
        for key in ["", "short", "with a space", "exe_dev_é", &"a".repeat(257)] {
            assert!(check_bootstrap_key(key).is_err(), "{key}");
        }
    }
}
