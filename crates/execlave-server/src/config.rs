//! Settings. `config.default.toml` is their documentation and the source of their defaults, so the two cannot disagree.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use execlave_store::users::Role;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The default file, for `execlave serve --help` and the reference page.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where and how to serve.
    pub server: ServerConfig,
    /// Where data lives.
    pub store: StoreConfig,
    /// How much is too much.
    pub limits: LimitsConfig,
    /// How people are asked.
    pub approvals: ApprovalsConfig,
    /// What is kept of decisions.
    pub decisions: DecisionsConfig,
    /// Policies that clients evaluate themselves.
    pub bundles: BundlesConfig,
    /// Where custom validators may be.
    pub validators: ValidatorsConfig,
    /// Where webhooks may be.
    pub webhooks: WebhooksConfig,
    /// How people sign in.
    pub sign_in: SignInConfig,
    /// Whom people sign in with.
    pub oidc: OidcConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address people use, when it is another one.
    pub public_url: Option<String>,
    /// How long requests in flight may take to finish.
    pub shutdown_grace_seconds: u64,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The directory of the embedded database.
    pub data_dir: PathBuf,
    /// A PostgreSQL URL instead.
    pub database_url: Option<String>,
    /// What secrets are sealed with.
    pub secret_key: Option<Hidden>,
    /// Whether `serve` migrates.
    pub migrate: bool,
}

/// A setting that is not shown to whoever reads the log.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("hidden")
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// The largest request body, after decompression.
    pub body_bytes: usize,
    /// The largest single trace.
    pub trace_bytes: usize,
    /// How many traces one batch may hold.
    pub traces_per_batch: usize,
}

/// `[approvals]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalsConfig {
    /// How long a person has to answer.
    pub expiry_minutes: u32,
    /// How many people must say yes.
    pub approvers: u32,
    /// How many where the risk is high or critical.
    pub approvers_high_risk: u32,
    /// How long an approval waits before it is passed on; 0 for never.
    pub escalate_after_minutes: u32,
    /// How long a certificate is good for.
    pub certificate_minutes: u32,
    /// The longest `?wait=`.
    pub longest_wait_seconds: u64,
}

/// `[decisions]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionsConfig {
    /// Keep the raw input text.
    pub keep_input: bool,
}

/// `[bundles]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundlesConfig {
    /// How long a bundle may be used.
    pub bundle_minutes: u32,
}

/// `[validators]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidatorsConfig {
    /// Whether they may be on private networks and on this machine, also without TLS.
    pub allow_private_networks: bool,
}

/// `[webhooks]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether they may be on private networks and on this machine, also without TLS.
    pub allow_private_networks: bool,
}

/// `[sign_in]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInConfig {
    /// How long a one-time link works.
    pub link_minutes: u32,
    /// How long a session lasts.
    pub session_hours: u32,
    /// Where a reverse proxy writes whom it speaks for; empty where there is none.
    pub client_address_header: String,
}

/// `[oidc]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider's address; without one there is no provider.
    pub issuer: Option<String>,
    /// What the provider calls this application.
    pub client_id: String,
    /// Its password there.
    pub client_secret: Option<String>,
    /// What the button says.
    pub label: String,
    /// The role of whoever signs in for the first time without an invitation; without one nobody does.
    #[serde(default, deserialize_with = "no_owner")]
    pub new_user_role: Option<Role>,
}

/// Nobody becomes an owner by signing in.
fn no_owner<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Role>, D::Error> {
    match Role::deserialize(from)? {
        Role::Owner => Err(D::Error::custom("must be `viewer`, `developer` or `admin`")),
        role => Ok(Some(role)),
    }
}

/// Without the secret.
impl fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcConfig")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("new_user_role", &self.new_user_role)
            .finish_non_exhaustive()
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// What to log.
    pub filter: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// People.
    Text,
    /// Machines.
    Json,
}

impl Config {
    /// The defaults with `file` laid over them.
    pub fn from_toml(file: &str) -> Result<Self, toml::de::Error> {
        let mut settings: toml::Table = DEFAULTS.parse()?;
        merge(&mut settings, file.parse()?);
        toml::Value::Table(settings).try_into()
    }

    /// The address people use: `public_url`, else where the server listens.
    pub fn public_url(&self) -> String {
        let listen = self.server.listen;
        self.server
            .public_url
            .as_ref()
            .map_or_else(|| format!("http://{listen}"), |url| url.trim_end_matches('/').to_owned())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from_toml("").expect("config.default.toml is complete and well formed")
    }
}

fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_what_it_names_and_nothing_else() {
        let config = Config::from_toml("[server]\nlisten = \"0.0.0.0:80\"").expect("valid");
        assert_eq!(config.server.listen.port(), 80);
        assert_eq!(config.limits.body_bytes, execlave_api::enforce::QUESTION_BYTES);
        assert!(Config::from_toml("[server]\nlissten = 1").is_err());
    }
}
