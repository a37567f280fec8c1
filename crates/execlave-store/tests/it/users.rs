use crate::support::{at, id, two_orgs, user};
use execlave_store::StoreError;
use execlave_store::page::PageRequest;
use execlave_store::passwords::Password;
use execlave_store::sessions::{Session, SignInMethod};
use execlave_store::users::{LinkMade, Role, User, UserChange, UserChanged, UserState};

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
    assert_eq!(store.all_users(ours).await.expect("read").len(), 2);

    assert!(store.find_user(theirs, ada.id).await.expect("read").is_none());
    assert!(store.find_user_by_email(theirs, "ada@acme.test").await.expect("read").is_none());
    assert_eq!(store.all_users(theirs).await.expect("read").len(), 1);

    let again =
        store.create_user(ours, &user(ours, "ADA@acme.test"), "cli").await.expect_err("taken");
    assert!(matches!(again, StoreError::Conflict("user")), "{again:?}");
    store.create_user(theirs, &user(theirs, "ada@acme.test"), "cli").await.expect("free elsewhere");
}

fn page() -> PageRequest {
    PageRequest::default()
}

#[tokio::test]
async fn invitations_are_accepted_by_one_and_not_from_another_organisation() {
    let (store, ours, theirs) = two_orgs().await;
    let ada = User { state: UserState::Invited, role: Role::Viewer, ..user(ours, "ada@acme.test") };
    store.invite_user(&ada, "link", at(1000), "cli").await.expect("invited");
    assert!(
        store.take_sign_in_link("link", at(1)).await.expect("read").is_none(),
        "no sign-in link"
    );
    assert!(store.find_invitation("link", at(1000)).await.expect("read").is_none(), "expired");
    assert_eq!(store.find_invitation("link", at(1)).await.expect("read").expect("good").id, ada.id);

    let by = ("cli", at(2));
    let strange = store.renew_link(theirs, ada.id, "no", |_| at(9), by, |_| true).await;
    assert!(matches!(strange.expect("answered"), LinkMade::NotFound));
    let refused = store.renew_link(ours, ada.id, "no", |_| at(9), by, |_| false).await;
    assert!(matches!(refused.expect("answered"), LinkMade::Refused));
    let again = store.renew_link(ours, ada.id, "again", |_| at(1000), by, |_| true).await;
    assert!(matches!(again.expect("answered"), LinkMade::Done(_)));
    assert!(store.accept_invitation("link", "Ada", "hash", at(3)).await.expect("read").is_none());
    let (one, other) = tokio::join!(
        store.accept_invitation("again", "Ada", "hash", at(3)),
        store.accept_invitation("again", "Eve", "other", at(3)),
    );
    let accepted: Vec<_> =
        [one, other].into_iter().filter_map(|one| one.expect("answered")).collect();
    assert_eq!(accepted.len(), 1);
    assert_eq!(accepted[0].state, UserState::Active);
    let known = store.find_users_by_email_across_orgs("ADA@acme.test").await.expect("read");
    assert!(known[0].1.is_some());
    assert!(store.find_password(theirs, ada.id).await.expect("read").is_none());
}

#[tokio::test]
async fn a_change_is_judged_counted_and_recorded() {
    let (store, ours, theirs) = two_orgs().await;
    let owner = store.list_users(ours, &page()).await.expect("read").items.remove(0);
    let out = UserChange { state: Some(UserState::Disabled), ..UserChange::default() };
    let change = async |org, id, allowed: bool| {
        let changed = store.update_user(org, id, &out, "cli", at(5), |_, _| allowed).await;
        changed.expect("answered")
    };
    assert!(matches!(change(theirs, owner.id, true).await, UserChanged::NotFound));
    assert!(matches!(change(ours, owner.id, false).await, UserChanged::Refused));
    assert!(matches!(change(ours, owner.id, true).await, UserChanged::LastOwner));
    store.create_user(ours, &user(ours, "second@acme.test"), "cli").await.expect("made");
    assert!(matches!(change(ours, owner.id, true).await, UserChanged::Done(_)));
    assert!(matches!(change(ours, owner.id, true).await, UserChanged::Done(_)));
    let log = store.list_audit(ours, &page()).await.expect("read").items;
    let events = log.iter().filter(|entry| entry.event == "user.disabled").count();
    assert_eq!(events, 1, "what changes nothing is not recorded");
}

#[tokio::test]
async fn another_password_ends_other_sessions_and_links() {
    let (store, ours, _) = two_orgs().await;
    let owner = store.list_users(ours, &page()).await.expect("read").items.remove(0);
    let session = |token: &str| Session {
        org_id: ours,
        id: id(),
        user_id: owner.id,
        token_hash: token.to_owned(),
        csrf_token: "form".into(),
        method: SignInMethod::Password,
        user_agent: None,
        address: None,
        created_at: at(0),
        expires_at: at(1000),
        last_used_at: None,
    };
    let (kept, other) = (session("kept"), session("other"));
    store.insert_session(&kept).await.expect("made");
    store.insert_session(&other).await.expect("made");
    store.insert_sign_in_link(ours, owner.id, "link", at(1000), "cli", at(0)).await.expect("made");
    store.touch_sessions(&[(ours, kept.id, at(7)), (ours, kept.id, at(6))]).await.expect("noted");
    let list = store.list_sessions(ours, owner.id, &page()).await.expect("read");
    let seen: Vec<_> = list.items.iter().map(|one| one.last_used_at).collect();
    assert_eq!((list.total, seen.contains(&Some(at(7)))), (Some(2), true));

    let password = Password {
        org_id: ours,
        user_id: owner.id,
        hash: "a secret hash".into(),
        changed_at: at(8),
    };
    assert!(!format!("{password:?}").contains("secret"), "a hash must not reach a log");
    assert!(store.set_password(&password, Some(kept.id), "cli").await.expect("written"));
    assert!(store.find_session("kept", at(9)).await.expect("read").is_some());
    assert!(store.find_session_by_id(ours, other.id).await.expect("read").is_none());
    assert!(store.take_sign_in_link("link", at(9)).await.expect("read").is_none());
    assert!(store.set_password(&password, None, "cli").await.expect("written"));
    assert!(store.find_session_by_id(ours, kept.id).await.expect("read").is_none());
}
