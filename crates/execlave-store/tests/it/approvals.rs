use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{agent, at, decision, first_page, two_orgs, waiting};
use execlave_core::ids::ApprovalId;
use execlave_store::approvals::{ApprovalStatus, Decided, DecisionBy, NewApproval};
use execlave_store::decisions::DecisionRecord;
use execlave_store::{Json, Store};
use serde_json::json;
use tokio::task::JoinSet;

fn yes(actor: &str) -> DecisionBy<'_> {
    DecisionBy { actor, actor_label: "Ada", approve: true, reason: Some("fine") }
}

fn no(actor: &str) -> DecisionBy<'_> {
    DecisionBy { approve: false, reason: Some("too much"), ..yes(actor) }
}

fn certificate(approval: &execlave_store::approvals::Approval, idx: i64) -> Json {
    json!({"approvalId": approval.id, "auditIndex": idx}).into()
}

#[tokio::test]
async fn asking_again_finds_the_approval_that_waits() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, first) = waiting(ours, bot.id, "a");
    let first = DecisionRecord { bundle_version: Some("set".into()), ..first };
    let approval = store.request_approval(new.clone(), first.clone()).await.expect("asked");
    assert_eq!(
        (approval.id, approval.status, approval.requested_by, &approval.bundle_version),
        (new.id, ApprovalStatus::Pending, first.key_id, &first.bundle_version)
    );
    let (again, second) = waiting(ours, bot.id, "a");
    assert_eq!(store.request_approval(again, second.clone()).await.expect("asked").id, new.id);
    for decision in [&first, &second] {
        let recorded = store.find_decision(ours, decision.id).await.expect("read").expect("there");
        assert_eq!(recorded.approval_id, Some(new.id));
    }
    let (other, third) = waiting(ours, bot.id, "b");
    assert_eq!(
        store.request_approval(other.clone(), third).await.expect("asked").id,
        other.id,
        "another action"
    );

    let read = store.find_approval(ours, new.id).await.expect("read").expect("there");
    assert_eq!(format!("{read:?}"), format!("{approval:?}"));
    assert!(store.find_approval(theirs, new.id).await.expect("read").is_none());
    assert_eq!(
        store
            .list_approvals(ours, Some(ApprovalStatus::Pending), &first_page())
            .await
            .expect("read")
            .total,
        Some(2)
    );
    assert_eq!(
        store
            .list_approvals(ours, Some(ApprovalStatus::Denied), &first_page())
            .await
            .expect("read")
            .items
            .len(),
        0
    );
    assert_eq!(store.list_approvals(ours, None, &first_page()).await.expect("read").items.len(), 2);
    assert_eq!(
        store.list_approvals(theirs, None, &first_page()).await.expect("read").total,
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_share_one_approval() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    // A second store stands for a second node, with a writer of its own.
    let other =
        Store::open(store.url(), &execlave_store::ConnectOptions::default()).await.expect("opened");
    let mut askers = JoinSet::new();
    for n in 0..20 {
        let store = if n % 2 == 0 { (*store).clone() } else { other.clone() };
        askers.spawn(async move {
            let (new, decision) = waiting(ours, bot.id, "a");
            store.request_approval(new, decision).await.expect("asked").id
        });
    }
    let mut ids: Vec<ApprovalId> = askers.join_all().await;
    ids.dedup();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_decide_exactly_one_does() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, asked) = waiting(ours, bot.id, "a");
    store.request_approval(new.clone(), asked).await.expect("asked");
    let stranger = store
        .decide_approval(theirs, new.id, &yes("user:eve"), at(1), certificate)
        .await
        .expect("answered");
    assert!(matches!(stranger, Decided::NotFound));

    let signed = Arc::new(AtomicUsize::new(0));
    let mut people = JoinSet::new();
    for n in 0..20 {
        let (store, signed) = ((*store).clone(), Arc::clone(&signed));
        people.spawn(async move {
            let actor = format!("user:{n}");
            let by = if n % 2 == 0 { yes(&actor) } else { no(&actor) };
            let sign = move |approval: &execlave_store::approvals::Approval, idx| {
                signed.fetch_add(1, Ordering::Relaxed);
                certificate(approval, idx)
            };
            matches!(
                store.decide_approval(ours, new.id, &by, at(1), sign).await.expect("answered"),
                Decided::Recorded(_)
            )
        });
    }
    assert_eq!(people.join_all().await.into_iter().filter(|recorded| *recorded).count(), 1);
    let decided = store.find_approval(ours, new.id).await.expect("read").expect("there");
    assert_eq!(decided.decisions.len(), 1);
    let approved = decided.status == ApprovalStatus::Approved;
    assert_eq!(signed.load(Ordering::Relaxed), usize::from(approved));
    let entry = store.list_audit(ours, &first_page()).await.expect("read").items.remove(0);
    assert_eq!(entry.event, if approved { "approval.approved" } else { "approval.denied" });
    if let Some(certificate) = decided.certificate {
        assert_eq!(certificate.to_value()["auditIndex"], entry.idx);
    }
}

#[tokio::test]
async fn a_quorum_needs_different_people_and_one_no_ends_it() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, asked) = waiting(ours, bot.id, "a");
    let two = NewApproval { required_approvers: 2, ..new };
    let approval = store.request_approval(two.clone(), asked).await.expect("asked");
    let first = store
        .decide_approval(ours, approval.id, &yes("user:ada"), at(1), certificate)
        .await
        .expect("answered");
    assert!(
        matches!(first, Decided::Recorded(approval) if approval.status == ApprovalStatus::Pending && approval.certificate.is_none())
    );
    let again = store
        .decide_approval(ours, approval.id, &yes("user:ada"), at(2), certificate)
        .await
        .expect("answered");
    assert!(matches!(again, Decided::Already(approval) if approval.decisions.len() == 1));
    let second = store
        .decide_approval(ours, approval.id, &yes("user:bob"), at(3), certificate)
        .await
        .expect("answered");
    assert!(
        matches!(second, Decided::Recorded(approval) if approval.status == ApprovalStatus::Approved && approval.decided_at == Some(at(3)))
    );

    let (new, asked) = waiting(ours, bot.id, "b");
    let approval = store
        .request_approval(NewApproval { required_approvers: 2, ..new }, asked)
        .await
        .expect("asked");
    let denied = store
        .decide_approval(ours, approval.id, &no("user:bob"), at(4), certificate)
        .await
        .expect("answered");
    assert!(
        matches!(denied, Decided::Recorded(approval) if approval.status == ApprovalStatus::Denied && approval.decision_reason.as_deref() == Some("too much"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_used_exactly_once() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, asked) = waiting(ours, bot.id, "a");
    store.request_approval(new.clone(), asked).await.expect("asked");
    assert!(
        !store.use_certificate(ours, new.id, at(1)).await.expect("answered"),
        "not approved yet"
    );
    store
        .decide_approval(ours, new.id, &yes("user:ada"), at(1), certificate)
        .await
        .expect("answered");
    assert!(!store.use_certificate(theirs, new.id, at(2)).await.expect("answered"), "not theirs");
    let mut users = JoinSet::new();
    for _ in 0..20 {
        let store = (*store).clone();
        users.spawn(
            async move { store.use_certificate(ours, new.id, at(2)).await.expect("answered") },
        );
    }
    assert_eq!(users.join_all().await.into_iter().filter(|used| *used).count(), 1);
    assert_eq!(
        store.find_approval(ours, new.id).await.expect("read").expect("there").certificate_used_at,
        Some(at(2))
    );
}

#[tokio::test]
async fn an_approval_expires_by_the_job_by_an_answer_or_by_asking_again() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let late = at(1_800_000);
    let (by_job, asked) = waiting(ours, bot.id, "a");
    store.request_approval(by_job.clone(), asked).await.expect("asked");
    assert_eq!(store.expire_approvals_across_orgs(at(0)).await.expect("ran"), []);
    assert_eq!(store.expire_approvals_across_orgs(late).await.expect("ran"), [(ours, by_job.id)]);
    assert_eq!(store.expire_approvals_across_orgs(late).await.expect("ran"), []);

    let (by_answer, asked) = waiting(ours, bot.id, "b");
    store.request_approval(by_answer.clone(), asked).await.expect("asked");
    let answer = store
        .decide_approval(ours, by_answer.id, &yes("user:ada"), late, certificate)
        .await
        .expect("answered");
    assert!(
        matches!(answer, Decided::Already(approval) if approval.status == ApprovalStatus::Expired)
    );

    let (by_asking, asked) = waiting(ours, bot.id, "c");
    store.request_approval(by_asking.clone(), asked).await.expect("asked");
    let (fresh, asked) = waiting(ours, bot.id, "c");
    let asked = DecisionRecord { evaluated_at: late, ..asked };
    let fresh = NewApproval { expires_at: late.plus_millis(1000), ..fresh };
    assert_eq!(store.request_approval(fresh.clone(), asked).await.expect("asked").id, fresh.id);
    for id in [by_job.id, by_answer.id, by_asking.id] {
        assert_eq!(
            store.find_approval(ours, id).await.expect("read").expect("there").status,
            ApprovalStatus::Expired
        );
    }
    store.record_decision(decision(ours, bot.id)).await.expect("the writer goes on");
}

#[tokio::test]
async fn what_waits_too_long_is_passed_on_three_times() {
    let (store, ours, _) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, asked) = waiting(ours, bot.id, "a");
    let new = NewApproval { routed_to: vec!["standard".into()], expires_at: at(1_000), ..new };
    let asked = DecisionRecord { evaluated_at: at(0), ..asked };
    let approval = store.request_approval(new, asked).await.expect("asked");
    let escalate = async |now| {
        let passed_on = store.escalate_approvals_across_orgs(at(now - 10), at(now)).await;
        passed_on.expect("passed on").into_iter().map(|(_, _, level)| level).collect::<Vec<i64>>()
    };
    assert_eq!(escalate(9).await, [0; 0], "its time is not over");
    assert_eq!(escalate(10).await, [1]);
    assert_eq!(escalate(19).await, [0; 0], "whoever was asked has as long again");
    assert_eq!(escalate(20).await, [2]);
    assert_eq!(escalate(30).await, [3]);
    assert_eq!(escalate(40).await, [0; 0], "there is nobody left");
    let now = store.find_approval(ours, approval.id).await.expect("read").expect("there");
    assert_eq!(now.routed_to, ["standard", "group", "named_approver"]);
    assert_eq!((now.escalation_level, now.escalated_at), (3, Some(at(30))));
    let log = store.list_audit(ours, &first_page()).await.expect("read").items;
    let passed_on = log.iter().filter(|entry| entry.event == "approval.escalated");
    assert_eq!(passed_on.count(), 3);
    let taken_back = store.cancel_approval(ours, approval.id, ("key:k", "k"), None, at(41)).await;
    assert!(matches!(taken_back, Ok(Decided::Recorded(_))));
    assert_eq!(escalate(60).await, [0; 0]);
}

#[tokio::test]
async fn only_what_waits_is_cancelled() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    let (new, asked) = waiting(ours, bot.id, "a");
    let id = store.request_approval(new.clone(), asked).await.expect("asked").id;
    let cancel = async |org, now| {
        store.cancel_approval(org, id, ("key:k", "k"), Some("why"), now).await.expect("answered")
    };
    assert!(matches!(cancel(theirs, at(1)).await, Decided::NotFound));
    let late = cancel(ours, new.expires_at).await;
    assert!(
        matches!(late, Decided::Already(approval) if approval.status == ApprovalStatus::Pending)
    );
    let first = cancel(ours, at(1)).await;
    assert!(
        matches!(first, Decided::Recorded(approval) if approval.status == ApprovalStatus::Cancelled)
    );
    let again = cancel(ours, at(2)).await;
    assert!(matches!(again, Decided::Already(approval) if approval.decided_at == Some(at(1))));
    let answered = store.decide_approval(ours, id, &yes("user:ada"), at(3), certificate).await;
    assert!(matches!(answered, Ok(Decided::Already(_))));
    let entry = store.list_audit(ours, &first_page()).await.expect("read").items.remove(0);
    assert_eq!((entry.event.as_str(), entry.actor.as_str()), ("approval.cancelled", "key:k"));
}
