//! `execlave agents`: who is registered, and the kill switch, from a terminal.

mod change;
mod drill;

use change::Change;
use clap::{Args, Subcommand};
use drill::Drill;
use execlave_api::agents::Agent;
use execlave_api::paths;

use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Remote, segment};

const EXAMPLES: &str = "\
Examples:
  execlave agents list --search support
  execlave agents pause my-agent --reason 'sends wrong refunds'
  execlave agents resume my-agent
  execlave agents pause --tag payments --reason 'incident 42'
  execlave agents pause --all
  execlave agents drill
  execlave agents list --json | jq -r '.[] | select(.status == \"paused\") | .agentId'

An agent is named by its UUID or by the id its application registered it with.";

/// List, look at, pause and resume agents on a server, and drill the kill switch
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Agents {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List agents
    List(List),
    /// Show one agent
    Show(Show),
    /// Stop an agent, all with a tag, or all there are: their next action is refused
    Pause(Change),
    /// Let paused agents act again
    Resume(Change),
    /// Pause and resume a test agent, and record how long it took until a client obeyed
    Drill(Drill),
}

#[derive(Args, Debug)]
struct List {
    /// Only agents whose id or name contains this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only agents in this status: active, paused, inactive, archived or error
    #[arg(long)]
    status: Option<String>,
    /// Only agents in this environment
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct Show {
    /// UUID or external id
    agent: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

impl Agents {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::List(list) => list.run().await,
            Verb::Show(show) => show.run().await,
            Verb::Pause(change) => change.run("pause").await,
            Verb::Resume(change) => change.run("resume").await,
            Verb::Drill(drill) => drill.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let filter =
            [("search", self.search), ("status", self.status), ("environment", self.environment)];
        let agents: Vec<Agent> = self.remote.connect()?.list(paths::AGENTS, &filter).await?;
        self.output.list(
            ["agent", "name", "environment", "status", "last seen"],
            &agents,
            |agent| {
                [
                    agent.agent_id.clone(),
                    agent.name.clone(),
                    agent.environment.clone(),
                    agent.status.clone(),
                    agent.last_seen_at.clone().unwrap_or_else(|| "never".to_owned()),
                ]
            },
        );
        Ok(())
    }
}

impl Show {
    async fn run(self) -> Result<(), Failure> {
        let path = format!("{}/{}", paths::AGENTS, segment(&self.agent));
        let agent: Agent = self.remote.connect()?.get(&path).await?;
        self.output.thing(
            &agent,
            &[
                ("agent", agent.agent_id.clone()),
                ("id", agent.id.clone()),
                ("name", agent.name.clone()),
                ("type", agent.kind.clone()),
                ("platform", agent.platform.clone()),
                ("environment", agent.environment.clone()),
                ("status", agent.status.clone()),
                ("reason", agent.status_reason.clone().unwrap_or_default()),
                ("description", agent.description.clone().unwrap_or_default()),
                ("owner", agent.owner_email.clone().unwrap_or_default()),
                ("tags", agent.tags.join(", ")),
                ("allowed actions", agent.allowed_actions.join(", ")),
                ("needs approval for", agent.requires_human_approval_for.join(", ")),
                ("registered", agent.created_at.clone()),
                ("last seen", agent.last_seen_at.clone().unwrap_or_else(|| "never".to_owned())),
            ],
        );
        Ok(())
    }
}
