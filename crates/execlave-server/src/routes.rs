//! JSON handlers, one file per noun: extract, authorise, call one operation or store method, convert, answer.

pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod bundle;
pub(crate) mod bypasses;
pub(crate) mod cost_rules;
pub(crate) mod decisions;
pub(crate) mod enforce;
pub(crate) mod fallback;
pub(crate) mod incidents;
pub(crate) mod lint;
pub(crate) mod openapi;
pub(crate) mod operations;
pub(crate) mod params;
pub(crate) mod policies;
pub(crate) mod prices;
pub(crate) mod resolutions;
pub(crate) mod settings;
pub(crate) mod simulate;
pub(crate) mod slack;
pub(crate) mod tool_baselines;
pub(crate) mod traces;
pub(crate) mod usage;
pub(crate) mod validators;
pub(crate) mod webhooks;
