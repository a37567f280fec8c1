use std::sync::Arc;

use crate::support::{at, first_page, id, two_orgs, user};
use execlave_store::StoreError;
use execlave_store::sessions::{Session, SignInMethod};
use execlave_store::settings::SigningKeyRecord;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_link_works_once_and_in_time() {
    let (store, ours, theirs) = two_orgs().await;
    let owner = store.all_users(ours).await.expect("read").remove(0);
    store.insert_sign_in_link(ours, owner.id, "link", at(1000), "cli", at(0)).await.expect("made");
    store.insert_sign_in_link(ours, owner.id, "late", at(1000), "cli", at(0)).await.expect("made");
    let stranger = store
        .insert_sign_in_link(theirs, owner.id, "wrong", at(1000), "cli", at(0))
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
    let owner = store.all_users(ours).await.expect("read").remove(0);
    let actor = format!("user:{}", owner.id);
    let session = Session {
        org_id: ours,
        id: id(),
        user_id: owner.id,
        token_hash: "cookie".into(),
        csrf_token: "form".into(),
        method: SignInMethod::Link,
        user_agent: None,
        address: None,
        last_used_at: None,
        created_at: at(0),
        expires_at: at(1000),
    };
    store.insert_session(&session).await.expect("made");
    let (found, user) = store.find_session("cookie", at(999)).await.expect("read").expect("there");
    assert_eq!((found.csrf_token.as_str(), user.id), ("form", owner.id));
    assert!(!format!("{found:?}").contains("form"), "a session's token must not reach a log");
    assert!(store.find_session("cookie", at(1000)).await.expect("read").is_none(), "expired");

    assert!(
        !store.delete_session(theirs, session.id, &actor, at(9)).await.expect("answered"),
        "not theirs"
    );
    assert!(store.find_session("cookie", at(1)).await.expect("read").is_some());
    assert!(store.delete_session(ours, session.id, &actor, at(9)).await.expect("answered"));
    assert!(store.find_session("cookie", at(1)).await.expect("read").is_none());

    store.insert_session(&session).await.expect("made again");
    store.insert_sign_in_link(ours, owner.id, "link", at(500), "cli", at(0)).await.expect("made");
    assert_eq!(store.purge_sessions_across_orgs(at(999)).await.expect("purged"), 1);
    assert_eq!(store.purge_sessions_across_orgs(at(1000)).await.expect("purged"), 1);
}

#[tokio::test]
async fn links_signing_in_and_out_people_and_signing_keys_are_in_the_audit_log() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = user(ours, "ada@acme.test");
    store.create_user(ours, &ada, "cli").await.expect("made");
    store.insert_sign_in_link(ours, ada.id, "link", at(1000), "cli", at(0)).await.expect("made");
    let actor = format!("user:{}", ada.id);
    let session = Session {
        org_id: ours,
        id: id(),
        user_id: ada.id,
        token_hash: "c".repeat(64),
        csrf_token: "x".into(),
        method: SignInMethod::Link,
        user_agent: None,
        address: None,
        last_used_at: None,
        created_at: at(1),
        expires_at: at(1000),
    };
    store.insert_session(&session).await.expect("made");
    assert!(store.delete_session(ours, session.id, &actor, at(2)).await.expect("answered"));
    assert!(!store.delete_session(ours, session.id, &actor, at(3)).await.expect("answered"));
    let key = SigningKeyRecord { key_id: "k".into(), seed: "c2VjcmV0".into(), created_at: at(4) };
    store.insert_signing_key_across_orgs(&key, "cli").await.expect("stored");

    let log = store.list_audit(ours, &first_page()).await.expect("read").items;
    let (person, session) = (format!("user:{}", ada.id), format!("session:{}", session.id));
    let events: Vec<_> = log
        .iter()
        .rev()
        .map(|entry| (entry.event.as_str(), entry.actor.as_str(), entry.subject.as_str()))
        .collect();
    assert_eq!(
        events,
        [
            ("user.created", "cli", person.as_str()),
            ("sign_in_link.created", "cli", &person),
            ("user.signed_in", &person, &session),
            ("user.signed_out", &person, &session),
            ("signing_key.created", "cli", "signing_key:k"),
        ]
    );
    assert!(log.iter().all(|entry| !entry.body.contains("link") && !entry.body.contains("c2Vj")));
    assert_eq!(store.list_audit(theirs, &first_page()).await.expect("read").items.len(), 1);
}
