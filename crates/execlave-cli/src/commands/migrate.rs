//! `execlave migrate`: creates or upgrades the schema, and nothing else.

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::local;
use crate::output::Output;
use crate::settings::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  execlave migrate
  execlave migrate --database-url postgres://execlave@db.internal/execlave

`execlave serve` does it too unless told not to with --no-migrate. Running it again changes nothing.";

/// Create or upgrade the schema of the store, then exit
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Migrate {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Report {
    store: String,
    schema: &'static str,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let url = local::store_url(&self.store.load()?)?;
        let store = local::open(&url, false).await?;
        store.migrate().await?;
        store.close().await;
        let report = Report { store: url.to_string(), schema: "current" };
        self.output.done(&report, &format!("the schema in {url} is up to date"));
        Ok(())
    }
}
