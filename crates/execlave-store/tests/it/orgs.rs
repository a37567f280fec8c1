use crate::support::{at, create_org, id, new_key, new_org};
use execlave_store::orgs::NewOrg;
use execlave_store::sessions::{LinkPurpose, SignInLink};
use execlave_store::{Store, StoreError};

#[tokio::test]
async fn an_organisation_comes_with_owner_key_and_link_or_not_at_all() {
    let store = Store::for_test().await;
    assert!(store.is_empty_across_orgs().await.expect("counted"));
    let mut new = new_org();
    let org = new.org.id;
    new.key = Some(new_key("first"));
    let user_id = new.owner.id;
    new.link = Some(SignInLink {
        purpose: LinkPurpose::SignIn,
        token_hash: "t".into(),
        org_id: org,
        user_id,
        created_at: at(0),
        expires_at: at(1000),
    });
    store.create_org(&new).await.expect("created");

    assert!(!store.is_empty_across_orgs().await.expect("counted"));
    assert_eq!(store.find_org(org).await.expect("read").expect("there").name, "Acme");
    assert_eq!(store.all_users(org).await.expect("read").len(), 1);
    assert_eq!(store.list_keys_across_orgs().await.expect("read").len(), 1);
    assert_eq!(
        store.take_sign_in_link("t", at(1)).await.expect("read").expect("valid").id,
        user_id
    );

    // The key's hash is taken, so nothing of the second organisation may remain.
    let second = NewOrg {
        key: new.key.clone().map(|key| execlave_store::keys::NewKey { id: id(), ..key }),
        ..new_org()
    };
    let error = store.create_org(&second).await.expect_err("refused");
    assert!(matches!(error, StoreError::Conflict("key")), "{error:?}");
    assert!(store.find_org(second.org.id).await.expect("read").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_first_starts_one_creates_the_organisation() {
    let store = Store::for_test().await;
    let starts = (0..8).map(|_| {
        let store = (*store).clone();
        tokio::task::spawn_blocking(move || {
            tokio::runtime::Handle::current().block_on(async move {
                store.create_first_org_across_orgs(&new_org()).await.expect("answered")
            })
        })
    });
    let mut created = 0;
    for start in starts.collect::<Vec<_>>() {
        created += i32::from(start.await.expect("no panic"));
    }
    assert_eq!(created, 1);
    assert_eq!(store.list_orgs_across_orgs().await.expect("read").len(), 1);
    create_org(&store).await;
    assert_eq!(store.list_orgs_across_orgs().await.expect("read").len(), 2);
}
