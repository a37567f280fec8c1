//! `execlave version`: which build this is.

use clap::Args;
use serde::Serialize;

use crate::output::Output;

/// Print the version
#[derive(Args, Debug)]
pub(super) struct Version {
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Report {
    version: &'static str,
}

impl Version {
    pub(super) fn run(&self) {
        let version = env!("CARGO_PKG_VERSION");
        self.output.done(&Report { version }, &format!("execlave {version}"));
    }
}
