use std::os::unix::fs::PermissionsExt as _;

use crate::support::{agent, create_org, new_key};
use execlave_store::{ConnectOptions, Store, StoreError, StoreUrl};

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let store = Store::for_test().await;
    let org = create_org(&store).await;
    store.migrate().await.expect("again");
    store.ping().await.expect("alive");
    assert!(store.find_org(org).await.expect("read").is_some());
}

#[tokio::test]
async fn a_column_added_by_a_newer_version_does_not_trouble_a_running_one() {
    let store = Store::for_test().await;
    let org = create_org(&store).await;
    let before = agent(&store, org).await;
    // The read is prepared and kept by the connection, on every one of them.
    for _ in 0..20 {
        store.find_agent(org, before.id).await.expect("read");
    }
    store.run_sql("ALTER TABLE agents ADD COLUMN from_the_future TEXT").await;
    for _ in 0..20 {
        store.find_agent(org, before.id).await.expect("read").expect("there");
    }
    agent(&store, org).await;
}

#[tokio::test]
async fn the_data_directory_is_private_and_used_by_one_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("execlave-data");
    let url = StoreUrl::Sqlite(data.clone());
    let exclusive = ConnectOptions { exclusive: true, ..ConnectOptions::default() };
    let server = Store::open(&url, &exclusive).await.expect("opened");
    server.migrate().await.expect("migrated");
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!((mode(&data), mode(&data.join("execlave.db"))), (0o700, 0o600));

    let refused = Store::open(&url, &exclusive).await.expect_err("in use");
    assert!(
        matches!(&refused, StoreError::Open(why) if why.contains("another server")),
        "{refused:?}"
    );
    let administration = Store::open_sqlite(&data).await.expect("works beside a server");
    let org = create_org(&administration).await;
    administration.create_key(org, &new_key("beside"), "cli").await.expect("created");
    administration.close().await;
    agent(&server, org).await;
    server.close().await;
    drop(server);
    let next = Store::open(&url, &exclusive).await.expect("free again");
    assert_eq!(next.list_keys_across_orgs().await.expect("read").len(), 1);
    next.close().await;
}

#[tokio::test]
async fn addresses_are_read_and_never_shown_with_a_password() {
    let url: StoreUrl =
        "postgres://ada:secret@db.test:5433/governance?sslmode=require".parse().expect("read");
    assert_eq!(
        format!("{url} {url:?}"),
        "postgres://db.test:5433/governance postgres://db.test:5433/governance"
    );
    assert_eq!(
        "sqlite:./data".parse::<StoreUrl>().expect("read"),
        StoreUrl::Sqlite("./data".into())
    );
    assert_eq!(
        "sqlite:///var/data".parse::<StoreUrl>().expect("read"),
        StoreUrl::Sqlite("/var/data".into())
    );
    for bad in ["mysql://x", "secret", ""] {
        let error = bad.parse::<StoreUrl>().expect_err("refused").to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    let closed = Store::connect("postgres://ada:secret@127.0.0.1:1/x", &ConnectOptions::default())
        .await
        .expect_err("nobody there");
    assert!(matches!(closed, StoreError::Unavailable(_)), "{closed:?}");
    assert!(!format!("{closed:?} {closed}").contains("secret"));
}
