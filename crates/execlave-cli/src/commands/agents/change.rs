//! `execlave agents pause` and `resume`: the kill switch for one agent, for all with a tag, or for everybody.

use clap::Args;
use execlave_api::agents::{Agent, ChangeGroupStatus, ChangeStatus, GroupStatusChanged};
use execlave_api::paths;

use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Remote, segment};

#[derive(Args, Debug)]
#[group(skip)]
pub(super) struct Change {
    #[command(flatten)]
    whom: Whom,
    /// With `--tag`, only agents in this environment
    #[arg(long, requires = "tag")]
    environment: Option<String>,
    /// Why, for the audit log and the stopped agent
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Whom {
    /// UUID or external id
    agent: Option<String>,
    /// Every agent with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Every agent of the organisation
    #[arg(long)]
    all: bool,
}

impl Change {
    pub(super) async fn run(self, verb: &str) -> Result<(), Failure> {
        let Self { whom: Whom { agent, tag, all }, environment, reason, remote, output } = self;
        let server = remote.connect()?;
        if let Some(agent) = agent {
            let path = format!("{}/{}/{verb}", paths::AGENTS, segment(&agent));
            let agent: Agent = server.patch(&path, &ChangeStatus { reason }).await?;
            output.done(&agent, &format!("{} is {}", agent.agent_id, agent.status));
            return Ok(());
        }
        let group = ChangeGroupStatus { all, tag, environment, reason };
        let path = format!("{}/{verb}", paths::AGENTS);
        let changed: GroupStatusChanged = server.post(&path, &group).await?;
        let mut said: Vec<String> =
            changed.agents.iter().map(|agent| format!("{agent} is {}", changed.status)).collect();
        if said.is_empty() {
            said.push(format!("no agent had to be changed: none of them was {}", before(verb)));
        }
        output.done(&changed, &said.join("\n"));
        Ok(())
    }
}

/// What an agent is before it is changed.
fn before(verb: &str) -> &'static str {
    if verb == "pause" { "active" } else { "paused" }
}
