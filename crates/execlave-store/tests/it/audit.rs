mod tamper;

use crate::support::{agent, at, create_org, first_page, new_agent, page_of, two_orgs};
use execlave_core::audit::Chain;
use execlave_core::audit::merkle::Frontier;
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
        let mut chain = Chain::new(org, Vec::new());
        for entry in &entries {
            chain.push(&entry.to_entry().expect("canonical")).expect("in its place");
        }
        assert_eq!(store.audit_tree(org).await.expect("read"), *chain.tree());
        let leaves = store.audit_leaves(org, 1_000).await.expect("read");
        assert_eq!(Frontier::of(&leaves), *chain.tree());
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
