use crate::support::{at, first_page, id, new_key, page_of, two_orgs};
use execlave_store::StoreError;
use execlave_store::keys::{NewKey, Rotated};

#[tokio::test]
async fn keys_are_listed_newest_first_in_pages() {
    let (store, ours, _) = two_orgs().await;
    for n in 0..5 {
        let key = NewKey { created_at: at(n), ..new_key(&n.to_string()) };
        store.create_key(ours, &key, "user:ada").await.expect("created");
    }
    let mut names = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list_keys(ours, &page_of(2, cursor)).await.expect("read");
        assert_eq!(page.total, Some(5));
        names.extend(page.items.into_iter().map(|key| key.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, ["4", "3", "2", "1", "0"]);
    let bad =
        store.list_keys(ours, &page_of(2, Some("nonsense".into()))).await.expect_err("refused");
    assert!(matches!(bad, StoreError::InvalidCursor));
}

#[tokio::test]
async fn a_revoked_key_stays_known_and_is_revoked_once() {
    let (store, ours, theirs) = two_orgs().await;
    let new = new_key("ci");
    let key = store.create_key(ours, &new, "user:ada").await.expect("created");
    assert_eq!(key.scopes, ["sdk", "read"]);
    let twin = store
        .create_key(theirs, &NewKey { id: id(), ..new }, "user:eve")
        .await
        .expect_err("same secret");
    assert!(matches!(twin, StoreError::Conflict("key")), "{twin:?}");

    assert!(
        store.revoke_key(theirs, key.id, "user:eve", at(1)).await.expect("answered").is_none(),
        "not theirs"
    );
    assert!(store.find_key(theirs, key.id).await.expect("read").is_none());
    assert_eq!(store.list_keys(theirs, &first_page()).await.expect("read").items.len(), 0);

    store
        .touch_keys(&[(theirs, key.id, at(9)), (ours, key.id, at(7)), (ours, key.id, at(5))])
        .await
        .expect("touched");
    store.touch_keys(&[]).await.expect("nothing to do");
    assert_eq!(
        store.find_key(ours, key.id).await.expect("read").expect("there").last_used_at,
        Some(at(7))
    );

    assert_eq!(store.list_keys_across_orgs().await.expect("read").len(), 1);
    let revoked =
        store.revoke_key(ours, key.id, "user:ada", at(2)).await.expect("answered").expect("there");
    assert_eq!(revoked.revoked_at, Some(at(2)));
    let again =
        store.revoke_key(ours, key.id, "user:ada", at(3)).await.expect("answered").expect("there");
    assert_eq!(again.revoked_at, Some(at(2)));
    let known = store.list_keys_across_orgs().await.expect("read");
    assert_eq!(known.iter().map(|key| key.revoked_at).collect::<Vec<_>>(), [Some(at(2))]);
    assert_eq!(store.list_keys(ours, &first_page()).await.expect("read").items.len(), 1);
    let events: Vec<_> = store
        .list_audit(ours, &first_page())
        .await
        .expect("read")
        .items
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert_eq!(events, ["key.revoked", "key.created"]);
}

#[tokio::test]
async fn a_key_is_replaced_once_and_ends_no_later_than_it_would_have() {
    let (store, ours, theirs) = two_orgs().await;
    let old = NewKey { expires_at: Some(at(50)), ..new_key("app") };
    store.create_key(ours, &old, "user:ada").await.expect("created");
    let new = NewKey { created_at: at(1), ..new_key("app") };
    let foreign = store.rotate_key(theirs, old.id, &new, at(90), "user:eve").await;
    assert!(matches!(foreign.expect("read"), Rotated::NotFound));
    let done = store.rotate_key(ours, old.id, &new, at(90), "user:ada").await.expect("replaced");
    let Rotated::Done(keys) = done else { panic!("{done:?}") };
    assert_eq!((keys.0.replaced_by, keys.0.expires_at), (Some(new.id), Some(at(50))));
    assert_eq!((keys.1.replaces, keys.1.expires_at), (Some(old.id), None));
    let again = NewKey { created_at: at(2), ..new_key("app") };
    let over = store.rotate_key(ours, old.id, &again, at(90), "user:ada").await.expect("read");
    assert!(matches!(over, Rotated::Over(_)), "{over:?}");
    assert_eq!(store.find_key(ours, again.id).await.expect("read").map(|key| key.id), None);
}
