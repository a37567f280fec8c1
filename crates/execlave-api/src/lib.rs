//! The wire: what clients send and what the server answers.
//!
//! Server, Rust SDK, command line and Python package share these types, so a field is spelled in one place. Nothing here runs:
//! no I/O, no validation beyond the shape. Requests refuse unknown fields; answers may gain fields.

pub mod agent_versions;
pub mod agents;
pub mod approvals;
pub mod audit;
pub mod bypasses;
pub mod cost_rules;
pub mod credentials;
pub mod decisions;
pub mod enforce;
pub mod error;
pub mod grants;
pub mod incidents;
pub mod keys;
pub mod lint;
pub mod page;
pub mod paths;
pub mod policies;
pub mod prices;
pub mod prompt_versions;
pub mod resolutions;
pub mod second_factors;
pub mod sessions;
pub mod settings;
pub mod simulate;
pub mod tool_baselines;
pub mod traces;
pub mod usage;
pub mod users;
pub mod validators;
pub mod webhooks;
