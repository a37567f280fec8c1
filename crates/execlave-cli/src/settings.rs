//! Where settings come from: a flag, else its `EXECLAVE_*` variable, else `execlave.toml`, else the default.
//!
//! clap has already laid the flags over the variables; this file lays both over the file. What can be set, and the defaults, belong to
//! the server.

use clap::Args;
use execlave_server::config::Config;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Read from the working directory when no file is named.
const DEFAULT_FILE: &str = "execlave.toml";

/// Which store, for every command that works on one.
#[derive(Args, Debug)]
pub(crate) struct StoreOptions {
    /// Folder of the embedded database [default: ./execlave-data]
    #[arg(
        long,
        value_name = "DIR",
        env = "EXECLAVE_DATA",
        hide_env_values = true,
        conflicts_with = "database_url"
    )]
    data: Option<PathBuf>,
    /// A PostgreSQL database instead, such as `postgres://user@host/name`
    #[arg(long, value_name = "URL", env = "EXECLAVE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Settings file [default: execlave.toml in the working directory, if there is one]
    #[arg(long, value_name = "FILE", env = "EXECLAVE_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
}

impl StoreOptions {
    /// The settings of the file, with these options laid over them.
    pub(crate) fn load(self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(file) => parse(file, &read(file)?)?,
            None => match fs::read_to_string(DEFAULT_FILE) {
                Ok(text) => parse(Path::new(DEFAULT_FILE), &text)?,
                Err(error) if error.kind() == ErrorKind::NotFound => Config::default(),
                Err(error) => return Err(cannot_read(Path::new(DEFAULT_FILE), &error)),
            },
        };
        if let Some(data) = self.data {
            config.store.data_dir = data;
            config.store.database_url = None;
        }
        if self.database_url.is_some() {
            config.store.database_url = self.database_url;
        }
        Ok(config)
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| cannot_read(file, &error))
}

fn cannot_read(file: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read `{}`: {error}", file.display()))
}

fn parse(file: &Path, text: &str) -> Result<Config, Failure> {
    Config::from_toml(text).map_err(|error| {
        let message = error.to_string();
        Failure::usage(format!("`{}` cannot be used: {}", file.display(), message.trim_end()))
            .hint("every setting is in docs/reference/configuration.md")
    })
}
