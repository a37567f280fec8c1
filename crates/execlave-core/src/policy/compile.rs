//! From documents to policies that are ready to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::chain::{Chain, arrange};
use super::document::{ChainTrigger, FailureMode, PolicyDocument};
use super::error::PolicyError;
use super::rule::Rule;
use super::rules::PolicyType;
use super::scope::Scope;
use crate::decision::{EnforcementMode, Severity};
use crate::ids::PolicyId;

/// One version of one policy, checked and ready to run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CompiledPolicy(Arc<Compiled>);

#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) id: PolicyId,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) policy_type: PolicyType,
    pub(super) enforcement_mode: EnforcementMode,
    pub(super) severity: Severity,
    pub(super) failure_mode: FailureMode,
    pub(super) scope: Scope,
    pub(super) rule: Arc<dyn Rule>,
    is_active: bool,
    evaluation_order: u32,
    prerequisites: Vec<PolicyId>,
    chain_trigger: ChainTrigger,
}

impl CompiledPolicy {
    /// The policy's id.
    pub fn id(&self) -> PolicyId {
        self.0.id
    }

    /// What it looks at.
    pub fn policy_type(&self) -> PolicyType {
        self.0.policy_type
    }

    /// Why no action can make it fire, if that is so.
    pub fn never_fires(&self) -> Option<&'static str> {
        self.0.rule.never_fires()
    }

    pub(super) fn compiled(&self) -> &Compiled {
        &self.0
    }

    /// The version this was compiled from.
    pub fn version(&self) -> i64 {
        self.0.version
    }
}

/// Checks a document's rule and prepares it.
pub fn compile(
    id: PolicyId,
    version: i64,
    document: &PolicyDocument,
) -> Result<CompiledPolicy, PolicyError> {
    if let Some(index) = document.prerequisites.iter().position(|needed| *needed == id) {
        let message = "a policy cannot be its own prerequisite";
        return Err(PolicyError::new(format!("prerequisites[{index}]"), message));
    }
    let (rule, _) = document.policy_type.read(document.rule_definition.clone())?;
    Ok(CompiledPolicy(Arc::new(Compiled {
        id,
        version,
        name: document.name.clone(),
        policy_type: document.policy_type,
        enforcement_mode: document.enforcement_mode,
        severity: document.severity,
        failure_mode: document.failure_mode,
        scope: Scope::new(document),
        rule,
        is_active: document.is_active,
        evaluation_order: document.evaluation_order,
        prerequisites: document.prerequisites.clone(),
        chain_trigger: document.chain_trigger,
    })))
}

/// All active policies of an organisation, in the order they are listed in decisions.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    policies: Vec<CompiledPolicy>,
    chains: Vec<Option<Chain>>,
    /// Places in an order in which prerequisites come first.
    order: Vec<usize>,
}

impl PolicySet {
    /// Keeps the active policies; of several versions of one policy, the newest.
    pub fn new(policies: Vec<CompiledPolicy>) -> Self {
        let mut newest: BTreeMap<PolicyId, CompiledPolicy> = BTreeMap::new();
        for policy in policies {
            let known = newest.entry(policy.id()).or_insert_with(|| policy.clone());
            if known.version() < policy.version() {
                *known = policy;
            }
        }
        let mut policies: Vec<CompiledPolicy> =
            newest.into_values().filter(|policy| policy.0.is_active).collect();
        policies.sort_by_key(|policy| (policy.0.evaluation_order, policy.id()));
        let places: BTreeMap<PolicyId, usize> =
            policies.iter().enumerate().map(|(place, policy)| (policy.id(), place)).collect();
        let mut chains: Vec<Option<Chain>> =
            policies.iter().map(|policy| chain(&policy.0, &places)).collect();
        let order = arrange(&mut chains);
        Self { policies, chains, order }
    }

    /// How many policies are active.
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether no policy is active.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Which version of which policy is in force.
    pub fn versions(&self) -> Vec<(PolicyId, i64)> {
        self.policies.iter().map(|policy| (policy.id(), policy.version())).collect()
    }

    /// Policies with their places and chains, prerequisites first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Compiled, Option<&Chain>)> {
        self.order.iter().filter_map(|place| {
            let policy = self.policies.get(*place)?;
            Some((*place, policy.0.as_ref(), self.chains.get(*place).and_then(Option::as_ref)))
        })
    }
}

fn chain(policy: &Compiled, places: &BTreeMap<PolicyId, usize>) -> Option<Chain> {
    if policy.prerequisites.is_empty() || policy.chain_trigger == ChainTrigger::Always {
        return None;
    }
    let needs = policy.prerequisites.iter().filter_map(|id| places.get(id).copied()).collect();
    Some(Chain { trigger: policy.chain_trigger, needs })
}
