//! Every command, as `execlave --help` lists them.

mod agents;
mod approvals;
mod audit;
mod bench;
mod completions;
mod keys;
mod migrate;
mod scan;
mod serve;
mod users;
mod version;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  execlave serve                          start everything on 127.0.0.1:4000
  execlave keys create ci --scope sdk     a key for an application
  execlave agents pause my-agent          stop an agent at once
  execlave scan prompts.jsonl             find injections, personal data and secrets

Exit codes: 0 done, 1 the check failed, 2 usage, 3 cannot reach the server or the store.";

/// Decides before an AI agent acts whether it may, lets a person stop or approve it, and keeps the evidence
#[derive(Parser, Debug)]
#[command(name = "execlave", version, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    // Boxed, because it has far more options than any other.
    Serve(Box<serve::Serve>),
    Migrate(migrate::Migrate),
    Keys(keys::Keys),
    Users(users::Users),
    Agents(agents::Agents),
    Approvals(approvals::Approvals),
    Audit(audit::Audit),
    Scan(scan::Scan),
    Bench(bench::Bench),
    Completions(completions::Completions),
    Version(version::Version),
}

impl Cli {
    /// Does what was asked.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Serve(command) => command.run().await,
            Command::Migrate(command) => command.run().await,
            Command::Keys(command) => command.run().await,
            Command::Users(command) => command.run().await,
            Command::Agents(command) => command.run().await,
            Command::Approvals(command) => command.run().await,
            Command::Audit(command) => command.run().await,
            Command::Scan(command) => command.run(),
            Command::Bench(command) => command.run().await,
            Command::Completions(command) => {
                command.run();
                Ok(())
            }
            Command::Version(command) => {
                command.run();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
