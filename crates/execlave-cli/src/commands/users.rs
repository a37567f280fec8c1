//! `execlave users`: who may sign in, and a way back in for somebody who cannot.

use clap::{Args, Subcommand};
use execlave_server::administration;
use execlave_server::clock::Clock;
use execlave_store::users::User;
use serde::Serialize;

use crate::failure::Failure;
use crate::local::Local;
use crate::output::Output;
use crate::settings::StoreOptions;

const EXAMPLES: &str = "\
Examples:
  execlave users list
  execlave users reset-link owner@localhost
  execlave users reset-link ada@example.com --public-url https://govern.example.com

Works on the store itself, no server needed. Who holds the link is signed in as that user, once.";

/// List users and make one-time sign-in links
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Users {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List users
    List(List),
    /// Print a link that signs a user in once
    ResetLink(ResetLink),
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct ResetLink {
    /// The user's e-mail address, as `users list` shows it
    email: String,
    /// The address people reach the server at [default: that of the settings]
    #[arg(long, value_name = "URL", env = "EXECLAVE_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserRow {
    id: String,
    email: String,
    name: String,
    role: &'static str,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    link: String,
    expires_at: String,
}

impl Users {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::List(list) => list.run().await,
            Verb::ResetLink(reset) => reset.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let users = local.store.list_users(local.org).await?;
        local.close().await;
        let users: Vec<UserRow> = users.into_iter().map(row).collect();
        self.output.list(["email", "name", "role", "since"], &users, |user| {
            [user.email.clone(), user.name.clone(), user.role.to_owned(), user.created_at.clone()]
        });
        Ok(())
    }
}

impl ResetLink {
    async fn run(self) -> Result<(), Failure> {
        let mut config = self.store.load()?;
        if self.public_url.is_some() {
            config.server.public_url = self.public_url;
        }
        let local = Local::open(&config).await?;
        let user = local.store.find_user_by_email(local.org, &self.email).await?;
        let Some(user) = user else {
            return Err(Failure::refused(format!("no user `{}`", self.email))
                .hint("`execlave users list` shows every user"));
        };
        let (link, expires_at) = administration::new_sign_in_link(
            &local.store,
            &Clock::system(),
            &config,
            local.org,
            user.id,
        )
        .await?;
        local.close().await;
        let link = Link { link, expires_at: expires_at.to_string() };
        self.output.done(&link, &link.link);
        Ok(())
    }
}

fn row(user: User) -> UserRow {
    UserRow {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        role: user.role.as_str(),
        created_at: user.created_at.to_string(),
    }
}
