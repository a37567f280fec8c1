//! Store records as they go out on the wire: plain functions, since neither type is ours to implement conversions for.

pub(crate) mod access;
mod agent_versions;
mod approvals;
mod audit;
mod grants;
mod prompt_versions;
pub(crate) mod webhooks;

pub(crate) use agent_versions::{agent_snapshot, agent_version};
pub(crate) use approvals::{approval, approval_stats};
pub(crate) use audit::{audit_entry, audit_report};
pub(crate) use grants::grant;
pub(crate) use prompt_versions::prompt_version;

use execlave_api::agents::Agent;
use execlave_api::bypasses::BypassWindow;
use execlave_api::cost_rules::{CostBudgetRule, RuleAction, RuleScope, RuleWindow};
use execlave_api::decisions::{
    AgentOutcomes, Decision, DecisionBucket, DecisionStats, Durations, OutcomeCounts, Problem,
    SourceCounts,
};
use execlave_api::enforce::Violation;
use execlave_api::incidents::{Count, Incident, IncidentStats};
use execlave_api::keys::ApiKey;
use execlave_api::policies::{Policy, PolicyVersion};
use execlave_api::prices::Price;
use execlave_api::resolutions::Resolution;
use execlave_api::settings::Settings;
use execlave_api::simulate::Simulation;
use execlave_api::tool_baselines::{BaselineDescriptor, ToolBaseline};
use execlave_api::traces::{Trace, TraceRecord};
use execlave_api::validators::{FailMode, Validator};
use execlave_core::ids::AgentId;
use execlave_core::policy::{BudgetWindow, FailureMode};
use execlave_core::time::Timestamp;
use execlave_store::org_settings::OrgSettings;
use execlave_store::policies::PolicyEvent;
use execlave_store::policy_sets::PolicySetRecord;
use execlave_store::prices::ModelPrice;
use execlave_store::{
    Json, agents, bypasses, cost_rules, decisions, incidents, keys, policies, resolutions,
    tool_baselines, traces, validators,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{AppError, AppResult};
use crate::ops::enforce::simulate::Simulated;
use crate::prices;

fn time(at: Timestamp) -> String {
    at.to_string()
}

/// What the server itself wrote as JSON. A column that cannot be read shows as empty rather than hiding the whole row.
fn stored<T: DeserializeOwned + Default>(json: &Json) -> T {
    json.parse().unwrap_or_default()
}

pub(crate) fn agent(agent: agents::Agent) -> Agent {
    Agent {
        id: agent.id.to_string(),
        agent_id: agent.agent_id,
        name: agent.name,
        kind: agent.kind,
        platform: agent.platform,
        environment: agent.environment,
        status: agent.status.as_str().to_owned(),
        status_reason: agent.status_reason,
        epoch: agent.epoch,
        description: agent.description,
        owner_email: agent.owner_email,
        allowed_data_sources: agent.allowed_data_sources,
        allowed_actions: agent.allowed_actions,
        requires_human_approval_for: agent.requires_human_approval_for,
        tags: agent.tags,
        metadata: stored(&agent.metadata),
        autonomy_level: agent.autonomy_level,
        outcome_strictness: agent.outcome_strictness.as_str().to_owned(),
        red_team_score: agent.red_team_score.map(thousandths),
        red_team_scored_at: agent.red_team_scored_at.map(time),
        created_at: time(agent.created_at),
        updated_at: time(agent.updated_at),
        last_seen_at: agent.last_seen_at.map(time),
    }
}

pub(crate) fn api_key(key: keys::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id.to_string(),
        name: key.name,
        prefix: key.prefix,
        environment: key.environment,
        scopes: key.scopes,
        created_at: time(key.created_at),
        expires_at: key.expires_at.map(time),
        revoked_at: key.revoked_at.map(time),
        last_used_at: key.last_used_at.map(time),
        environments: key.environments,
        require_signature: key.require_signature,
        replaces: key.replaces.map(|id| id.to_string()),
        replaced_by: key.replaced_by.map(|id| id.to_string()),
        key: None,
    }
}

/// The stored document with its identity laid over it.
pub(crate) fn policy(record: &policies::PolicyRecord) -> AppResult<Policy> {
    let mut document = record.document.to_value();
    if let Value::Object(fields) = &mut document {
        fields.insert("id".to_owned(), record.id.to_string().into());
        fields.insert("version".to_owned(), record.version.into());
        fields.insert("createdAt".to_owned(), time(record.created_at).into());
        fields.insert("updatedAt".to_owned(), time(record.updated_at).into());
    }
    serde_json::from_value(document).map_err(AppError::internal)
}

pub(crate) fn policy_version(version: policies::PolicyVersion) -> PolicyVersion {
    let change = match version.event {
        PolicyEvent::Created => "created",
        PolicyEvent::Updated => "updated",
        PolicyEvent::Deleted => "deleted",
    };
    PolicyVersion {
        policy_id: version.policy_id.to_string(),
        version: version.version,
        change: change.to_owned(),
        changed_by: version.actor,
        document: version.document.to_value(),
        created_at: time(version.created_at),
    }
}

/// A decision as a line of a list.
pub(crate) fn decision(record: decisions::DecisionRecord) -> Decision {
    Decision {
        id: record.id.to_string(),
        agent_id: record.agent_id.to_string(),
        environment: record.environment,
        action_digest: record.action_digest,
        outcome: record.outcome.as_str().to_owned(),
        violations: stored(&record.violations),
        warnings: stored(&record.warnings),
        problems: stored(&record.problems),
        tier_overrides: stored(&record.tier_overrides),
        bundle_version: record.bundle_version,
        policy_versions: None,
        source: record.source.as_str().to_owned(),
        input: None,
        key_id: record.key_id.map(|id| id.to_string()),
        approval_id: record.approval_id.map(|id| id.to_string()),
        duration_us: record.duration_us,
        evaluated_at: time(record.evaluated_at),
    }
}

/// A decision in full, with the set of policies it names.
pub(crate) fn full_decision(
    record: decisions::DecisionRecord,
    set: Option<&PolicySetRecord>,
) -> Decision {
    let versions = set.map_or(&record.policy_versions, |set| &set.policies);
    let policy_versions = Some(stored(versions));
    let input = record.input.clone();
    Decision { policy_versions, input, ..decision(record) }
}

pub(crate) fn decision_stats(
    stats: decisions::DecisionStats,
    (since, until): (Timestamp, Timestamp),
    bucket_seconds: i64,
) -> DecisionStats {
    DecisionStats {
        since: time(since),
        until: time(until),
        total: stats.outcomes.total(),
        outcomes: outcomes(stats.outcomes),
        sources: SourceCounts { server: stats.server, local: stats.local },
        duration_us: Durations {
            average: stats.average_duration_us,
            longest: stats.longest_duration_us,
        },
        bucket_seconds,
        buckets: stats
            .buckets
            .into_iter()
            .map(|(at, counts)| DecisionBucket { at: time(at), outcomes: outcomes(counts) })
            .collect(),
        agents: stats
            .agents
            .into_iter()
            .map(|(agent, counts)| AgentOutcomes {
                agent_id: agent.to_string(),
                outcomes: outcomes(counts),
            })
            .collect(),
    }
}

pub(crate) fn simulation(simulated: Simulated) -> Simulation {
    let Simulated { decision, action_digest, risk } = simulated;
    Simulation {
        outcome: decision.outcome.as_str().to_owned(),
        action_digest,
        violations: Violation::list(decision.violations),
        warnings: Violation::list(decision.warnings),
        problems: decision.problems.into_iter().map(Problem::from).collect(),
        tier_overrides: decision.tier_overrides.iter().map(ToString::to_string).collect(),
        risk_score: i64::from(risk.score),
        risk_level: risk.level.as_str().to_owned(),
        risk_parts: stored(&Json::of(&risk.parts)),
    }
}

fn outcomes(counts: decisions::OutcomeCounts) -> OutcomeCounts {
    let decisions::OutcomeCounts { allow, require_approval, block } = counts;
    OutcomeCounts { allow, require_approval, block }
}

/// The settings in force: what the organisation chose, else the deployment's default.
pub(crate) fn settings(settings: Option<&OrgSettings>, keep_input: bool) -> Settings {
    let chosen = settings.and_then(|settings| settings.keep_input);
    Settings {
        keep_input: chosen.unwrap_or(keep_input),
        keep_input_chosen: chosen.is_some(),
        red_team_gate: settings.is_some_and(|settings| settings.red_team_gate),
        updated_at: settings.map(|settings| time(settings.updated_at)),
    }
}

pub(crate) fn bypass_window(window: bypasses::BypassWindow) -> BypassWindow {
    BypassWindow {
        window_id: window.id.to_string(),
        agent_id: window.agent_id,
        agent_uuid: window.agent_row_id.map(|id| id.to_string()),
        reason: window.reason,
        source: window.source,
        first_at: time(window.first_at),
        last_at: time(window.last_at),
        count: window.bypasses,
        message: window.message,
        status: window.status,
        consecutive_failures: window.consecutive_failures,
        sdk: window.sdk,
        received_at: time(window.received_at),
    }
}

pub(crate) fn resolution(resolution: resolutions::Resolution) -> Resolution {
    Resolution {
        id: resolution.id.to_string(),
        trace_id: resolution.trace_id,
        resolved_status: resolution.resolved_status,
        basis: resolution.basis,
        effect_ref: resolution.effect_ref,
        acknowledgement_id: resolution.acknowledgement_id,
        detail: resolution.detail,
        observed_at: time(resolution.observed_at),
        recorded_by: resolution.recorded_by,
        recorded_at: time(resolution.recorded_at),
    }
}

/// An organisation's own price.
pub(crate) fn own_price(price: &ModelPrice) -> Price {
    Price {
        model: price.model.clone(),
        provider: None,
        input_usd_per_million: usd(price.input_nanos),
        output_usd_per_million: usd(price.output_nanos),
        origin: "organization".to_owned(),
        source: "set by the organisation".to_owned(),
        as_of: time(price.updated_at),
    }
}

/// A price of the built-in table.
pub(crate) fn built_in_price(model: &str, provider: &str, price: prices::Price) -> Price {
    Price {
        model: model.to_owned(),
        provider: Some(provider.to_owned()),
        input_usd_per_million: usd(price.input_nanos),
        output_usd_per_million: usd(price.output_nanos),
        origin: "built_in".to_owned(),
        source: prices::BUILT_IN.source.clone(),
        as_of: prices::BUILT_IN.as_of.clone(),
    }
}

pub(crate) fn cost_rule(rule: cost_rules::CostRule) -> CostBudgetRule {
    CostBudgetRule {
        id: rule.id.to_string(),
        name: rule.name,
        scope: match rule.scope {
            cost_rules::RuleScope::Org => RuleScope::Org,
            cost_rules::RuleScope::Agent => RuleScope::Agent,
            cost_rules::RuleScope::User => RuleScope::User,
            cost_rules::RuleScope::Workspace => RuleScope::Workspace,
        },
        scope_id: rule.scope_id,
        window: match rule.period {
            BudgetWindow::Minute => RuleWindow::Minute,
            BudgetWindow::Hour => RuleWindow::Hour,
            BudgetWindow::Day => RuleWindow::Day,
            BudgetWindow::Month => RuleWindow::Month,
        },
        cap_usd: usd(rule.cap_nanos),
        action: match rule.action {
            cost_rules::RuleAction::Warn => RuleAction::Warn,
            cost_rules::RuleAction::Block => RuleAction::Block,
            cost_rules::RuleAction::PauseAgent => RuleAction::PauseAgent,
        },
        warning_threshold_pct: rule.warning_threshold_pct,
        burn_rate_alert_enabled: rule.burn_rate_alert_enabled,
        is_active: rule.is_active,
        created_at: time(rule.created_at),
        updated_at: time(rule.updated_at),
        current: None,
    }
}

pub(crate) fn tool_baseline(
    agent: AgentId,
    baseline: Option<tool_baselines::ToolBaseline>,
) -> ToolBaseline {
    let descriptor = |pin: tool_baselines::PinnedTool| BaselineDescriptor {
        server: pin.server,
        tool: pin.tool,
        descriptor_hash: pin.descriptor_hash,
        description_hash: pin.description_hash,
        description: None,
    };
    let mut view = ToolBaseline {
        agent_id: agent.to_string(),
        descriptors: Vec::new(),
        reason: None,
        updated_by: None,
        updated_at: None,
    };
    if let Some(baseline) = baseline {
        view.descriptors = baseline.tools.into_iter().map(descriptor).collect();
        view.reason = Some(baseline.reason);
        view.updated_by = Some(baseline.updated_by);
        view.updated_at = Some(time(baseline.updated_at));
    }
    view
}

pub(crate) fn incident(incident: incidents::Incident) -> Incident {
    Incident {
        id: incident.id.to_string(),
        trace_id: incident.trace_id,
        span_id: Some(incident.span_id).filter(|span| !span.is_empty()),
        agent_id: incident.agent_id.to_string(),
        environment: incident.environment,
        violation: Violation {
            policy_id: incident.policy_id.to_string(),
            policy_name: incident.policy_name,
            policy_type: incident.policy_type,
            enforcement_mode: incident.enforcement_mode.as_str().to_owned(),
            severity: Some(incident.severity.as_str().to_owned()),
            message: incident.message,
            rule_id: Some(incident.rule_id),
            evidence: incident.evidence.as_ref().and_then(|evidence| evidence.parse().ok()),
        },
        occurred_at: time(incident.occurred_at),
        created_at: time(incident.created_at),
    }
}

pub(crate) fn incident_stats(
    stats: incidents::IncidentStats,
    since: Timestamp,
    until: Timestamp,
) -> IncidentStats {
    let counts = |counts: Vec<(String, i64)>| -> Vec<Count> {
        counts.into_iter().map(|(key, count)| Count { key, count }).collect()
    };
    IncidentStats {
        since: time(since),
        until: time(until),
        total: stats.severities.iter().map(|(_, count)| count).sum(),
        severities: counts(stats.severities),
        policy_types: counts(stats.policy_types),
        policies: counts(stats.policies),
        agents: counts(stats.agents),
    }
}

/// A validator without its secret.
pub(crate) fn validator(validator: validators::Validator) -> Validator {
    Validator {
        id: validator.id.to_string(),
        name: validator.name,
        url: validator.url,
        timeout_ms: validator.timeout_ms,
        fail_mode: match validator.fail_mode {
            FailureMode::FailOpen => FailMode::FailOpen,
            FailureMode::FailClosed => FailMode::FailClosed,
        },
        is_active: validator.is_active,
        secret: None,
        created_at: time(validator.created_at),
        updated_at: time(validator.updated_at),
    }
}

/// A validator with its secret, for the one answer that shows it.
pub(crate) fn validator_with_secret(made: validators::Validator) -> Validator {
    let secret = Some(made.secret.clone());
    Validator { secret, ..validator(made) }
}

/// Thousandths as a share.
pub(crate) fn thousandths(score: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "between 0 and 1,000")]
    let share = score as f64 / 1_000.0;
    share
}

/// A trace in full.
pub(crate) fn trace(trace: traces::Trace) -> Trace {
    Trace {
        id: trace.id.to_string(),
        received_at: time(trace.received_at),
        body: TraceRecord {
            trace_id: trace.trace_id,
            agent_id: trace.agent_id,
            session_id: trace.session_id,
            user_id: trace.user_id,
            timestamp: time(trace.started_at),
            duration_ms: trace.duration_ms,
            status: trace.status,
            model_name: trace.model_name,
            prompt_tokens: trace.prompt_tokens,
            completion_tokens: trace.completion_tokens,
            total_tokens: trace.total_tokens,
            cost_usd: trace.cost_nanos.map(usd),
            cost_is_computed: trace.cost_is_computed,
            identity_verified: trace.identity_verified,
            error_message: trace.error_message,
            error_type: trace.error_type,
            environment: trace.environment,
            tags: trace.tags,
            parent_trace_id: trace.parent_trace_id,
            span_type: trace.span_type,
            input: trace.input.as_ref().map(Json::to_value),
            output: trace.output.as_ref().map(Json::to_value),
            metadata: trace.metadata.as_ref().map(stored),
            effect_evidence: trace
                .effect_evidence
                .as_ref()
                .and_then(|evidence| evidence.parse().ok()),
            injection_risk: trace.injection_risk,
        },
    }
}

/// A trace as a line of a list: without what can be large.
pub(crate) fn trace_line(record: traces::Trace) -> Trace {
    trace(traces::Trace {
        input: None,
        output: None,
        metadata: None,
        effect_evidence: None,
        ..record
    })
}

/// Billionths of a dollar as dollars.
pub(crate) fn usd(nanos: i64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a cost beyond nine million dollars may round in the ninth decimal place"
    )]
    let usd = nanos as f64 / 1e9;
    usd
}
