//! Samples, so that a test shows only what it is about.

use std::sync::atomic::{AtomicU64, Ordering};

use execlave_core::decision::Outcome;
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::time::Timestamp;
use execlave_store::agents::{Agent, NewAgent, OutcomeStrictness};
use execlave_store::approvals::NewApproval;
use execlave_store::decisions::{DecisionRecord, DecisionSource};
use execlave_store::keys::NewKey;
use execlave_store::orgs::{NewOrg, Org};
use execlave_store::page::PageRequest;
use execlave_store::state::{Settle, Settled, StateAnswers, StateClaim};
use execlave_store::testing::TestStore;
use execlave_store::traces::Trace;
use execlave_store::users::{Role, User, UserState};
use execlave_store::{Json, Store};
use serde_json::json;
use uuid::Uuid;

/// An id no other call in this process returns; later ones are larger.
pub(crate) fn id<T: From<Uuid>>() -> T {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    T::from(Uuid::from_u128(
        0x0193_0000_0000_7000_8000_0000_0000_0000
            + u128::from(NEXT.fetch_add(1, Ordering::Relaxed)),
    ))
}

/// A moment, in milliseconds after 24 November 2026, 01:30 UTC.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_483_800_000 + millis)
}

pub(crate) fn first_page() -> PageRequest {
    PageRequest::default()
}

pub(crate) fn page_of(limit: u32, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor }
}

/// A store with two organisations: what belongs to one must be out of the other's reach.
pub(crate) async fn two_orgs() -> (TestStore, OrgId, OrgId) {
    let store = Store::for_test().await;
    let ours = create_org(&store).await;
    let theirs = create_org(&store).await;
    (store, ours, theirs)
}

pub(crate) async fn create_org(store: &Store) -> OrgId {
    let new = new_org();
    store.create_org(&new).await.expect("an organisation is created");
    new.org.id
}

pub(crate) fn new_org() -> NewOrg {
    let org_id: OrgId = id();
    NewOrg {
        org: Org { id: org_id, name: "Acme".into(), created_at: at(0) },
        owner: user(org_id, &format!("owner@{org_id}.test")),
        key: None,
        link: None,
    }
}

pub(crate) fn user(org_id: OrgId, email: &str) -> User {
    User {
        org_id,
        id: id(),
        email: email.into(),
        name: "Ada".into(),
        role: Role::Owner,
        approver: false,
        state: UserState::Active,
        created_at: at(0),
    }
}

pub(crate) fn new_key(name: &str) -> NewKey {
    NewKey {
        id: id(),
        name: name.into(),
        prefix: "exe_dev_abc".into(),
        hash: format!("{:064x}", id::<Uuid>().as_u128()),
        environment: "development".into(),
        scopes: vec!["sdk".into(), "read".into()],
        created_at: at(0),
        expires_at: None,
        environments: None,
        require_signature: false,
    }
}

pub(crate) fn new_agent(agent_id: &str) -> NewAgent {
    NewAgent {
        id: id(),
        agent_id: agent_id.into(),
        name: format!("Agent {agent_id}"),
        kind: "chatbot".into(),
        platform: "openai".into(),
        environment: "production".into(),
        description: Some("answers".into()),
        owner_email: None,
        allowed_data_sources: vec!["crm".into()],
        allowed_actions: vec!["search*".into()],
        requires_human_approval_for: vec![],
        tags: vec!["blue".into(), "pci \"x\"".into()],
        metadata: json!({"team": "ä\u{1F600}", "n": 1}).into(),
        autonomy_level: None,
        outcome_strictness: OutcomeStrictness::None,
    }
}

pub(crate) async fn agent(store: &Store, org: OrgId) -> Agent {
    let new = new_agent(&format!("agent-{}", id::<Uuid>()));
    store.register_agent(org, &new, "key:test", at(0)).await.expect("an agent is registered").0
}

pub(crate) fn decision(org_id: OrgId, agent_id: AgentId) -> DecisionRecord {
    DecisionRecord {
        org_id,
        id: id(),
        agent_id,
        environment: "production".into(),
        action_digest: "ab".repeat(32),
        outcome: Outcome::Allow,
        violations: json!([]).into(),
        warnings: json!([{"ruleId": "pii_access.email"}]).into(),
        policy_versions: json!([]).into(),
        problems: json!([]).into(),
        tier_overrides: json!([]).into(),
        source: DecisionSource::Server,
        bundle_version: None,
        input: None,
        approval_id: None,
        key_id: Some(id()),
        duration_us: 120,
        evaluated_at: at(0),
    }
}

/// What is asked when the action with `digest` needs a human.
pub(crate) fn waiting(
    org_id: OrgId,
    agent_id: AgentId,
    digest: &str,
) -> (NewApproval, DecisionRecord) {
    let new = NewApproval {
        id: id(),
        action_summary: "refund 200 USD".into(),
        action: Json::of(&serde_json::json!({ "input": "refund 200 USD" })),
        risk_score: 61,
        risk_level: "high".into(),
        risk_parts: json!([{"name": "severity", "points": 40, "reason": "high"}]).into(),
        routed_to: vec!["owner".into()],
        required_approvers: 1,
        expires_at: at(1_800_000),
    };
    let violations = Json::of(&json!([{"ruleId": "action_approval.tool"}]));
    let decision = DecisionRecord {
        outcome: Outcome::RequireApproval,
        action_digest: digest.repeat(64),
        violations,
        ..decision(org_id, agent_id)
    };
    (new, decision)
}

pub(crate) fn trace(org_id: OrgId, trace_id: &str, started: i64) -> Trace {
    Trace {
        org_id,
        started_at: at(started),
        id: id(),
        trace_id: trace_id.into(),
        agent_id: Some("support-bot".into()),
        agent_row_id: None,
        session_id: Some("s-1".into()),
        user_id: None,
        received_at: at(started),
        duration_ms: Some(12),
        status: "success".into(),
        model_name: Some("gpt-x".into()),
        prompt_tokens: Some(10),
        completion_tokens: None,
        total_tokens: Some(10),
        cost_nanos: None,
        cost_is_computed: false,
        identity_verified: false,
        environment: Some("production".into()),
        error_type: None,
        error_message: None,
        parent_trace_id: None,
        span_type: None,
        span_id: Some("sp_1".into()),
        parent_span_id: None,
        span_name: None,
        span_kind: Some("llm".into()),
        injection_risk: None,
        pii_types: vec!["email".into()],
        tags: vec![],
        input: Some(json!("What is 100% of _it_?").into()),
        output: Some(json!({"answer": [1, 2.5, null]}).into()),
        metadata: None,
        effect_evidence: None,
    }
}

/// A claim about nothing yet.
pub(crate) fn claim(org: OrgId, agent: AgentId, now: Timestamp) -> StateClaim {
    StateClaim {
        org,
        agent,
        decision: id(),
        now,
        budgets: Vec::new(),
        amount_nanos: 0,
        trace_id: None,
        rates: Vec::new(),
        sequences: Vec::new(),
        marks: Vec::new(),
    }
}

/// Settles as a policy in `block` mode does: whatever is exceeded or happened before refuses the action.
pub(crate) fn blocking(claim: &StateClaim) -> Settle {
    let record = DecisionRecord { id: claim.decision, ..decision(claim.org, claim.agent) };
    Box::new(move |answers: &StateAnswers| {
        let fires = answers.budgets.iter().any(|answer| answer.exceeded)
            || answers.rates.iter().chain(&answers.sequences).any(|fires| *fires);
        let outcome = if fires { Outcome::Block } else { Outcome::Allow };
        Settled { decision: DecisionRecord { outcome, ..record.clone() }, approval: None }
    })
}
