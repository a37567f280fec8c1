//! What is told to webhooks, who delivers it, and that nothing is told twice or lost.

use std::collections::BTreeSet;

use execlave_core::decision::{EnforcementMode, Outcome, Severity, Violation};
use execlave_core::ids::{AgentId, OrgId};
use execlave_core::request::AgentStatus;
use execlave_core::webhook::{EventType, Format, SignatureVersion};
use execlave_store::approvals::DecisionBy;
use execlave_store::decisions::DecisionRecord;
use execlave_store::incidents::Incident;
use execlave_store::testing::TestStore;
use execlave_store::traces::NewTrace;
use execlave_store::webhooks::{Attempt, Delivery, DeliveryFilter, DeliveryStatus, Webhook};
use execlave_store::{ConnectOptions, Json, Store, StoreError, StoreUrl};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    agent, at, decision, first_page, id, new_agent, new_key, trace, two_orgs, waiting,
};

fn webhook(org_id: OrgId, name: &str, events: Option<&[EventType]>) -> Webhook {
    Webhook {
        org_id,
        id: id(),
        name: name.into(),
        url: "https://example.com/T0/s3cret-path".into(),
        secret: "s3cret".into(),
        routing_key: Some("s3cret-key".into()),
        format: Format::Execlave,
        signature_version: SignatureVersion::V2,
        events: events.map(<[_]>::to_vec),
        takes_answers: false,
        chat_secret: None,
        timeout_ms: 5_000,
        is_active: true,
        created_at: at(1),
        updated_at: at(1),
    }
}

async fn made(store: &Store, org: OrgId, name: &str, events: Option<&[EventType]>) -> Webhook {
    let new = webhook(org, name, events);
    store.create_webhook(&new, "user:u").await.expect("created");
    new
}

async fn deliveries(store: &Store, webhook: &Webhook) -> Vec<Delivery> {
    let filter = DeliveryFilter::default();
    let page = store.list_deliveries(webhook.org_id, webhook.id, &filter, &first_page()).await;
    let mut found = page.expect("read").items;
    found.reverse();
    found
}

async fn told(store: &Store, webhook: &Webhook) -> Vec<&'static str> {
    deliveries(store, webhook).await.iter().map(|delivery| delivery.event_type.as_str()).collect()
}

fn violation(policy_type: &str, severity: Severity) -> Violation {
    Violation {
        policy_id: "p-1".into(),
        policy_name: "Policy".into(),
        policy_type: policy_type.into(),
        enforcement_mode: EnforcementMode::Block,
        severity,
        message: "it is too much".into(),
        rule_id: format!("{policy_type}.exceeded"),
        evidence: None,
    }
}

fn blocked(org: OrgId, agent: AgentId, violations: &[Violation]) -> DecisionRecord {
    let violations = Json::of(violations);
    DecisionRecord { outcome: Outcome::Block, violations, ..decision(org, agent) }
}

#[tokio::test]
async fn webhooks_are_made_changed_deleted_and_audited_without_their_secrets() {
    let (store, ours, theirs) = two_orgs().await;
    let first = made(&store, ours, "a", Some(&[EventType::AgentPaused])).await;
    let second = made(&store, ours, "b", None).await;
    made(&store, theirs, "a", None).await;
    let taken = store.create_webhook(&webhook(ours, "a", None), "user:u").await;
    assert!(matches!(taken, Err(StoreError::Conflict("webhook name"))), "{taken:?}");
    let page = store.list_webhooks(ours, &first_page()).await.expect("read");
    assert_eq!((page.items, page.total), (vec![second.clone(), first.clone()], Some(2)));
    let changed = Webhook { is_active: false, routing_key: None, ..first.clone() };
    assert!(store.update_webhook(&changed, "user:u").await.expect("changed"));
    assert_eq!(store.find_webhook(ours, first.id).await.expect("read"), Some(changed.clone()));
    let renamed = Webhook { name: "b".into(), ..changed.clone() };
    assert!(store.update_webhook(&renamed, "user:u").await.is_err());
    let foreign = Webhook { org_id: theirs, ..changed };
    assert!(!store.update_webhook(&foreign, "user:eve").await.expect("answered"));
    assert!(store.find_webhook(theirs, first.id).await.expect("read").is_none());
    assert!(!store.delete_webhook(theirs, first.id, "user:eve", at(5)).await.expect("answered"));
    assert!(store.delete_webhook(ours, first.id, "user:u", at(5)).await.expect("deleted"));
    assert_eq!(store.count_webhooks(ours).await.expect("read"), 1);
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    let names: Vec<&str> = audit.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(names, ["webhook.deleted", "webhook.updated", "webhook.created", "webhook.created"]);
    assert!(audit.iter().all(|entry| !entry.body.as_str().contains("s3cret")));
    assert!(!format!("{second:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_change_is_told_if_and_only_if_it_happens() {
    let (store, ours, theirs) = two_orgs().await;
    let everything = made(&store, ours, "all", None).await;
    let narrow = made(&store, ours, "pauses", Some(&[EventType::AgentPaused])).await;
    let off = Webhook { is_active: false, ..webhook(ours, "off", None) };
    store.create_webhook(&off, "user:u").await.expect("created");
    let foreign = made(&store, theirs, "theirs", None).await;

    let register = |n| {
        let store = &store;
        async move { store.register_agent(ours, &new_agent("bot"), "key:k", at(n)).await }
    };
    let (bot, _) = register(1).await.expect("registered");
    // Registering again makes nothing new.
    register(2).await.expect("registered");
    for (status, n) in
        [(AgentStatus::Paused, 3), (AgentStatus::Paused, 4), (AgentStatus::Active, 5)]
    {
        let reason = Some("too loud");
        store.set_agent_status(ours, bot.id, status, reason, "user:u", at(n)).await.expect("set");
    }
    let key = store.create_key(ours, &new_key("k"), "user:u").await.expect("created");
    for n in [6, 7] {
        store.revoke_key(ours, key.id, "user:u", at(n)).await.expect("revoked");
    }
    // A change that fails tells nothing.
    assert!(store.create_key(ours, &taken(&key), "user:u").await.is_err());

    let all = told(&store, &everything).await;
    let expected =
        ["key.created", "agent.registered", "agent.paused", "agent.resumed", "key.revoked"];
    assert_eq!(all, expected, "by the time of the change");
    assert_eq!(told(&store, &narrow).await, ["agent.paused"]);
    assert!(told(&store, &off).await.is_empty());
    assert!(told(&store, &foreign).await.is_empty());
    let paused = deliveries(&store, &narrow).await.remove(0);
    let data = serde_json::Value::from(paused.event.data.clone());
    assert_eq!(
        (&data["agentId"], &data["status"], &data["reason"], &data["epoch"], &data["actor"]),
        (&json!("bot"), &json!("paused"), &json!("too loud"), &json!(2), &json!("user:u"))
    );
    assert_eq!((paused.event.created_at, paused.status), (at(3), DeliveryStatus::Pending));
    // Both webhooks are told of the same event.
    let same = &deliveries(&store, &everything).await[2];
    assert_eq!((same.event_id, &same.event), (paused.event_id, &paused.event));
    assert_ne!(same.id, paused.id);
}

/// A key whose hash is taken.
fn taken(key: &execlave_store::keys::ApiKey) -> execlave_store::keys::NewKey {
    execlave_store::keys::NewKey { hash: key.hash.clone(), ..new_key("again") }
}

#[tokio::test]
async fn decisions_approvals_and_incidents_are_told_with_their_commit() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let all = made(&store, ours, "all", None).await;
    let foreign = made(&store, theirs, "theirs", None).await;
    store.record_decision(decision(ours, bot)).await.expect("recorded");
    assert!(told(&store, &all).await.is_empty(), "an action that was allowed is no news");
    let found = [violation("injection_scan", Severity::Low), violation("x", Severity::Critical)];
    store.record_decision(blocked(ours, bot, &found)).await.expect("recorded");
    let event = deliveries(&store, &all).await.remove(0).event;
    assert_eq!(event.kind, EventType::PolicyViolated);
    assert_eq!(
        (&event.data["severity"], &event.data["outcome"]),
        (&json!("critical"), &json!("block"))
    );
    assert_eq!(event.data["violations"].as_array().map(Vec::len), Some(2));

    let (new, waits) = waiting(ours, bot, "a");
    let asked = store.request_approval(new, waits.clone()).await.expect("asked");
    let (again, _) = waiting(ours, bot, "a");
    let waits = DecisionRecord { id: id(), ..waits };
    store.request_approval(again, waits).await.expect("asked");
    let by = DecisionBy { actor: "user:u", actor_label: "Ada", approve: true, reason: None };
    let certificate = |_: &_, _| json!({}).into();
    store.decide_approval(ours, asked.id, &by, at(9), certificate).await.expect("decided");
    let (new, waits) = waiting(ours, bot, "b");
    store.request_approval(new, waits).await.expect("asked");
    store.expire_approvals_across_orgs(at(9_000_000)).await.expect("expired");
    let mut kinds = told(&store, &all).await;
    kinds.sort_unstable();
    let requested = "approval.requested";
    let violated = "policy.violated";
    assert_eq!(
        kinds,
        [
            "approval.approved",
            "approval.expired",
            requested,
            requested,
            violated,
            violated,
            violated,
            violated
        ],
        "the same action asks once, and each decision is one"
    );

    let incident = |policy_id| Incident {
        org_id: ours,
        id: id(),
        trace_id: "t".into(),
        span_id: "sp_1".into(),
        agent_id: bot,
        environment: "production".into(),
        policy_id,
        policy_name: "p".into(),
        policy_type: "pii_access".into(),
        enforcement_mode: EnforcementMode::Block,
        severity: Severity::High,
        rule_id: "pii_access.email".into(),
        message: "an address".into(),
        evidence: None,
        occurred_at: at(1),
        created_at: at(1),
    };
    let (first, second) = (id(), id());
    for policies in [vec![first], vec![first, second]] {
        let incidents = policies.into_iter().map(incident).collect();
        let new = NewTrace { incidents, ..trace(ours, "t", 1).into() };
        store.insert_traces(vec![new]).await.expect("written");
    }
    let kinds = told(&store, &all).await;
    let incidents = kinds.iter().filter(|kind| **kind == "incident.created").count();
    assert_eq!(incidents, 2, "a span that is handed in again is told once");

    let local: Vec<_> = vec![blocked(ours, bot, &found)];
    for _ in 0..2 {
        store.record_local_decisions(ours, local.clone()).await.expect("recorded");
    }
    assert_eq!(told(&store, &all).await.len(), kinds.len() + 1);
    assert!(told(&store, &foreign).await.is_empty());
}

#[tokio::test]
async fn a_budget_is_told_once_an_hour() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let budgets = made(&store, ours, "budgets", Some(&[EventType::CostThreshold])).await;
    let hour = 3_600_000;
    for n in [0, 1, 2, hour] {
        let warnings = Json::of(&[violation("budget_cap", Severity::Medium)]);
        let evaluated_at = at(n);
        let warned = DecisionRecord { warnings, evaluated_at, ..decision(ours, bot) };
        store.record_decision(warned).await.expect("recorded");
        let exceeded = blocked(ours, bot, &[violation("cost_budget_rule", Severity::High)]);
        store.record_decision(DecisionRecord { evaluated_at, ..exceeded }).await.expect("recorded");
    }
    assert_eq!(told(&store, &budgets).await, ["cost.threshold"; 4]);
}

/// Eight pauses and resumptions, told to one webhook.
async fn eight(store: &TestStore, org: OrgId) -> Webhook {
    let bot = agent(store, org).await.id;
    let webhook = made(store, org, "w", None).await;
    for n in 0..8 {
        let status = if n % 2 == 0 { AgentStatus::Paused } else { AgentStatus::Active };
        store.set_agent_status(org, bot, status, None, "user:u", at(n)).await.expect("set");
    }
    webhook
}

#[tokio::test]
async fn of_several_claims_each_delivery_is_in_one() {
    let (store, ours, theirs) = two_orgs().await;
    let webhook = eight(&store, ours).await;
    // A second node, where there can be one.
    let second = match store.url() {
        StoreUrl::Postgres(_) => {
            Store::open(store.url(), &ConnectOptions::default()).await.expect("opened")
        }
        StoreUrl::Sqlite(_) => (*store).clone(),
    };
    assert!(store.due_webhooks_across_orgs(at(-1)).await.expect("read").is_empty());
    assert_eq!(
        store.due_webhooks_across_orgs(at(7)).await.expect("read"),
        std::slice::from_ref(&webhook)
    );
    let claim = |store: &Store| {
        let store = store.clone();
        async move {
            let claimed = store.claim_deliveries(ours, webhook.id, 2, at(10), at(60)).await;
            claimed.expect("claimed")
        }
    };
    let (a, b, c, d) = tokio::join!(claim(&store), claim(&second), claim(&store), claim(&second));
    let mut claimed: Vec<Delivery> = [a, b, c, d].into_iter().flatten().collect();
    // Of what another node was about to take, nothing was waited for: it may be left.
    claimed.extend(claim(&store).await);
    claimed.extend(claim(&store).await);
    claimed.extend(claim(&store).await);
    let ids: BTreeSet<Uuid> = claimed.iter().map(|delivery| delivery.id).collect();
    assert_eq!((claimed.len(), ids.len()), (8, 8));
    assert!(claimed.iter().all(|delivery| delivery.attempts == 1));
    assert!(store.due_webhooks_across_orgs(at(59)).await.expect("read").is_empty());
    let foreign = store.claim_deliveries(theirs, webhook.id, 9, at(99), at(100)).await;
    assert!(foreign.expect("answered").is_empty());
    // What was heard of by nobody is due again when its time is over.
    let again = store.claim_deliveries(ours, webhook.id, 99, at(60), at(120)).await;
    let again = again.expect("claimed");
    assert_eq!(again.len(), 8);
    // The first node comes back late: its news of a lost try is not taken.
    let delivered = Attempt {
        status: DeliveryStatus::Delivered,
        answer: Some(200),
        error: None,
        next_at: None,
    };
    assert!(!store.record_attempt(&claimed[0], &delivered, at(61)).await.expect("answered"));
    assert!(store.record_attempt(&again[0], &delivered, at(61)).await.expect("recorded"));
    assert!(!store.record_attempt(&again[0], &delivered, at(62)).await.expect("answered"));
    if matches!(store.url(), StoreUrl::Postgres(_)) {
        second.close().await;
    }
}

#[tokio::test]
async fn a_delivery_is_retried_given_up_begun_anew_and_forgotten() {
    let (store, ours, theirs) = two_orgs().await;
    let webhook = eight(&store, ours).await;
    let claimed = store.claim_deliveries(ours, webhook.id, 1, at(10), at(60)).await;
    let first = claimed.expect("claimed").remove(0);
    let attempt = |status, next_at| Attempt {
        status,
        answer: Some(500),
        error: Some("status 500".into()),
        next_at,
    };
    let retry = attempt(DeliveryStatus::Pending, Some(at(20)));
    assert!(store.record_attempt(&first, &retry, at(11)).await.expect("recorded"));
    let found = store.find_delivery(ours, webhook.id, first.id).await.expect("read");
    let found = found.expect("it exists");
    assert_eq!(
        (found.next_attempt_at, found.last_status, found.ended_at),
        (at(20), Some(500), None)
    );
    assert!(
        store
            .redeliver(ours, webhook.id, first.id, "user:u", at(12))
            .await
            .expect("answered")
            .is_none()
    );

    let claimed = store.claim_deliveries(ours, webhook.id, 99, at(20), at(60)).await;
    let claimed = claimed.expect("claimed");
    let again = claimed.iter().find(|delivery| delivery.id == first.id).expect("due again");
    assert_eq!(again.attempts, 2);
    let dead = attempt(DeliveryStatus::Dead, None);
    assert!(store.record_attempt(again, &dead, at(21)).await.expect("recorded"));
    let filter = DeliveryFilter { status: Some(DeliveryStatus::Dead), event_type: None };
    let list = store.list_deliveries(ours, webhook.id, &filter, &first_page()).await.expect("read");
    assert_eq!(list.items.len(), 1);
    assert_eq!((list.items[0].id, list.items[0].ended_at), (first.id, Some(at(21))));
    for (org, hook) in [(theirs, webhook.id), (ours, id())] {
        assert!(store.find_delivery(org, hook, first.id).await.expect("read").is_none());
        let again = store.redeliver(org, hook, first.id, "user:eve", at(22)).await;
        assert!(again.expect("answered").is_none());
    }
    let again = store.redeliver(ours, webhook.id, first.id, "user:u", at(22)).await;
    let again = again.expect("answered").expect("it had ended");
    assert_eq!((again.status, again.attempts, again.ended_at), (DeliveryStatus::Pending, 0, None));
    assert_eq!((again.event_id, &again.event), (first.event_id, &first.event));

    let newest = claimed.last().expect("several");
    let delivered = attempt(DeliveryStatus::Delivered, None);
    assert!(store.record_attempt(newest, &delivered, at(30)).await.expect("recorded"));
    assert_eq!(store.forget_deliveries_across_orgs(at(30), at(99)).await.expect("done"), 0);
    assert_eq!(store.forget_deliveries_across_orgs(at(31), at(0)).await.expect("done"), 1);
    assert!(store.delete_webhook(ours, webhook.id, "user:u", at(40)).await.expect("deleted"));
    assert!(deliveries(&store, &webhook).await.is_empty());
}
