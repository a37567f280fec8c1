//! The server through its front door, on SQLite or, with `EXECLAVE_TEST_DATABASE_URL`, on PostgreSQL.

mod access;
mod channel;
mod errors;
mod isolation;
mod kill_switch;
mod local_decisions;
mod openapi;
mod pages;
mod policy_cases;
mod reference;
mod routes;
mod serving;
mod support;
mod webhooks;
mod wire;
