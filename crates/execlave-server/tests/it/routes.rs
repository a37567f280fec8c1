//! One file per noun.

mod agents;
mod api_keys;
mod approvals;
mod audit;
mod auth;
mod bundle;
mod bypasses;
mod callers;
mod cost_rules;
mod decisions;
mod enforce;
mod incidents;
mod lint;
mod operations;
mod policies;
mod prices;
mod resolutions;
mod settings;
mod simulate;
mod tool_baselines;
mod traces;
mod usage;
mod validator_policies;
mod validators;
mod webhooks;
