use crate::support::at;
use execlave_store::Store;
use execlave_store::settings::SigningKeyRecord;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_agree_on_one_signing_key_until_there_is_a_newer_one() {
    let store = Store::for_test().await;
    let mut nodes = JoinSet::new();
    for n in 0..8 {
        let store = (*store).clone();
        nodes.spawn(async move {
            let candidate = SigningKeyRecord {
                key_id: format!("key-{n}"),
                seed: "c2VjcmV0".into(),
                created_at: at(n),
            };
            store.ensure_signing_key_across_orgs(&candidate).await.expect("answered").key_id
        });
    }
    let mut keys = nodes.join_all().await;
    keys.sort();
    keys.dedup();
    let stored = store.list_signing_keys_across_orgs().await.expect("read");
    assert_eq!(keys, [stored[0].key_id.clone()]);
    assert_eq!((stored.len(), stored[0].seed.as_str()), (1, "c2VjcmV0"));
    assert!(!format!("{stored:?}").contains("c2VjcmV0"), "a seed must not reach a log");

    let next =
        SigningKeyRecord { key_id: "next".into(), seed: "bmV4dA==".into(), created_at: at(100) };
    store.insert_signing_key_across_orgs(&next, "cli").await.expect("stored");
    let current = store.ensure_signing_key_across_orgs(&stored[0]).await.expect("answered");
    assert_eq!(current.key_id, "next", "the newest signs");
    let published = store.list_signing_keys_across_orgs().await.expect("read");
    assert_eq!(
        published.iter().map(|key| key.key_id.as_str()).collect::<Vec<_>>(),
        ["next", &keys[0]]
    );
}
