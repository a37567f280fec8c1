//! Operations: what touches two of store, core and directory, or is reached by two doors (API and dashboard).

pub(crate) mod cancel_approval;
pub(crate) mod change_group_status;
pub(crate) mod change_status;
pub(crate) mod create_key;
pub(crate) mod decide_approval;
pub(crate) mod enforce;
pub(crate) mod export_audit;
pub(crate) mod find_agent;
pub(crate) mod ingest_decisions;
pub(crate) mod ingest_traces;
pub(crate) mod issue_bundle;
pub(crate) mod patch_agent;
pub(crate) mod patch_settings;
pub(crate) mod record_bypasses;
pub(crate) mod register_agent;
pub(crate) mod report_baseline;
pub(crate) mod save_cost_rule;
pub(crate) mod save_policy;
pub(crate) mod save_validator;
pub(crate) mod save_webhook;
pub(crate) mod set_price;
pub(crate) mod set_red_team_score;
pub(crate) mod sign_in;
pub(crate) mod sign_tree_head;
pub(crate) mod verify_approval;
pub(crate) mod wait_for_approval;
