//! The built program, driven as people and scripts drive it: arguments in, text and exit codes out.
//!
//! Every test has a store of its own: a throw-away data folder, or a fresh PostgreSQL schema when `EXECLAVE_TEST_DATABASE_URL` names a
//! server.

mod administration;
mod audit;
mod bench;
mod durability;
mod help;
mod http;
mod remote;
mod scan;
mod serve;
mod support;
