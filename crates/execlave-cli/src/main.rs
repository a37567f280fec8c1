//! `execlave`: the whole platform in one program.
//!
//! This file parses, dispatches and turns the outcome into an exit code: 0 done, 1 the check failed, 2 usage, 3 the server or the
//! store cannot be reached. Everything else is one file per command in `commands/`.

mod commands;
mod failure;
mod local;
mod output;
mod remote;
mod settings;

use clap::Parser;
use std::process::ExitCode;

use crate::commands::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Enough for the clients of a busy server.
const OPEN_FILES: u64 = 65_536;

fn main() -> ExitCode {
    // Usage errors and `--help` end here, with 2 and 0.
    let cli = Cli::parse();
    // A file for every connection. A system that gives no more is asked in vain and says so when it matters.
    let _limit = rlimit::increase_nofile_limit(OPEN_FILES);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the system gives a process threads and a poller");
    let outcome = runtime.block_on(cli.run());
    // A worker stuck in a system call must not keep a finished command alive.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}
