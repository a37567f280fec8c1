use std::time::Duration;

use crate::support::{agent, at, id, new_key, two_orgs, waiting};
use execlave_core::ids::{OrgId, PolicyId};
use execlave_core::request::AgentStatus;
use execlave_store::changes::{Change, Noun};
use execlave_store::policies::PolicyDraft;
use execlave_store::{ConnectOptions, Store, StoreUrl};
use serde_json::json;
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

/// The next notice about an organisation.
async fn next(changes: &mut Receiver<Change>, org: OrgId) -> (Noun, Uuid) {
    let wait = async {
        loop {
            match changes.recv().await.expect("open") {
                Change::Row { org_id, noun, id } if org_id == org => return (noun, id),
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("a notice")
}

#[tokio::test]
async fn every_change_is_announced_after_it_can_be_read() {
    let (store, ours, _) = two_orgs().await;
    let mut changes = store.changes();
    let bot = agent(&store, ours).await;
    assert_eq!(next(&mut changes, ours).await, (Noun::Agent, bot.id.as_uuid()));
    store
        .set_agent_status(ours, bot.id, AgentStatus::Paused, None, "user:ada", at(1))
        .await
        .expect("paused");
    assert_eq!(next(&mut changes, ours).await, (Noun::Agent, bot.id.as_uuid()));
    let key = store.create_key(ours, &new_key("k"), "user:ada").await.expect("created");
    assert_eq!(next(&mut changes, ours).await, (Noun::Key, key.id.as_uuid()));
    store.revoke_key(ours, key.id, "user:ada", at(2)).await.expect("revoked");
    assert_eq!(next(&mut changes, ours).await, (Noun::Key, key.id.as_uuid()));
    let policy: PolicyId = id();
    let draft = PolicyDraft {
        name: "p".into(),
        policy_type: "pii_access".into(),
        is_active: true,
        document: json!({}).into(),
    };
    store.create_policy(ours, policy, &draft, "user:ada", at(3)).await.expect("created");
    assert_eq!(next(&mut changes, ours).await, (Noun::Policy, policy.as_uuid()));
    store
        .create_policy(ours, id(), &draft, "user:ada", at(3))
        .await
        .expect_err("the name is taken, so nothing is announced");
    let (new, asked) = waiting(ours, bot.id, "a");
    store.request_approval(new.clone(), asked).await.expect("asked");
    assert_eq!(next(&mut changes, ours).await, (Noun::Approval, new.id.as_uuid()));
}

#[tokio::test]
async fn what_another_process_writes_is_noticed() {
    let (store, ours, _) = two_orgs().await;
    let mut changes = store.changes();
    let other = Store::open(store.url(), &ConnectOptions::default()).await.expect("opened");
    let mut written = Vec::new();
    let noticed = async {
        loop {
            let key = other.create_key(ours, &new_key("k"), "user:ada").await.expect("created");
            written.push(key.id.as_uuid());
            // On SQLite what is written before the watch has looked for the first time is not news: another write follows.
            while let Ok(change) =
                tokio::time::timeout(Duration::from_secs(1), changes.recv()).await
            {
                match (store.url(), change.expect("open")) {
                    (StoreUrl::Postgres(_), Change::Row { noun: Noun::Key, id, .. }) => {
                        assert!(written.contains(&id));
                        return;
                    }
                    (StoreUrl::Sqlite(_), change) => {
                        assert_eq!(change, Change::Resync);
                        return;
                    }
                    (StoreUrl::Postgres(_), _) => {}
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), noticed).await.expect("a notice");
    other.close().await;
}

#[tokio::test]
async fn a_lost_connection_means_resync() {
    let (store, ours, _) = two_orgs().await;
    let StoreUrl::Postgres(url) = store.url() else { return };
    let mut changes = store.changes();
    let mut admin = sqlx::postgres::PgPoolOptions::new()
        .connect(url.as_str())
        .await
        .expect("connected")
        .acquire()
        .await
        .expect("connected");
    let name =
        url.query_pairs().find(|(key, _)| key == "application_name").expect("named").1.into_owned();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()")
        .bind(name)
        .execute(&mut *admin)
        .await
        .expect("terminated");
    let resync = async { while changes.recv().await != Ok(Change::Resync) {} };
    tokio::time::timeout(Duration::from_secs(10), resync).await.expect("a resync");
    let mut bot = None;
    for _ in 0..10 {
        // A pooled connection that was ended too may fail one call.
        if let Ok((agent, _)) =
            store.register_agent(ours, &crate::support::new_agent("after"), "key:k", at(0)).await
        {
            bot = Some(agent.id.as_uuid());
            break;
        }
    }
    assert_eq!(next(&mut changes, ours).await, (Noun::Agent, bot.expect("registered")));
}
