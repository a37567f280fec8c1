//! The store through its public methods. Every test runs on SQLite, and on PostgreSQL when `EXECLAVE_TEST_DATABASE_URL` is set.

mod agents;
mod approvals;
mod audit;
mod changes;
mod decisions;
mod keys;
mod open;
mod orgs;
mod policies;
mod sessions;
mod settings;
mod spend;
mod support;
mod traces;
mod usage;
mod users;
mod writer;
