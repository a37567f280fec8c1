//! The audit log over HTTP: whatever comes out of it can be checked without the server.

use ed25519_dalek::VerifyingKey;
use execlave_core::audit::{
    ConsistencyProof, ExportVerifier, InclusionProof, TreeHead, key_of_jwk,
};
use execlave_server::secrets;
use execlave_store::keys::NewKey;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::support::{Client, TestApp};

async fn keys(app: &TestApp) -> Vec<VerifyingKey> {
    let published = app.anonymous().get_root("/.well-known/jwks.json").await.expect(200).body;
    let jwks = published["keys"].as_array().expect("keys");
    jwks.iter().map(|jwk| key_of_jwk(jwk).expect("a key")).collect()
}

async fn data<T: DeserializeOwned>(client: &Client, path: &str) -> T {
    let answer = client.get(path).await.expect(200).body;
    serde_json::from_value(answer["data"].clone()).expect("what the core says it is")
}

#[tokio::test]
async fn what_was_done_is_listed_and_nobody_elses() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    let agent = app.agent("bot").await;
    app.operator()
        .patch(&format!("/agents/{agent}/pause"), json!({ "reason": "drill" }))
        .await
        .expect(200);
    let list = app.operator().get("/audit?limit=2").await.expect(200);
    assert_eq!(list["data"][0]["event"], "agent.status_updated");
    assert_eq!(list["data"][0]["subject"], format!("agent:{agent}"));
    assert_eq!(list["data"][0]["body"]["reason"], "drill");
    assert_eq!(list["data"][1]["event"], "agent.registered");
    let next = list["meta"]["nextCursor"].as_str().expect("there is more");
    let rest = app.operator().get(&format!("/audit?cursor={next}")).await.expect(200);
    let indexes = |answer: &serde_json::Value| -> Vec<i64> {
        let entries = answer["data"].as_array().expect("entries").iter();
        entries.map(|entry| entry["index"].as_i64().expect("an index")).collect()
    };
    let all = [indexes(&list.body), indexes(&rest.body)].concat();
    let newest = i64::try_from(all.len()).expect("few");
    assert_eq!(all, (1..=newest).rev().collect::<Vec<_>>());

    for path in ["/audit", "/audit/export"] {
        let theirs = stranger.get(path).await.expect(200);
        assert!(!theirs.text.contains(&agent) && !theirs.text.contains("drill"), "{path}");
    }
    let theirs: TreeHead = data(&stranger, "/audit/tree-head").await;
    let ours: TreeHead = data(&app.operator(), "/audit/tree-head").await;
    assert_ne!(theirs.organization_id, ours.organization_id);
    assert!(theirs.size < ours.size);
    let beyond = format!("/audit/proofs/inclusion?index={}", ours.size);
    stranger.get(&beyond).await.expect_error(404, "NOT_FOUND");
    let size = format!("/audit/proofs/consistency?from=0&to={}", ours.size);
    stranger.get(&size).await.expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn an_export_is_whole_and_signed_with_the_published_keys() {
    let app = TestApp::new().await;
    let org = app.org().await;
    for n in 0..1_001 {
        let key = NewKey {
            id: app.clock.new_id(),
            name: format!("key {n}"),
            prefix: "exe_dev_abc".into(),
            hash: secrets::hash(&n.to_string()),
            environment: "development".into(),
            scopes: vec!["read".into()],
            created_at: app.clock.now(),
            expires_at: None,
            environments: None,
            require_signature: false,
        };
        app.store.create_key(org, &key, "cli").await.expect("made");
    }
    let head: TreeHead = data(&app.operator(), "/audit/tree-head").await;
    assert!(head.size > 1_000, "more than one piece: {head:?}");
    let export = app.operator().get("/audit/export").await.expect(200);
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    let mut verifier = ExportVerifier::new(Some(keys(&app).await), vec![head.clone()]);
    for line in export.text.split_inclusive('\n') {
        verifier.line(line.as_bytes()).expect("whole");
    }
    assert_eq!(verifier.finish().expect("whole").tree_head, head);
}

#[tokio::test]
async fn proofs_hold_for_the_published_keys() {
    let app = TestApp::new().await;
    let client = app.operator();
    let keys = keys(&app).await;
    let mut heads: Vec<TreeHead> = vec![data(&client, "/audit/tree-head").await];
    for n in 0..9 {
        app.agent(&format!("agent-{n}")).await;
        heads.push(data(&client, "/audit/tree-head").await);
    }
    let last = heads.last().expect("there are some").clone();
    for index in 1..=last.size {
        let proof: InclusionProof =
            data(&client, &format!("/audit/proofs/inclusion?index={index}")).await;
        assert_eq!(proof.entry.idx.cast_unsigned(), index);
        assert_eq!(proof.tree_head, last);
        proof.verify(&keys).expect("it is in the log");
    }
    for (place, earlier) in heads.iter().enumerate() {
        for later in &heads[place..] {
            let (from, to) = (earlier.size, later.size);
            let path = format!("/audit/proofs/consistency?from={from}&to={to}");
            let proof: ConsistencyProof = data(&client, &path).await;
            proof.verify(earlier, &keys).expect("it only grew");
            assert_eq!(proof.tree_head, *later);
        }
    }
    for index in ["0", "1000"] {
        let path = format!("/audit/proofs/inclusion?index={index}");
        client.get(&path).await.expect_error(404, "NOT_FOUND");
    }
    for path in ["/audit/proofs/inclusion", "/audit/proofs/inclusion?index=x"] {
        assert_eq!(client.get(path).await.expect_error(400, "VALIDATION_ERROR").fault(), "index");
    }
    for path in ["/audit/proofs/consistency", "/audit/proofs/consistency?from=1000"] {
        assert_eq!(client.get(path).await.expect_error(400, "VALIDATION_ERROR").fault(), "from");
    }
}

#[tokio::test]
async fn verifying_names_what_was_changed_behind_the_servers_back() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let report = app.operator().get("/audit/verify").await.expect(200);
    assert_eq!(report["data"]["valid"], true);
    assert!(report["data"]["entries"].as_u64().expect("a number") >= 2);
    for statement in [
        "DROP TRIGGER audit_entries_no_update",
        "DROP TRIGGER audit_entries_append_only ON audit_entries",
    ] {
        // Which of them there are depends on the database.
        let _absent = app.store.try_sql(statement).await;
    }
    app.store.run_sql("UPDATE audit_entries SET actor = 'user:eve' WHERE idx = 2").await;
    let report = app.operator().get("/audit/verify").await.expect(200);
    assert_eq!(report["data"]["valid"], false);
    assert_eq!(report["data"]["finding"]["index"], 2);
    assert_eq!(
        report["data"]["finding"]["problem"],
        "was changed: its hash does not fit its content"
    );
}

#[tokio::test]
async fn only_a_key_that_may_read_sees_the_log() {
    let app = TestApp::new().await;
    let agent = app.agent_key().await;
    for path in [
        "/audit",
        "/audit/export",
        "/audit/tree-head",
        "/audit/verify",
        "/audit/proofs/inclusion?index=1",
        "/audit/proofs/consistency?from=0",
    ] {
        agent.get(path).await.expect_error(403, "FORBIDDEN");
        app.key(json!(["read"])).await.get(path).await.expect(200);
    }
}
