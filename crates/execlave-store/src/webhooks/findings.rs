//! What the hot paths tell: violations, spent budgets, approvals asked for, incidents. A batch in which nothing of the kind happened
//! costs nothing here; one in which it did costs one query as long as no webhook wants to know.

use std::collections::BTreeSet;

use execlave_core::decision::{Outcome, Severity, Violation};
use execlave_core::ids::OrgId;
use execlave_core::webhook::{Event, EventType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::approvals::Approval;
use crate::db::Tx;
use crate::db::column::{Record, Row, ToParam as _};
use crate::db::query::{Query, params};
use crate::decisions::DecisionRecord;
use crate::incidents::Incident;
use crate::webhooks::outbox::Subscriptions;
use crate::{Json, StoreError};

/// Policy types and rules that watch a budget.
const BUDGETS: &[&str] = &["budget_cap", "cost_budget_rule"];

/// What a batch of writes found, to be told once it is written.
#[derive(Default)]
pub(crate) struct Findings<'a> {
    pub(crate) decisions: Vec<&'a DecisionRecord>,
    pub(crate) requested: Vec<Approval>,
    pub(crate) incidents: Vec<&'a Incident>,
}

impl Findings<'_> {
    /// Tells who wants to know.
    pub(crate) async fn tell(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let noteworthy: Vec<&DecisionRecord> =
            self.decisions.iter().copied().filter(|decision| is_noteworthy(decision)).collect();
        let mut found: BTreeSet<OrgId> =
            noteworthy.iter().map(|decision| decision.org_id).collect();
        found.extend(self.requested.iter().map(|approval| approval.org_id));
        found.extend(self.incidents.iter().map(|incident| incident.org_id));
        if found.is_empty() {
            return Ok(());
        }
        let orgs = Vec::from_iter(found);
        let subscriptions = Subscriptions::read(tx, &orgs).await?;
        let mut events = Vec::new();
        for decision in noteworthy {
            let org = decision.org_id;
            if decision.outcome != Outcome::Allow
                && subscriptions.want(org, EventType::PolicyViolated)
            {
                events.push(violated(decision));
            }
            if subscriptions.want(org, EventType::CostThreshold) {
                events.extend(thresholds(decision));
            }
        }
        for approval in &self.requested {
            if subscriptions.want(approval.org_id, EventType::ApprovalRequested) {
                events.push(requested(approval));
            }
        }
        for org in &orgs {
            if subscriptions.want(*org, EventType::IncidentCreated) {
                events.extend(self.created(tx, *org).await?);
            }
        }
        subscriptions.tell(tx, &events).await
    }

    /// The events of those incidents that were not known before: a span may be handed in again.
    async fn created(&self, tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Event>, StoreError> {
        let incidents: Vec<&Incident> =
            self.incidents.iter().copied().filter(|incident| incident.org_id == org).collect();
        if incidents.is_empty() {
            return Ok(Vec::new());
        }
        let ids = incidents.iter().map(|incident| incident.id.param()).collect();
        let mut query =
            Query::new("SELECT id FROM incidents WHERE org_id = $1 AND id IN (", params![org]);
        query.bind_params(ids).push(")");
        let written: BTreeSet<Uuid> =
            tx.all::<Written>(query).await?.into_iter().map(|Written(id)| id).collect();
        let new = incidents.into_iter().filter(|incident| written.contains(&incident.id));
        Ok(new.map(created).collect())
    }
}

fn is_noteworthy(decision: &DecisionRecord) -> bool {
    // Both lists are JSON text of this program's, in which a type is written in one way only.
    let watches =
        |kind: &&str| decision.warnings.as_str().contains(&format!("\"policyType\":\"{kind}\""));
    decision.outcome != Outcome::Allow || BUDGETS.iter().any(watches)
}

fn violated(decision: &DecisionRecord) -> Event {
    let violations: Vec<Violation> = decision.violations.parse().unwrap_or_default();
    let gravest = violations.iter().max_by_key(|violation| violation.severity);
    let data = json!({
        "decisionId": decision.id,
        "agentId": decision.agent_id,
        "environment": decision.environment,
        "outcome": decision.outcome,
        "source": decision.source,
        "approvalId": decision.approval_id,
        "policyName": gravest.map(|violation| &violation.policy_name),
        "severity": gravest.map(|violation| violation.severity),
        "message": gravest.map(|violation| &violation.message),
        "violations": violations.iter().map(finding).collect::<Vec<_>>(),
    });
    let subject = format!("decision:{}", decision.id);
    Event::new(decision.org_id, EventType::PolicyViolated, decision.evaluated_at, subject, data)
}

/// Without the evidence: what an agent was asked stays here.
fn finding(violation: &Violation) -> Value {
    json!({
        "policyId": violation.policy_id,
        "policyName": violation.policy_name,
        "policyType": violation.policy_type,
        "enforcementMode": violation.enforcement_mode,
        "severity": violation.severity,
        "ruleId": violation.rule_id,
        "message": violation.message,
    })
}

/// What a decision says about budgets: for each of them and each thing said of it, one event an hour.
fn thresholds(decision: &DecisionRecord) -> Vec<Event> {
    let read = |list: &Json| list.parse::<Vec<Violation>>().unwrap_or_default();
    let mut found = read(&decision.violations);
    found.extend(read(&decision.warnings));
    found.retain(|violation| BUDGETS.contains(&violation.policy_type.as_str()));
    let event = |violation: &Violation| {
        let data = json!({
            "policyId": violation.policy_id,
            "policyName": violation.policy_name,
            "policyType": violation.policy_type,
            "severity": violation.severity,
            "ruleId": violation.rule_id,
            "message": violation.message,
            "decisionId": decision.id,
            "agentId": decision.agent_id,
        });
        let subject = format!("policy:{}", violation.policy_id);
        let (org, at) = (decision.org_id, decision.evaluated_at);
        let about = format!("{subject} {} {}", violation.rule_id, decision.outcome);
        Event::new(org, EventType::CostThreshold, at, subject, data).hourly(&about)
    };
    found.iter().map(event).collect()
}

fn requested(approval: &Approval) -> Event {
    let severity = match approval.risk_level.as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        _ => Severity::Low,
    };
    let data = json!({
        "approvalId": approval.id,
        "agentId": approval.agent_id,
        "environment": approval.environment,
        "actionSummary": approval.action_summary,
        "actionDigest": approval.action_digest,
        "riskScore": approval.risk_score,
        "severity": severity,
        "requiredApprovers": approval.required_approvers,
        "expiresAt": approval.expires_at,
    });
    let subject = format!("approval:{}", approval.id);
    Event::new(approval.org_id, EventType::ApprovalRequested, approval.created_at, subject, data)
}

fn created(incident: &Incident) -> Event {
    let data = json!({
        "incidentId": incident.id,
        "traceId": incident.trace_id,
        "agentId": incident.agent_id,
        "environment": incident.environment,
        "policyId": incident.policy_id,
        "policyName": incident.policy_name,
        "policyType": incident.policy_type,
        "severity": incident.severity,
        "ruleId": incident.rule_id,
        "message": incident.message,
    });
    let subject = format!("incident:{}", incident.id);
    let at = incident.created_at;
    Event::new(incident.org_id, EventType::IncidentCreated, at, subject, data)
}

struct Written(Uuid);

impl Record for Written {
    fn read(row: Row<'_>) -> Result<Self, StoreError> {
        row.get("incidents", "id").map(Self)
    }
}
