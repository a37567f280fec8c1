//! The options of `serve` about the provider that people sign in with.

use clap::Args;
use execlave_server::config::Config;
use execlave_store::users::Role;

/// Each lays itself over the setting of the same name in `[oidc]`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Sign-in provider (OpenID Connect)")]
pub(super) struct Provider {
    /// The provider's address, exactly as it writes it; without one people sign in with links and passwords
    #[arg(
        long = "oidc-issuer",
        value_name = "URL",
        env = "EXECLAVE_OIDC_ISSUER",
        hide_env_values = true
    )]
    issuer: Option<String>,
    /// What the provider calls this server [default: execlave]
    #[arg(
        long = "oidc-client-id",
        value_name = "ID",
        env = "EXECLAVE_OIDC_CLIENT_ID",
        hide_env_values = true
    )]
    client_id: Option<String>,
    /// Its password there; a public client has none
    #[arg(
        long = "oidc-client-secret",
        value_name = "SECRET",
        env = "EXECLAVE_OIDC_CLIENT_SECRET",
        hide_env_values = true
    )]
    client_secret: Option<String>,
    /// What the button on the sign-in page says
    #[arg(
        long = "oidc-label",
        value_name = "TEXT",
        env = "EXECLAVE_OIDC_LABEL",
        hide_env_values = true
    )]
    label: Option<String>,
    /// The role of whoever the provider lets in and nobody has invited; without one they stay out
    #[arg(long = "oidc-new-user-role", value_name = "ROLE",
        env = "EXECLAVE_OIDC_NEW_USER_ROLE",
        hide_env_values = true,
        value_parser = ["viewer", "developer", "admin"]
    )]
    new_user_role: Option<String>,
}

impl Provider {
    /// Lays what was given over the settings.
    pub(super) fn lay_over(self, config: &mut Config) {
        let oidc = &mut config.oidc;
        if self.issuer.is_some() {
            oidc.issuer = self.issuer;
        }
        if let Some(id) = self.client_id {
            oidc.client_id = id;
        }
        if self.client_secret.is_some() {
            oidc.client_secret = self.client_secret;
        }
        if let Some(label) = self.label {
            oidc.label = label;
        }
        match self.new_user_role.as_deref() {
            Some("viewer") => oidc.new_user_role = Some(Role::Viewer),
            Some("developer") => oidc.new_user_role = Some(Role::Developer),
            Some("admin") => oidc.new_user_role = Some(Role::Admin),
            _ => {}
        }
    }
}
