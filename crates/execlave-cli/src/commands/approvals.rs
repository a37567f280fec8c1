//! `execlave approvals`: answers the actions that wait for a person.

use clap::{Args, Subcommand};
use execlave_api::approvals::{Approval, DecideApproval};
use execlave_api::paths;

use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Remote, segment};

const EXAMPLES: &str = "\
Examples:
  execlave approvals list
  execlave approvals show 0193...
  execlave approvals approve 0193... --reason 'refund is within policy'
  execlave approvals deny 0193... --reason 'wrong customer'

The key needs the scope approvals:decide, and nobody answers a request that their own key made.";

/// List, look at, approve and deny approvals on a server
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Approvals {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List approvals, those that wait unless told otherwise
    List(List),
    /// Show one approval with its risk and its answers
    Show(Show),
    /// Let the action happen
    Approve(Decide),
    /// Refuse the action
    Deny(Decide),
}

#[derive(Args, Debug)]
struct List {
    /// pending, approved, denied, expired, cancelled, or all
    #[arg(long, default_value = "pending")]
    status: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Show {
    /// The approval's UUID
    approval: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Decide {
    /// The approval's UUID
    approval: String,
    /// Why, for the audit log and the agent
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

impl Approvals {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::List(list) => list.run().await,
            Verb::Show(show) => show.run().await,
            Verb::Approve(decide) => decide.run("approve").await,
            Verb::Deny(decide) => decide.run("deny").await,
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let status = Some(self.status).filter(|status| status != "all");
        let approvals: Vec<Approval> =
            self.remote.connect()?.list(paths::APPROVALS, &[("status", status)]).await?;
        self.output.list(
            ["id", "status", "risk", "environment", "expires", "action"],
            &approvals,
            |approval| {
                [
                    approval.id.clone(),
                    approval.status.clone(),
                    format!("{} {}", approval.risk_score, approval.risk_level),
                    approval.environment.clone(),
                    approval.expires_at.clone(),
                    approval.action_summary.clone(),
                ]
            },
        );
        Ok(())
    }
}

impl Show {
    async fn run(self) -> Result<(), Failure> {
        let path = format!("{}/{}", paths::APPROVALS, segment(&self.approval));
        let approval: Approval = self.remote.connect()?.get(&path).await?;
        let mut lines = vec![
            ("id", approval.id.clone()),
            ("status", approval.status.clone()),
            ("action", approval.action_summary.clone()),
            ("agent", approval.agent_id.clone()),
            ("environment", approval.environment.clone()),
            ("risk", format!("{} {}", approval.risk_score, approval.risk_level)),
        ];
        lines.extend(
            approval
                .risk_parts
                .iter()
                .map(|part| ("", format!("{:+} {}: {}", part.points, part.name, part.reason))),
        );
        lines.extend(
            approval.violations.iter().map(|violation| ("because", violation.message.clone())),
        );
        lines.extend(approval.decisions.iter().map(|answer| {
            let reason =
                answer.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            ("answer", format!("{} by {} at {}{reason}", answer.decision, answer.label, answer.at))
        }));
        lines.push(("expires", approval.expires_at.clone()));
        self.output.thing(&approval, &lines);
        Ok(())
    }
}

impl Decide {
    async fn run(self, verb: &str) -> Result<(), Failure> {
        let path = format!("{}/{}/{verb}", paths::APPROVALS, segment(&self.approval));
        let approval: Approval =
            self.remote.connect()?.post(&path, &DecideApproval { reason: self.reason }).await?;
        self.output.done(&approval, &format!("{} is {}", approval.id, approval.status));
        Ok(())
    }
}
