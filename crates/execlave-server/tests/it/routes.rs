//! One file per noun.

mod agents;
mod api_keys;
mod approvals;
mod auth;
mod decisions;
mod enforce;
mod operations;
mod policies;
mod traces;
mod usage;
