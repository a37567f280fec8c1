//! The store through its public methods. Every test runs on SQLite, and on PostgreSQL when `EXECLAVE_TEST_DATABASE_URL` is set.

mod agents;
mod approvals;
mod audit;
mod bypasses;
mod changes;
mod cost_rules;
mod decisions;
mod incidents;
mod keys;
mod open;
mod org_settings;
mod orgs;
mod policies;
mod prices;
mod resolutions;
mod sessions;
mod settings;
mod spend;
mod state;
mod support;
mod tool_baselines;
mod traces;
mod usage;
mod users;
mod validators;
mod writer;
