//! The store itself, for commands that need no server.
//!
//! A server may be running on the same store: it notices what is changed here, on PostgreSQL at once and on SQLite within half a second.

use execlave_core::ids::OrgId;
use execlave_server::config::Config;
use execlave_store::error::StoreError;
use execlave_store::{ConnectOptions, Store, StoreUrl};

use crate::failure::{Failure, chain};

/// A store with an organisation in it.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) store: Store,
    pub(crate) org: OrgId,
}

impl Local {
    /// Opens a store that a server has been started on before.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let url = store_url(config)?;
        if let StoreUrl::Sqlite(folder) = &url
            && !folder.is_dir()
        {
            return Err(never_started(&url));
        }
        let store = open(&url, false).await?;
        // One deployment has one organisation; the first is the one that the first start made.
        let orgs = store.list_orgs_across_orgs().await.map_err(without_schema)?;
        let org = orgs.first().ok_or_else(|| never_started(&url))?.id;
        Ok(Self { store, org })
    }

    /// Closes the store; what was written is durable already.
    pub(crate) async fn close(self) {
        self.store.close().await;
    }
}

/// Where the settings say the store is.
pub(crate) fn store_url(config: &Config) -> Result<StoreUrl, Failure> {
    match &config.store.database_url {
        Some(url) => url.parse().map_err(|error| Failure::usage(chain(&error))),
        None => Ok(StoreUrl::Sqlite(config.store.data_dir.clone())),
    }
}

/// Opens a store; a server asks to be the only one on a data folder.
pub(crate) async fn open(url: &StoreUrl, exclusive: bool) -> Result<Store, Failure> {
    let options = ConnectOptions { exclusive, ..ConnectOptions::default() };
    Store::open(url, &options).await.map_err(|error| {
        let failure = Failure::unreachable(format!("{url}: {}", chain(&error)));
        match url {
            StoreUrl::Sqlite(_) => failure
                .hint("is the folder yours to write, and does no other server use it? see --data"),
            StoreUrl::Postgres(_) => {
                failure.hint("does the database run, and is --database-url right?")
            }
        }
    })
}

/// The first question to a store failed: most likely its tables are not there.
pub(crate) fn without_schema(error: StoreError) -> Failure {
    Failure::from(error).hint("is the schema there? `execlave migrate` creates or upgrades it")
}

fn never_started(url: &StoreUrl) -> Failure {
    Failure::refused(format!("no organisation in {url}"))
        .hint("`execlave serve` creates one on its first start")
}
