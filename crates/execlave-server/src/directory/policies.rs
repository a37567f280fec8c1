//! Compiled policies, one immutable set per organisation. A change makes a new set; a decision under way keeps the one it started with.

use std::collections::HashMap;
use std::sync::Arc;

use execlave_core::bundle::{BundlePolicy, policy_set_digest};
use execlave_core::decision::{EnforcementMode, Severity, Violation};
use execlave_core::ids::OrgId;
use execlave_core::policy::{
    CompiledPolicy, FailureMode, PolicyDocument, PolicyError, PolicySet, compile,
};
use execlave_core::time::Timestamp;
use execlave_store::Json;
use execlave_store::policies::PolicyRecord;
use execlave_store::policy_sets::PolicySetRecord;
use serde_json::{Value, json};

/// The policies of one organisation, ready to evaluate.
#[derive(Debug, Default)]
pub struct OrgPolicies {
    /// What `enforce` evaluates.
    pub set: PolicySet,
    /// One violation for each stored policy that this version of the server cannot read and that fails closed.
    pub unreadable: Vec<Violation>,
    /// The name of this set of policies, the digest of its bundle; `None` when there are none.
    pub version: Option<String>,
    /// Grows with every change.
    pub epoch: i64,
    /// The active policies as clients get them.
    pub documents: Vec<BundlePolicy>,
    changed_at: Option<Timestamp>,
}

impl OrgPolicies {
    /// Compiles the stored policies.
    pub(super) fn compile(org: OrgId, epoch: i64, records: &[PolicyRecord]) -> Self {
        let mut compiled = Vec::with_capacity(records.len());
        let mut unreadable = Vec::new();
        for record in records {
            match compile_one(record) {
                Ok(policy) => compiled.push(policy),
                Err(error) => {
                    tracing::error!(policy = %record.id, path = error.path, error = error.message, "a stored policy cannot be read");
                    unreadable.extend(refusal(record));
                }
            }
        }
        let set = PolicySet::new(compiled);
        let active = records.iter().filter(|record| record.is_active);
        let mut documents: Vec<BundlePolicy> = active.map(bundled).collect();
        documents.sort_by_key(|policy| policy.policy_id);
        let version = (!set.is_empty()).then(|| policy_set_digest(org, epoch, &documents));
        let changed_at = records.iter().map(|record| record.updated_at).max();
        Self { set, unreadable, version, epoch, documents, changed_at }
    }

    /// Drafts that nobody has saved, to try out.
    pub(crate) fn of_drafts(set: PolicySet) -> Self {
        Self { set, ..Self::default() }
    }

    /// The set as it is kept, so that decisions only need to name it.
    pub(super) fn record(&self, org: OrgId) -> Option<PolicySetRecord> {
        let policies: Vec<Value> = self
            .set
            .versions()
            .into_iter()
            .map(|(id, version)| json!({ "policyId": id, "version": version }))
            .collect();
        Some(PolicySetRecord {
            org_id: org,
            version: self.version.clone()?,
            policies: Json::of(&policies),
            created_at: self.changed_at?,
        })
    }
}

fn bundled(record: &PolicyRecord) -> BundlePolicy {
    let (policy_id, version) = (record.id, record.version);
    BundlePolicy { policy_id, version, document: record.document.to_value() }
}

fn compile_one(record: &PolicyRecord) -> Result<CompiledPolicy, PolicyError> {
    let document = PolicyDocument::from_value(record.document.to_value())?;
    compile(record.id, record.version, &document)
}

/// A policy is checked before it is stored, so only a row written by another version of the server gets here. Failing closed, it stops
/// every action, because nobody can tell any more which ones it was about.
fn refusal(record: &PolicyRecord) -> Option<Violation> {
    let document = record.document.to_value();
    let closed = document.get("failureMode").and_then(Value::as_str)
        == Some(FailureMode::FailClosed.as_str());
    (closed && record.is_active).then(|| Violation {
        policy_id: record.id.to_string(),
        policy_name: record.name.clone(),
        policy_type: record.policy_type.clone(),
        enforcement_mode: EnforcementMode::Block,
        severity: Severity::Critical,
        message: "this policy cannot be read by this version of the server and fails closed: save it again or deactivate it".to_owned(),
        rule_id: format!("{}.unreadable", record.policy_type),
        evidence: None,
    })
}

/// The policies of every organisation.
#[derive(Debug, Default)]
pub(super) struct Policies(HashMap<OrgId, Arc<OrgPolicies>>);

impl Policies {
    pub(super) fn of(&self, org: OrgId) -> Arc<OrgPolicies> {
        self.0.get(&org).cloned().unwrap_or_default()
    }

    /// Everybody's policies, each organisation's with its epoch.
    pub(super) fn from_records(records: Vec<PolicyRecord>, epochs: &HashMap<OrgId, i64>) -> Self {
        let mut by_org: HashMap<OrgId, Vec<PolicyRecord>> =
            epochs.keys().map(|org| (*org, Vec::new())).collect();
        for record in records {
            by_org.entry(record.org_id).or_default().push(record);
        }
        let compile = |(org, records): (OrgId, Vec<PolicyRecord>)| {
            let epoch = epochs.get(&org).copied().unwrap_or_default();
            (org, Arc::new(OrgPolicies::compile(org, epoch, &records)))
        };
        Self(by_org.into_iter().map(compile).collect())
    }

    /// Every set as it is kept.
    pub(super) fn sets(&self) -> Vec<PolicySetRecord> {
        self.0.iter().filter_map(|(org, policies)| policies.record(*org)).collect()
    }

    pub(super) fn put(&mut self, org: OrgId, policies: OrgPolicies) {
        self.0.insert(org, Arc::new(policies));
    }
}
