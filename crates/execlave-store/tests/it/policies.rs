use crate::support::{at, first_page, id, two_orgs};
use execlave_core::ids::PolicyId;
use execlave_store::StoreError;
use execlave_store::policies::{PolicyDraft, PolicyEvent};
use serde_json::json;

fn draft(name: &str) -> PolicyDraft {
    PolicyDraft {
        name: name.into(),
        policy_type: "cost_limit".into(),
        is_active: true,
        document: json!({"name": name}).into(),
    }
}

#[tokio::test]
async fn every_change_leaves_a_version_and_an_audit_entry() {
    let (store, ours, theirs) = two_orgs().await;
    let policy: PolicyId = id();
    let made = store
        .create_policy(ours, policy, &draft("budget"), "user:ada", at(0))
        .await
        .expect("created");
    assert_eq!((made.version, made.is_active), (1, true));
    let off = PolicyDraft { is_active: false, ..draft("budget 2") };
    assert!(
        store
            .update_policy(theirs, policy, &off, "user:eve", at(1))
            .await
            .expect("answered")
            .is_none(),
        "not theirs"
    );
    let changed = store
        .update_policy(ours, policy, &off, "user:ada", at(1))
        .await
        .expect("ok")
        .expect("there");
    assert_eq!(
        (
            changed.version,
            changed.name.as_str(),
            changed.is_active,
            changed.created_at,
            changed.updated_at
        ),
        (2, "budget 2", false, at(0), at(1))
    );
    assert!(
        !store.delete_policy(theirs, policy, "user:eve", at(2)).await.expect("answered"),
        "not theirs"
    );
    assert!(store.find_policy(ours, policy).await.expect("read").is_some());
    assert!(store.delete_policy(ours, policy, "user:ada", at(2)).await.expect("answered"));
    assert!(!store.delete_policy(ours, policy, "user:ada", at(2)).await.expect("answered"));

    let versions = store.list_policy_versions(ours, policy).await.expect("read");
    let events: Vec<_> = versions.iter().map(|version| (version.version, version.event)).collect();
    assert_eq!(
        events,
        [(3, PolicyEvent::Deleted), (2, PolicyEvent::Updated), (1, PolicyEvent::Created)]
    );
    let first = store.find_policy_version(ours, policy, 1).await.expect("read").expect("there");
    assert_eq!(first.document.to_value(), json!({"name": "budget"}));
    assert!(store.find_policy_version(theirs, policy, 1).await.expect("read").is_none());
    assert_eq!(store.list_policy_versions(theirs, policy).await.expect("read").len(), 0);
    let audit: Vec<_> = store
        .list_audit(ours, &first_page())
        .await
        .expect("read")
        .items
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert_eq!(audit, ["policy.deleted", "policy.updated", "policy.created"]);
}

#[tokio::test]
async fn names_are_unique_per_organisation() {
    let (store, ours, theirs) = two_orgs().await;
    let (one, two) = (id(), id());
    store.create_policy(ours, one, &draft("a"), "user:ada", at(0)).await.expect("created");
    store.create_policy(ours, two, &draft("b"), "user:ada", at(1)).await.expect("created");
    store
        .create_policy(theirs, id(), &draft("a"), "user:eve", at(2))
        .await
        .expect("free elsewhere");
    for error in [
        store.create_policy(ours, id(), &draft("a"), "user:ada", at(3)).await.expect_err("taken"),
        store.update_policy(ours, two, &draft("a"), "user:ada", at(3)).await.expect_err("taken"),
    ] {
        assert!(matches!(error, StoreError::Conflict("policy name")), "{error:?}");
    }
    assert_eq!(
        store.find_policy(ours, two).await.expect("read").expect("there").version,
        1,
        "nothing half-written"
    );
    let page = store.list_policies(ours, &first_page()).await.expect("read");
    assert_eq!((page.total, page.items[0].id), (Some(2), two));
    assert_eq!(store.all_policies(ours).await.expect("read").len(), 2);
    assert_eq!(store.list_policies_across_orgs().await.expect("read").len(), 3);
    assert!(store.find_policy(theirs, one).await.expect("read").is_none());
}

#[tokio::test]
async fn every_change_of_a_policy_raises_the_epoch() {
    let (store, ours, theirs) = two_orgs().await;
    let epoch = async || store.policy_epoch(ours).await.expect("counted");
    assert_eq!(epoch().await, 0);
    let id = id();
    store.create_policy(ours, id, &draft("a"), "user:u", at(0)).await.expect("created");
    assert_eq!(epoch().await, 1);
    store.update_policy(ours, id, &draft("b"), "user:u", at(1)).await.expect("updated");
    assert_eq!(epoch().await, 2);
    store.delete_policy(ours, id, "user:u", at(2)).await.expect("deleted");
    assert_eq!(epoch().await, 3);
    assert_eq!(store.policy_epoch(theirs).await.expect("counted"), 0);
}
