//! `execlave keys`: API keys, made and revoked on the store itself, and the key that servers sign with.
//!
//! A key is shown once, when it is made; the store keeps its SHA-256.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use execlave_api::keys::{ApiKey, CreateKey, RotateKey};
use execlave_core::ids::KeyId;
use execlave_core::time::Timestamp;
use execlave_server::administration;
use execlave_server::clock::Clock;
use serde_json::json;

use crate::failure::Failure;
use crate::local::Local;
use crate::output::Output;
use crate::settings::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  execlave keys create my-app                              for an application: scope sdk, production
  execlave keys create ci --environment staging --expires-in-days 30
  execlave keys create on-call --scope approvals:decide --scope read
  execlave keys create ci --environment staging --environment-only staging --require-signature
  execlave keys list
  execlave keys rotate 0193... --overlap-hours 48            the old key works for two days more
  execlave keys revoke 0193...
  execlave keys rotate-signing-key                         restart the servers to sign with it

Works on the store itself, no server needed; a running server notices within a second.";

/// Create, list and revoke API keys; change the signing key
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make a key and print it, once
    Create(Create),
    /// List keys, newest first, revoked ones included
    List(List),
    /// Make a key that replaces another one, and print it, once
    Rotate(Rotate),
    /// Refuse a key from now on
    Revoke(Revoke),
    /// Make another key for servers to sign certificates and bundles with, from their next start on
    RotateSigningKey(RotateSigningKey),
}

#[derive(Args, Debug)]
struct Create {
    /// What it is for, to recognise it in the list
    name: String,
    /// What it may do; repeat for several
    #[arg(long = "scope", value_name = "SCOPE", default_value = "sdk", value_parser = PossibleValuesParser::new(administration::SCOPES))]
    scopes: Vec<String>,
    /// Where it is used; it shows in the key's first characters
    #[arg(long, value_enum, default_value_t = Environment::Production)]
    environment: Environment,
    /// When it stops working; never, if left out
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_in_days: Option<u16>,
    /// The only environment it reaches; repeat for several. All of them, if left out
    #[arg(long, value_name = "ENVIRONMENT")]
    environment_only: Vec<String>,
    /// Refuse its requests unless they are signed
    #[arg(long)]
    require_signature: bool,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Rotate {
    /// The UUID of the key that is replaced, as `keys list` shows it
    key: KeyId,
    /// How long that key still works
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(..=720))]
    overlap_hours: u32,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Revoke {
    /// The key's UUID, as `keys list` shows it
    key: KeyId,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct RotateSigningKey {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Environment {
    Production,
    Staging,
    Development,
}

impl Environment {
    fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }
}

impl Keys {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::Create(create) => create.run().await,
            Verb::List(list) => list.run().await,
            Verb::Rotate(rotate) => rotate.run().await,
            Verb::Revoke(revoke) => revoke.run().await,
            Verb::RotateSigningKey(rotate) => rotate.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let local = Local::open(&self.store.load()?).await?;
        let clock = Clock::system();
        let end = |days| clock.now().plus_millis(i64::from(days) * DAY).to_string();
        let wanted = CreateKey {
            name: self.name,
            environment: self.environment.as_str().to_owned(),
            scopes: self.scopes,
            expires_at: self.expires_in_days.map(end),
            environments: Some(self.environment_only).filter(|list| !list.is_empty()),
            require_signature: self.require_signature,
        };
        let key = administration::create_key(&local.store, &clock, local.org, wanted).await?;
        local.close().await;
        // Alone on its line: `KEY=$(execlave keys create ci)` is what people write.
        let secret = key.key.clone().unwrap_or_default();
        self.output.done(&key, &secret);
        Ok(())
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let keys = administration::list_keys(&local.store, local.org).await?;
        local.close().await;
        let now = Clock::system().now();
        self.output.list(["id", "name", "key", "environment", "scopes", "state"], &keys, |key| {
            [
                key.id.clone(),
                key.name.clone(),
                format!("{}…", key.prefix),
                key.environment.clone(),
                key.scopes.join(" "),
                state(key, now),
            ]
        });
        Ok(())
    }
}

impl Rotate {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let wanted = RotateKey { overlap_hours: self.overlap_hours };
        let clock = Clock::system();
        let key =
            administration::rotate_key(&local.store, &clock, local.org, self.key, &wanted).await?;
        local.close().await;
        let secret = key.key.clone().unwrap_or_default();
        self.output.done(&key, &secret);
        Ok(())
    }
}

impl Revoke {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let key =
            administration::revoke_key(&local.store, &Clock::system(), local.org, self.key).await?;
        local.close().await;
        self.output.done(&key, &format!("{} ({}) is revoked", key.name, key.id));
        Ok(())
    }
}

impl RotateSigningKey {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let key_id = administration::rotate_signing_key(&local.store, &Clock::system()).await?;
        local.close().await;
        let text =
            format!("{key_id} signs once the servers are restarted; earlier signatures stay good");
        self.output.done(&json!({ "keyId": key_id }), &text);
        Ok(())
    }
}

/// Whether it works, in a few words.
fn state(key: &ApiKey, now: Timestamp) -> String {
    let expired = |end: &String| end.parse::<Timestamp>().is_ok_and(|end| end <= now);
    match (&key.revoked_at, &key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(end)) if expired(end) => format!("expired {end}"),
        (None, Some(end)) if key.replaced_by.is_some() => format!("replaced, until {end}"),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "active".to_owned(),
    }
}
