//! Every wire type has a sample in `testdata/wire`, which is read and written back unchanged. Python reads the same files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use execlave_api::{
    agent_versions, agents, approvals, bypasses, cost_rules, credentials, decisions, enforce,
    error, grants, incidents, keys, lint, page, policies, prices, prompt_versions, resolutions,
    second_factors, sessions, settings, simulate, tool_baselines, traces, usage, users, validators,
    webhooks,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/wire")
}

/// Reads a sample as `T` and checks that writing gives the sample back.
fn check<T: DeserializeOwned + Serialize>(name: &str) {
    let text = std::fs::read_to_string(directory().join(format!("{name}.json")))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let sample: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_value(&read).expect("JSON"), sample, "{name}");
}

macro_rules! samples {
    ($($name:literal: $type:ty;)+) => {
        const NAMES: &[&str] = &[$($name),+];

        #[test]
        fn samples_are_read_and_written_back() {
            $(check::<$type>($name);)+
        }
    };
}

samples! {
    "user": page::Data<users::User>;
    "invite_user": users::InviteUser;
    "patch_user": users::PatchUser;
    "user_link": page::Data<users::UserLink>;
    "me": page::Data<users::Me>;
    "patch_me": users::PatchMe;
    "change_password": users::ChangePassword;
    "enrol_totp": second_factors::EnrolTotp;
    "totp_enrolment": page::Data<second_factors::TotpEnrolment>;
    "totp_code": second_factors::TotpCode;
    "recovery_codes": page::Data<second_factors::RecoveryCodes>;
    "sign_in": sessions::SignIn;
    "accept_invitation": sessions::AcceptInvitation;
    "new_session": page::Data<sessions::NewSession>;
    "session": page::Data<sessions::Session>;
    "register_agent": agents::RegisterAgent;
    "patch_agent": agents::PatchAgent;
    "agent": page::Data<agents::Agent>;
    "agent_list": page::List<agents::Agent>;
    "change_status": agents::ChangeStatus;
    "status_poll": page::Data<agents::AgentStatusPoll>;
    "enforce_request": enforce::EnforceRequest;
    "enforce_allowed": enforce::EnforceResponse;
    "enforce_approval": enforce::EnforceResponse;
    "enforce_blocked": enforce::EnforceResponse;
    "decision": page::Data<decisions::Decision>;
    "local_decision": decisions::LocalDecision;
    "decision_receipt": decisions::DecisionReceipt;
    "lint_policies": lint::LintPolicies;
    "lint_report": page::Data<lint::LintReport>;
    "simulate": simulate::Simulate;
    "simulation": page::Data<simulate::Simulation>;
    "decision_stats": page::Data<decisions::DecisionStats>;
    "save_cost_budget_rule": cost_rules::SaveCostBudgetRule;
    "cost_budget_rule": page::Data<cost_rules::CostBudgetRule>;
    "report_baseline": tool_baselines::ReportBaseline;
    "tool_baseline": page::Data<tool_baselines::ToolBaseline>;
    "incident": page::Data<incidents::Incident>;
    "incident_stats": page::Data<incidents::IncidentStats>;
    "save_validator": validators::SaveValidator;
    "validator": page::Data<validators::Validator>;
    "test_validator": validators::TestValidator;
    "validator_test": page::Data<validators::ValidatorTest>;
    "validator_request": validators::ValidatorRequest;
    "change_group_status": agents::ChangeGroupStatus;
    "group_status_changed": page::Data<agents::GroupStatusChanged>;
    "record_drill": agents::RecordDrill;
    "create_agent_version": agent_versions::CreateAgentVersion;
    "agent_version": page::Data<agent_versions::AgentVersion>;
    "agent_version_diff": page::Data<agent_versions::AgentVersionDiff>;
    "create_prompt_version": prompt_versions::CreatePromptVersion;
    "prompt_version": page::Data<prompt_versions::PromptVersion>;
    "deploy_prompt_version": prompt_versions::DeployPromptVersion;
    "decide_prompt_version": prompt_versions::DecidePromptVersion;
    "roll_back_prompt_version": prompt_versions::RollBackPromptVersion;
    "save_webhook": webhooks::SaveWebhook;
    "webhook": page::Data<webhooks::Webhook>;
    "webhook_delivery": page::Data<webhooks::WebhookDelivery>;
    "webhook_test": page::Data<webhooks::WebhookTest>;
    "set_red_team_score": agents::SetRedTeamScore;
    "price": page::Data<prices::Price>;
    "set_price": prices::SetPrice;
    "settings": page::Data<settings::Settings>;
    "patch_settings": settings::PatchSettings;
    "policy": page::Data<policies::Policy>;
    "policy_version": page::Data<policies::PolicyVersion>;
    "approval": page::Data<approvals::Approval>;
    "decide_approval": approvals::DecideApproval;
    "verify_approval": approvals::VerifyApproval;
    "verification": page::Data<approvals::Verification>;
    "trace_body": traces::TraceBody;
    "ingest_response": traces::IngestResponse;
    "trace": traces::Trace;
    "bypass_report": bypasses::BypassReport;
    "bypass_receipt": bypasses::BypassReceipt;
    "bypass_window_list": page::List<bypasses::BypassWindow>;
    "add_resolution": resolutions::AddResolution;
    "resolution": page::Data<resolutions::Resolution>;
    "create_key": keys::CreateKey;
    "rotate_key": keys::RotateKey;
    "credential": page::Data<credentials::Credential>;
    "credential_revoked": page::Data<credentials::CredentialRevoked>;
    "credentials_revoked": page::Data<credentials::CredentialsRevoked>;
    "verify_credential": credentials::VerifyCredential;
    "credential_verdict": page::Data<credentials::CredentialVerdict>;
    "create_grant": grants::CreateGrant;
    "grant": page::Data<grants::Grant>;
    "authorize_call": grants::AuthorizeCall;
    "call_authorized": page::Data<grants::CallAuthorized>;
    "discovered_agent": grants::DiscoveredAgent;
    "api_key": page::Data<keys::ApiKey>;
    "usage": page::Data<usage::Usage>;
    "error": error::ErrorBody;
}

#[test]
fn every_sample_is_read_by_this_test() {
    let files = std::fs::read_dir(directory()).expect("the samples");
    let found: BTreeSet<String> = files
        .map(|file| {
            file.expect("a file").file_name().to_string_lossy().trim_end_matches(".json").to_owned()
        })
        .collect();
    let known: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, known);
}
