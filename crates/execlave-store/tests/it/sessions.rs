use std::sync::Arc;

use crate::support::{at, id, two_orgs};
use execlave_store::StoreError;
use execlave_store::sessions::Session;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_link_works_once_and_in_time() {
    let (store, ours, theirs) = two_orgs().await;
    let owner = store.list_users(ours).await.expect("read").remove(0);
    store.insert_sign_in_link(ours, owner.id, "link", at(1000), at(0)).await.expect("made");
    store.insert_sign_in_link(ours, owner.id, "late", at(1000), at(0)).await.expect("made");
    let stranger = store
        .insert_sign_in_link(theirs, owner.id, "wrong", at(1000), at(0))
        .await
        .expect_err("not their user");
    assert!(matches!(stranger, StoreError::InvalidReference("sign-in link")), "{stranger:?}");

    assert!(store.take_sign_in_link("late", at(1000)).await.expect("read").is_none(), "expired");
    let store = Arc::new(store);
    let mut takers = JoinSet::new();
    for _ in 0..10 {
        let store = Arc::clone(&store);
        takers.spawn(async move {
            store.take_sign_in_link("link", at(1)).await.expect("answered").is_some()
        });
    }
    assert_eq!(takers.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
}

#[tokio::test]
async fn a_session_lasts_until_it_ends_or_expires() {
    let (store, ours, theirs) = two_orgs().await;
    let owner = store.list_users(ours).await.expect("read").remove(0);
    let session = Session {
        org_id: ours,
        id: id(),
        user_id: owner.id,
        token_hash: "cookie".into(),
        csrf_token: "form".into(),
        created_at: at(0),
        expires_at: at(1000),
    };
    store.insert_session(&session).await.expect("made");
    let (found, user) = store.find_session("cookie", at(999)).await.expect("read").expect("there");
    assert_eq!((found.csrf_token.as_str(), user.id), ("form", owner.id));
    assert!(!format!("{found:?}").contains("form"), "a session's token must not reach a log");
    assert!(store.find_session("cookie", at(1000)).await.expect("read").is_none(), "expired");

    assert!(!store.delete_session(theirs, session.id).await.expect("answered"), "not theirs");
    assert!(store.find_session("cookie", at(1)).await.expect("read").is_some());
    assert!(store.delete_session(ours, session.id).await.expect("answered"));
    assert!(store.find_session("cookie", at(1)).await.expect("read").is_none());

    store.insert_session(&session).await.expect("made again");
    store.insert_sign_in_link(ours, owner.id, "link", at(500), at(0)).await.expect("made");
    assert_eq!(store.purge_sessions_across_orgs(at(999)).await.expect("purged"), 1);
    assert_eq!(store.purge_sessions_across_orgs(at(1000)).await.expect("purged"), 1);
}
