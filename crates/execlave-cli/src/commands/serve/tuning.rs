//! The options of `serve` that most installations leave alone: limits and times.

use clap::Args;
use execlave_server::config::Config;

/// Each lays itself over the setting of the same name.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits and times")]
pub(super) struct Tuning {
    /// How long requests in flight may take to finish after SIGTERM [default: 20]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "EXECLAVE_SHUTDOWN_GRACE_SECONDS",
        hide_env_values = true
    )]
    shutdown_grace_seconds: Option<u64>,
    /// The largest request body, after decompression [default: 8388608]
    #[arg(long, value_name = "BYTES", env = "EXECLAVE_BODY_BYTES", hide_env_values = true)]
    body_bytes: Option<usize>,
    /// The largest single trace in a batch [default: 1048576]
    #[arg(long, value_name = "BYTES", env = "EXECLAVE_TRACE_BYTES", hide_env_values = true)]
    trace_bytes: Option<usize>,
    /// How many traces one batch may hold [default: 1000]
    #[arg(long, value_name = "COUNT", env = "EXECLAVE_TRACES_PER_BATCH", hide_env_values = true)]
    traces_per_batch: Option<usize>,
    /// How long a person has to answer an approval [default: 30]
    #[arg(
        long,
        value_name = "MINUTES",
        env = "EXECLAVE_APPROVAL_EXPIRY_MINUTES",
        hide_env_values = true
    )]
    approval_expiry_minutes: Option<u32>,
    /// How many people must say yes to an approval [default: 1]
    #[arg(long, value_name = "COUNT", env = "EXECLAVE_APPROVERS", hide_env_values = true)]
    approvers: Option<u32>,
    /// How many where the risk is high or critical [default: 1]
    #[arg(
        long,
        value_name = "COUNT",
        env = "EXECLAVE_APPROVERS_HIGH_RISK",
        hide_env_values = true
    )]
    approvers_high_risk: Option<u32>,
    /// How long an approval waits before it is passed on; 0 for never [default: 10]
    #[arg(
        long,
        value_name = "MINUTES",
        env = "EXECLAVE_ESCALATE_AFTER_MINUTES",
        hide_env_values = true
    )]
    escalate_after_minutes: Option<u32>,
    /// How long a certificate is good for after the approval [default: 30]
    #[arg(
        long,
        value_name = "MINUTES",
        env = "EXECLAVE_CERTIFICATE_MINUTES",
        hide_env_values = true
    )]
    certificate_minutes: Option<u32>,
    /// The longest `?wait=` of a client that asks for an answer [default: 60]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "EXECLAVE_LONGEST_WAIT_SECONDS",
        hide_env_values = true
    )]
    longest_wait_seconds: Option<u64>,
    /// Keep the raw input text with every decision
    #[arg(long, env = "EXECLAVE_KEEP_INPUT", hide_env_values = true)]
    keep_input: bool,
    /// How long a client may decide with the policies it fetched [default: 60]
    #[arg(long, value_name = "MINUTES", env = "EXECLAVE_BUNDLE_MINUTES", hide_env_values = true)]
    bundle_minutes: Option<u32>,
    /// Let custom validators and webhooks be on private networks and on this machine, also without TLS
    #[arg(long, env = "EXECLAVE_ALLOW_PRIVATE_NETWORKS", hide_env_values = true)]
    allow_private_networks: bool,
    /// How long a one-time sign-in link works [default: 1440]
    #[arg(long, value_name = "MINUTES", env = "EXECLAVE_LINK_MINUTES", hide_env_values = true)]
    link_minutes: Option<u32>,
    /// How long a dashboard session lasts [default: 12]
    #[arg(long, value_name = "HOURS", env = "EXECLAVE_SESSION_HOURS", hide_env_values = true)]
    session_hours: Option<u32>,
    /// The header in which your reverse proxy writes the client's address, such as `X-Forwarded-For`; its last address counts
    #[arg(
        long,
        value_name = "NAME",
        env = "EXECLAVE_CLIENT_ADDRESS_HEADER",
        hide_env_values = true
    )]
    client_address_header: Option<String>,
}

impl Tuning {
    pub(super) fn lay_over(&self, config: &mut Config) {
        lay(&mut config.server.shutdown_grace_seconds, self.shutdown_grace_seconds);
        lay(&mut config.limits.body_bytes, self.body_bytes);
        lay(&mut config.limits.trace_bytes, self.trace_bytes);
        lay(&mut config.limits.traces_per_batch, self.traces_per_batch);
        lay(&mut config.approvals.expiry_minutes, self.approval_expiry_minutes);
        lay(&mut config.approvals.approvers, self.approvers);
        lay(&mut config.approvals.approvers_high_risk, self.approvers_high_risk);
        lay(&mut config.approvals.escalate_after_minutes, self.escalate_after_minutes);
        lay(&mut config.approvals.certificate_minutes, self.certificate_minutes);
        lay(&mut config.approvals.longest_wait_seconds, self.longest_wait_seconds);
        lay(&mut config.bundles.bundle_minutes, self.bundle_minutes);
        lay(&mut config.sign_in.link_minutes, self.link_minutes);
        lay(&mut config.sign_in.session_hours, self.session_hours);
        lay(&mut config.sign_in.client_address_header, self.client_address_header.clone());
        config.decisions.keep_input |= self.keep_input;
        config.validators.allow_private_networks |= self.allow_private_networks;
        config.webhooks.allow_private_networks |= self.allow_private_networks;
    }
}

fn lay<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}
