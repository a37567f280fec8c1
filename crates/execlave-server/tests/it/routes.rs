//! One file per noun.

mod agents;
mod api_keys;
mod approvals;
mod auth;
mod bypasses;
mod decisions;
mod enforce;
mod operations;
mod policies;
mod prices;
mod resolutions;
mod settings;
mod traces;
mod usage;
