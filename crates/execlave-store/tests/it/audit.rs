use crate::support::{agent, at, create_org, first_page, new_agent, page_of, two_orgs};
use execlave_core::request::AgentStatus;
use execlave_store::audit::AuditEntry;
use execlave_store::{ConnectOptions, Store};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_has_no_gap_under_concurrency() {
    let (store, ours, theirs) = two_orgs().await;
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let mut registrations = JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { (*store).clone() } else { other.clone() };
        let org = if n % 4 == 0 { theirs } else { ours };
        registrations.spawn(async move {
            store
                .register_agent(org, &new_agent(&format!("a{n}")), "key:k", at(n))
                .await
                .expect("registered");
        });
    }
    registrations.join_all().await;
    other.close().await;
    for (org, length) in [(ours, 30), (theirs, 10)] {
        let entries = entire_log(&store, org).await;
        assert_eq!(entries.len(), length);
        let mut previous = "0".repeat(64);
        for (idx, entry) in (1..).zip(&entries) {
            assert_eq!(entry.idx, idx);
            assert_eq!(entry.prev_hash, previous);
            assert_eq!(entry.hash, entry.expected_hash());
            previous.clone_from(&entry.hash);
        }
    }
}

/// Read in small pages, oldest first.
async fn entire_log(store: &Store, org: execlave_core::ids::OrgId) -> Vec<AuditEntry> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.list_audit(org, &page_of(7, cursor)).await.expect("read");
        entries.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            entries.reverse();
            return entries;
        }
    }
}

#[tokio::test]
async fn an_entry_is_anchored_where_it_is_and_nowhere_else() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    store
        .set_agent_status(ours, bot.id, AgentStatus::Paused, Some("ä\u{1F600}"), "user:ada", at(1))
        .await
        .expect("paused");
    for idx in [1, 2] {
        assert_eq!(store.anchored(ours, idx).await.expect("read").expect("anchored").idx, idx);
    }
    for idx in [0, 3, -1, i64::MAX, i64::MIN] {
        assert!(store.anchored(ours, idx).await.expect("read").is_none(), "{idx}");
    }
    assert!(store.anchored(theirs, 1).await.expect("read").is_none());
    let empty = create_org(&store).await;
    assert_eq!(store.list_audit(empty, &first_page()).await.expect("read").items.len(), 0);
}

#[tokio::test]
async fn a_changed_entry_has_another_hash() {
    let (store, ours, _) = two_orgs().await;
    agent(&store, ours).await;
    let entry = store.anchored(ours, 1).await.expect("read").expect("there");
    let changed = AuditEntry { actor: "user:eve".into(), ..entry.clone() };
    assert_ne!(changed.expected_hash(), entry.hash);
    let moved = AuditEntry { prev_hash: "1".repeat(64), ..entry.clone() };
    assert_ne!(moved.expected_hash(), entry.hash);
}
