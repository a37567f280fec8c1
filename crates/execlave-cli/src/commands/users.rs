//! `execlave users`: who may sign in, how far they reach, and a way back in for somebody who cannot.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use execlave_api::users::InviteUser;
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
  execlave users create ada@example.com --name 'Ada Okafor' --role developer --approver
  execlave users list
  execlave users reset-link owner@localhost
  execlave users reset-link ada@example.com --public-url https://govern.example.com
  execlave users reset-totp ada@example.com
  execlave users disable ada@example.com

Works on the store itself, no server needed. Who holds a link is let in as that user, once; a user
with a second factor still owes a code, unless `reset-totp` has removed it.";

/// Invite, list and disable users, and make one-time links
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Users {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Invite somebody and print the link, once: it is good for 7 days
    Create(Create),
    /// Sign a user out everywhere and keep them out
    Disable(Disable),
    /// List users
    List(List),
    /// Print a link that lets a user in once; earlier links are void
    ResetLink(ResetLink),
    /// Remove the second factor of a user who has lost it
    ResetTotp(ResetTotp),
}

#[derive(Args, Debug)]
struct Create {
    /// The address they sign in with
    email: String,
    /// What to call them [default: the address]
    #[arg(long)]
    name: Option<String>,
    /// How far they reach
    #[arg(long, default_value = "viewer", value_parser = PossibleValuesParser::new(["owner", "admin", "developer", "viewer"]))]
    role: String,
    /// Let them decide approvals, whatever their role
    #[arg(long)]
    approver: bool,
    /// The address people reach the server at [default: that of the settings]
    #[arg(long, value_name = "URL", env = "EXECLAVE_PUBLIC_URL", hide_env_values = true)]
    public_url: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Disable {
    /// The user's e-mail address, as `users list` shows it
    email: String,
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

#[derive(Args, Debug)]
struct ResetTotp {
    /// The user's e-mail address, as `users list` shows it
    email: String,
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
    approver: bool,
    state: &'static str,
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
            Verb::Create(create) => create.run().await,
            Verb::Disable(disable) => disable.run().await,
            Verb::List(list) => list.run().await,
            Verb::ResetLink(reset) => reset.run().await,
            Verb::ResetTotp(reset) => reset.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let mut config = self.store.load()?;
        if self.public_url.is_some() {
            config.server.public_url = self.public_url;
        }
        let name = self.name.unwrap_or_else(|| self.email.clone());
        let invite =
            InviteUser { email: self.email, name, role: self.role, approver: self.approver };
        let local = Local::open(&config).await?;
        let clock = Clock::system();
        let invited =
            administration::invite_user(&local.store, &clock, &config, local.org, invite).await?;
        local.close().await;
        self.output.done(&invited, &invited.link);
        Ok(())
    }
}

impl Disable {
    async fn run(self) -> Result<(), Failure> {
        let config = self.store.load()?;
        let local = Local::open(&config).await?;
        let user = find(&local, &self.email).await?;
        let clock = Clock::system();
        let disabled =
            administration::disable_user(&local.store, &clock, &config, local.org, user.id).await?;
        local.close().await;
        self.output.done(&disabled, &format!("disabled {}", disabled.email));
        Ok(())
    }
}

async fn find(local: &Local, email: &str) -> Result<User, Failure> {
    let user = local.store.find_user_by_email(local.org, email).await?;
    user.ok_or_else(|| {
        Failure::refused(format!("no user `{email}`"))
            .hint("`execlave users list` shows every user")
    })
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let local = Local::open(&self.store.load()?).await?;
        let users = local.store.all_users(local.org).await?;
        local.close().await;
        let users: Vec<UserRow> = users.into_iter().map(row).collect();
        self.output.list(["email", "name", "role", "state", "since"], &users, |user| {
            let grant = if user.approver { " + approver" } else { "" };
            [
                user.email.clone(),
                user.name.clone(),
                format!("{}{grant}", user.role),
                user.state.to_owned(),
                user.created_at.clone(),
            ]
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
        let user = find(&local, &self.email).await?;
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

impl ResetTotp {
    async fn run(self) -> Result<(), Failure> {
        let config = self.store.load()?;
        let local = Local::open(&config).await?;
        let user = find(&local, &self.email).await?;
        let clock = Clock::system();
        let reset =
            administration::reset_totp(&local.store, &clock, &config, local.org, user.id).await?;
        local.close().await;
        self.output.done(&reset, &format!("{} signs in without a code", reset.email));
        Ok(())
    }
}

fn row(user: User) -> UserRow {
    UserRow {
        id: user.id.to_string(),
        email: user.email,
        name: user.name,
        role: user.role.as_str(),
        approver: user.approver,
        state: user.state.as_str(),
        created_at: user.created_at.to_string(),
    }
}
