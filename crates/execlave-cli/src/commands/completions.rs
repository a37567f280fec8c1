//! `execlave completions`: teaches a shell to complete the commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  execlave completions bash > /etc/bash_completion.d/execlave
  execlave completions zsh > ~/.zfunc/_execlave
  execlave completions fish > ~/.config/fish/completions/execlave.fish";

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Completions {
    /// The shell to write it for
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "execlave", &mut script);
        output::print(&String::from_utf8_lossy(&script));
    }
}
