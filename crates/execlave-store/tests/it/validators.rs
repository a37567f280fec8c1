use crate::support::{at, first_page, id, two_orgs};
use execlave_core::ids::OrgId;
use execlave_core::policy::FailureMode;
use execlave_store::StoreError;
use execlave_store::validators::Validator;

fn validator(org_id: OrgId, name: &str, n: i64) -> Validator {
    Validator {
        org_id,
        id: id(),
        name: name.into(),
        url: "https://example.com/check".into(),
        secret: "s3cret".into(),
        timeout_ms: 2_000,
        fail_mode: FailureMode::FailClosed,
        is_active: true,
        created_at: at(n),
        updated_at: at(n),
    }
}

#[tokio::test]
async fn validators_are_made_changed_deleted_and_audited_without_their_secret() {
    let (store, ours, theirs) = two_orgs().await;
    let (first, second) = (validator(ours, "a", 1), validator(ours, "b", 2));
    for one in [&first, &second, &validator(theirs, "a", 3)] {
        store.create_validator(one, "user:u").await.expect("created");
    }
    let taken = store.create_validator(&validator(ours, "a", 4), "user:u").await;
    assert!(matches!(taken, Err(StoreError::Conflict("validator name"))), "{taken:?}");
    let page = store.list_validators(ours, &first_page()).await.expect("read");
    assert_eq!(page.items, [second.clone(), first.clone()]);
    let changed = Validator { fail_mode: FailureMode::FailOpen, is_active: false, ..first.clone() };
    assert!(store.update_validator(&changed, "user:u").await.expect("changed"));
    assert_eq!(store.find_validator(ours, first.id).await.expect("read"), Some(changed.clone()));
    let renamed = Validator { name: "b".into(), ..changed.clone() };
    assert!(store.update_validator(&renamed, "user:u").await.is_err());
    let foreign = Validator { org_id: theirs, ..changed };
    assert!(!store.update_validator(&foreign, "user:eve").await.expect("answered"));
    assert!(store.find_validator(theirs, first.id).await.expect("read").is_none());
    assert!(!store.delete_validator(theirs, first.id, "user:eve", at(5)).await.expect("answered"));
    assert!(store.delete_validator(ours, first.id, "user:u", at(5)).await.expect("deleted"));
    assert_eq!(store.list_validators_across_orgs().await.expect("read").len(), 2);
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    assert_eq!(audit.len(), 4);
    assert!(audit.iter().all(|entry| !entry.body.as_str().contains("s3cret")));
    assert!(!format!("{second:?}").contains("s3cret"));
}
