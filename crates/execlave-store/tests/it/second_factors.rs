use std::sync::Arc;

use crate::support::{at, first_page, id, two_orgs, user};
use execlave_core::ids::{OrgId, UserId};
use execlave_store::second_factors::{FactorRemoved, FirstCode};
use execlave_store::sessions::{PendingSignIn, SignInMethod};
use execlave_store::users::{User, UserChange, UserState};
use execlave_store::{Store, StoreError};
use tokio::task::JoinSet;

fn first<'a>(secret: &'a str, hashes: &'a [String]) -> FirstCode<'a> {
    FirstCode { secret, step: 7, recovery_hashes: hashes, keep: id() }
}

async fn guarded(store: &Store, org: OrgId, hashes: &[&str]) -> User {
    let ada = user(org, "ada@acme.test");
    store.create_user(org, &ada, "cli").await.expect("made");
    assert!(store.begin_second_factor(org, ada.id, "sealed", at(0)).await.expect("answered"));
    let hashes: Vec<String> = hashes.iter().map(|&hash| hash.to_owned()).collect();
    let done = store.confirm_second_factor(org, ada.id, first("sealed", &hashes), at(1)).await;
    assert!(done.expect("answered"));
    ada
}

fn pending(org_id: OrgId, user_id: UserId, token: &str) -> PendingSignIn {
    PendingSignIn {
        token_hash: token.to_owned(),
        org_id,
        user_id,
        method: SignInMethod::Password,
        created_at: at(0),
        expires_at: at(1000),
    }
}

#[tokio::test]
async fn a_secret_is_replaced_until_a_code_confirms_it() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = user(ours, "ada@acme.test");
    store.create_user(ours, &ada, "cli").await.expect("made");
    let strange = store.begin_second_factor(theirs, ada.id, "x", at(0)).await;
    let strange = strange.expect_err("not their user");
    assert!(matches!(strange, StoreError::InvalidReference(_)), "{strange:?}");
    for secret in ["one", "two"] {
        assert!(store.begin_second_factor(ours, ada.id, secret, at(0)).await.expect("answered"));
    }
    let confirm = |org, secret| store.confirm_second_factor(org, ada.id, first(secret, &[]), at(1));
    assert!(!confirm(ours, "one").await.expect("answered"), "it was replaced");
    assert!(!confirm(theirs, "two").await.expect("answered"), "not theirs");
    assert!(!store.take_second_factor_step(ours, ada.id, "two", 9).await.expect("answered"));
    assert!(confirm(ours, "two").await.expect("answered"));
    assert!(!confirm(ours, "two").await.expect("answered"), "once");
    assert!(!store.begin_second_factor(ours, ada.id, "three", at(2)).await.expect("answered"));
    let found = store.find_second_factor(ours, ada.id).await.expect("read").expect("there");
    assert_eq!((found.secret.as_str(), found.confirmed_at), ("two", Some(at(1))));
    assert!(!format!("{found:?}").contains("two"), "a secret must not reach a log");
    assert!(store.find_second_factor(theirs, ada.id).await.expect("read").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_and_a_recovery_code_are_taken_by_one_of_many() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = guarded(&store, ours, &["one", "two"]).await.id;
    let take = |org, step| store.take_second_factor_step(org, ada, "sealed", step);
    assert!(!take(ours, 7).await.expect("answered"), "the first code was of this step");
    assert!(!take(ours, 6).await.expect("answered"), "an earlier one");
    assert!(!take(theirs, 8).await.expect("answered"), "not theirs");
    assert!(!store.take_recovery_code(theirs, ada, "one", at(2)).await.expect("answered"));
    let store = Arc::new(store);
    let mut takers = JoinSet::new();
    for _ in 0..10 {
        let store = Arc::clone(&store);
        takers.spawn(async move {
            let step = store.take_second_factor_step(ours, ada, "sealed", 8).await;
            let code = store.take_recovery_code(ours, ada, "one", at(2)).await;
            (step.expect("answered"), code.expect("answered"))
        });
    }
    let taken = takers.join_all().await;
    assert_eq!(taken.iter().filter(|(step, _)| *step).count(), 1);
    assert_eq!(taken.iter().filter(|(_, code)| *code).count(), 1);
    assert_eq!(store.count_recovery_codes(ours, ada).await.expect("read"), 1);
    assert_eq!(store.count_recovery_codes(theirs, ada).await.expect("read"), 0);
}

#[tokio::test]
async fn a_factor_is_removed_whole_and_by_who_may() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = guarded(&store, ours, &["one"]).await;
    store.insert_pending_sign_in(&pending(ours, ada.id, "token")).await.expect("made");
    let by = ("cli", at(5));
    let strange = store.delete_second_factor(theirs, ada.id, by, |_| true).await;
    assert!(matches!(strange.expect("answered"), FactorRemoved::NotFound));
    let refused = store.delete_second_factor(ours, ada.id, by, |_| false).await;
    assert!(matches!(refused.expect("answered"), FactorRemoved::Refused));
    assert!(store.find_second_factor(ours, ada.id).await.expect("read").is_some());
    for _ in 0..2 {
        let removed = store.delete_second_factor(ours, ada.id, by, |_| true).await;
        assert!(matches!(removed.expect("answered"), FactorRemoved::Done(_)));
    }
    assert!(store.find_second_factor(ours, ada.id).await.expect("read").is_none());
    assert!(!store.take_recovery_code(ours, ada.id, "one", at(6)).await.expect("answered"));
    assert!(store.find_pending_sign_in("token", at(6)).await.expect("read").is_none());
    let log = store.list_audit(ours, &first_page()).await.expect("read").items;
    let events: Vec<_> = log.iter().rev().map(|entry| entry.event.as_str()).collect();
    let wanted =
        ["user.second_factor_begun", "user.second_factor_enabled", "user.second_factor_removed"];
    assert!(events.ends_with(&wanted), "{events:?}");
    assert!(log.iter().all(|entry| !entry.body.contains("sealed")));
}

#[tokio::test]
async fn what_was_begun_is_good_once_in_time_and_for_who_can_sign_in() {
    let (store, ours, _) = two_orgs().await;
    let ada = guarded(&store, ours, &[]).await;
    let begun = pending(ours, ada.id, "token");
    store.insert_pending_sign_in(&begun).await.expect("made");
    let (found, who) =
        store.find_pending_sign_in("token", at(999)).await.expect("read").expect("there");
    assert_eq!((found.method, who.id), (SignInMethod::Password, ada.id));
    assert!(!format!("{found:?}").contains("token"), "it must not reach a log");
    assert!(store.find_pending_sign_in("token", at(1000)).await.expect("read").is_none());
    assert!(!store.take_pending_sign_in("token", at(1000)).await.expect("answered"), "late");
    assert!(store.take_pending_sign_in("token", at(999)).await.expect("answered"));
    assert!(!store.take_pending_sign_in("token", at(999)).await.expect("answered"), "once");

    store.insert_pending_sign_in(&begun).await.expect("made again");
    assert_eq!(store.purge_sessions_across_orgs(at(999)).await.expect("purged"), 0);
    let out = UserChange { state: Some(UserState::Disabled), ..UserChange::default() };
    store.update_user(ours, ada.id, &out, "cli", at(2), |_, _| true).await.expect("changed");
    assert!(store.find_pending_sign_in("token", at(3)).await.expect("read").is_none());
    let back = UserChange { state: Some(UserState::Active), ..UserChange::default() };
    store.update_user(ours, ada.id, &back, "cli", at(4), |_, _| true).await.expect("changed");
    assert!(store.find_pending_sign_in("token", at(5)).await.expect("read").is_none(), "void");
    store.insert_pending_sign_in(&begun).await.expect("made again");
    assert_eq!(store.purge_sessions_across_orgs(at(1000)).await.expect("purged"), 1);
}
