//! The SDK against a server that does whatever a test wants: real sockets, no real decisions.

mod agents;
mod approvals;
mod at_once;
mod control;
mod delivery;
mod enforce;
mod local;
mod prompt_versions;
mod reports;
mod server_first;
mod support;
mod trace;
