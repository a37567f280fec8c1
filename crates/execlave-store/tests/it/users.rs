use crate::support::{two_orgs, user};
use execlave_store::StoreError;
use execlave_store::users::{Role, User};

#[tokio::test]
async fn users_are_found_by_id_and_by_address_in_their_organisation_only() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = User { role: Role::Viewer, ..user(ours, "Ada@Acme.test") };
    store.create_user(ours, &ada, "cli").await.expect("created");

    let found = store.find_user(ours, ada.id).await.expect("read").expect("there");
    assert_eq!((found.email.as_str(), found.role), ("Ada@Acme.test", Role::Viewer));
    assert_eq!(
        store.find_user_by_email(ours, "ada@acme.TEST").await.expect("read").expect("there").id,
        ada.id
    );
    assert_eq!(store.list_users(ours).await.expect("read").len(), 2);

    assert!(store.find_user(theirs, ada.id).await.expect("read").is_none());
    assert!(store.find_user_by_email(theirs, "ada@acme.test").await.expect("read").is_none());
    assert_eq!(store.list_users(theirs).await.expect("read").len(), 1);

    let again =
        store.create_user(ours, &user(ours, "ADA@acme.test"), "cli").await.expect_err("taken");
    assert!(matches!(again, StoreError::Conflict("user")), "{again:?}");
    store.create_user(theirs, &user(theirs, "ada@acme.test"), "cli").await.expect("free elsewhere");
}
