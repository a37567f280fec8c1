//! Whatever is done to the log behind the product's back, verifying it says so.

use ed25519_dalek::SigningKey;
use execlave_core::audit::{Problem, TreeHead};
use execlave_core::ids::OrgId;
use execlave_core::request::AgentStatus;
use execlave_store::audit::{AuditFinding, AuditProblem};
use execlave_store::testing::TestStore;
use execlave_store::{Store, StoreUrl};

use crate::support::{agent, at, two_orgs};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A store whose first organisation has a log of 31 entries and heads of two sizes.
async fn with_log() -> (TestStore, OrgId) {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await;
    agent(&store, theirs).await;
    for n in 1..=30 {
        let status = if n % 2 == 0 { AgentStatus::Active } else { AgentStatus::Paused };
        let reason = format!("because \u{1F600} of \"{n}\"\n");
        store
            .set_agent_status(ours, bot.id, status, Some(&reason), "user:ada", at(n))
            .await
            .expect("changed");
        if n == 9 || n == 30 {
            sign(&store, ours).await;
        }
    }
    (store, ours)
}

async fn sign(store: &Store, org: OrgId) -> TreeHead {
    let tree = store.audit_tree(org).await.expect("read");
    let head = TreeHead::sign(org, tree.size(), tree.root(), at(100), &key());
    store.insert_tree_head(org, &head).await.expect("kept")
}

async fn finding(store: &Store, org: OrgId) -> Option<AuditFinding> {
    let keys = [key().verifying_key()];
    store.verify_audit(org, &keys, Vec::new()).await.expect("the store answers").finding
}

/// Takes the triggers away, as an administrator of the database can.
async fn unguard(store: &TestStore) {
    let statements: &[&'static str] = match store.url() {
        StoreUrl::Sqlite(_) => &[
            "DROP TRIGGER audit_entries_no_update",
            "DROP TRIGGER audit_entries_no_delete",
            "DROP TRIGGER audit_entries_no_replace",
            "DROP TRIGGER audit_tree_heads_no_update",
            "DROP TRIGGER audit_tree_heads_no_delete",
            "DROP TRIGGER audit_tree_heads_no_replace",
        ],
        StoreUrl::Postgres(_) => &[
            "DROP TRIGGER audit_entries_append_only ON audit_entries",
            "DROP TRIGGER audit_tree_heads_append_only ON audit_tree_heads",
        ],
    };
    for statement in statements {
        store.run_sql(statement).await;
    }
}

fn log(idx: i64, problem: Problem) -> AuditFinding {
    AuditFinding { idx: Some(idx), problem: problem.into() }
}

fn whole(problem: impl Into<AuditProblem>) -> AuditFinding {
    AuditFinding { idx: None, problem: problem.into() }
}

#[tokio::test]
async fn an_untouched_log_is_whole() {
    let (store, ours) = with_log().await;
    let report = store
        .verify_audit(ours, &[key().verifying_key()], vec![sign(&store, ours).await])
        .await
        .expect("read");
    assert_eq!(report.finding, None);
    assert_eq!((report.entries, report.tree_heads), (31, 2));
}

#[tokio::test]
async fn the_database_refuses_to_change_or_delete_what_is_written() {
    let (store, ours) = with_log().await;
    for statement in [
        "UPDATE audit_entries SET actor = 'user:eve'",
        "UPDATE audit_entries SET actor = 'user:eve' WHERE idx = 3",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE idx = 3",
        "UPDATE audit_tree_heads SET size = 3",
        "DELETE FROM audit_tree_heads",
        "INSERT INTO audit_entries SELECT * FROM audit_entries WHERE idx = 3",
    ] {
        let refused = store.try_sql(statement).await.expect_err("the log only grows");
        let text = format!("{refused:?}");
        assert!(text.contains("append-only") || text.contains("Conflict"), "{statement}: {text}");
    }
    let whole_table = match store.url() {
        StoreUrl::Sqlite(_) => {
            "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE idx = 3"
        }
        StoreUrl::Postgres(_) => "TRUNCATE audit_entries",
    };
    let refused = store.try_sql(whole_table).await.expect_err("the log only grows");
    assert!(format!("{refused:?}").contains("append-only"), "{refused:?}");
    assert_eq!(finding(&store, ours).await, None);
}

#[tokio::test]
async fn triggers_that_were_taken_away_are_noticed_and_put_up_again() {
    let (store, ours) = with_log().await;
    unguard(&store).await;
    assert_eq!(finding(&store, ours).await, Some(whole(AuditProblem::Unguarded)));
    store.migrate().await.expect("migrated");
    assert_eq!(finding(&store, ours).await, None);
}

#[tokio::test]
async fn every_changed_column_is_found_and_named() {
    for (statement, expected) in [
        ("UPDATE audit_entries SET actor = 'user:eve' WHERE idx = 7", Problem::Changed),
        ("UPDATE audit_entries SET at = at + 1 WHERE idx = 7", Problem::Changed),
        (
            "UPDATE audit_entries SET event = 'agent.resumed' || event WHERE idx = 7",
            Problem::Changed,
        ),
        ("UPDATE audit_entries SET subject = 'agent:x' WHERE idx = 7", Problem::Changed),
        ("UPDATE audit_entries SET body = '{}' WHERE idx = 7", Problem::Changed),
        ("UPDATE audit_entries SET body = ' ' || body WHERE idx = 7", Problem::NotCanonical),
        (
            "UPDATE audit_entries SET hash = (SELECT hash FROM audit_entries e WHERE e.idx = 8 AND e.org_id = audit_entries.org_id) WHERE idx = 7",
            Problem::Changed,
        ),
        (
            "UPDATE audit_entries SET prev_hash = (SELECT hash FROM audit_entries e WHERE e.idx = 8 AND e.org_id = audit_entries.org_id) WHERE idx = 7",
            Problem::NotLinked,
        ),
    ] {
        let (store, ours) = with_log().await;
        unguard(&store).await;
        store.run_sql(statement).await;
        assert_eq!(finding(&store, ours).await, Some(log(7, expected)), "{statement}");
        assert!(store.anchored(ours, 7).await.expect("read").is_none(), "{statement}");
    }
    for statement in [
        "UPDATE audit_entries SET body = '{' WHERE idx = 7",
        "UPDATE audit_entries SET hash = upper(hash) WHERE idx = 7",
        "UPDATE audit_entries SET prev_hash = '' WHERE idx = 7",
    ] {
        let (store, ours) = with_log().await;
        unguard(&store).await;
        store.run_sql(statement).await;
        let found = finding(&store, ours).await.expect("found");
        assert_eq!(found.idx, Some(7), "{statement}: {found}");
        assert!(matches!(found.problem, AuditProblem::Log(Problem::Unreadable(_))), "{found}");
    }
}

#[tokio::test]
async fn deleted_moved_and_added_rows_are_found_and_named() {
    for (statements, expected) in [
        (
            &["DELETE FROM audit_entries WHERE idx = 7"][..],
            log(7, Problem::Missing { expected: 7, found: 8 }),
        ),
        (
            &["DELETE FROM audit_entries WHERE idx = 1"],
            log(1, Problem::Missing { expected: 1, found: 2 }),
        ),
        (
            &["DELETE FROM audit_entries WHERE idx = 31"],
            whole(Problem::Truncated { expected: 31, found: 30 }),
        ),
        (&["DELETE FROM audit_entries"], whole(Problem::Truncated { expected: 31, found: 0 })),
        // Two neighbours change places.
        (
            &[
                "UPDATE audit_entries SET idx = 1000 WHERE idx = 7",
                "UPDATE audit_entries SET idx = 7 WHERE idx = 8",
                "UPDATE audit_entries SET idx = 8 WHERE idx = 1000",
            ],
            log(7, Problem::NotLinked),
        ),
        (
            &["UPDATE audit_entries SET idx = 0 WHERE idx = 1"],
            log(1, Problem::Missing { expected: 1, found: 2 }),
        ),
        (
            &[
                "INSERT INTO audit_entries (org_id, idx, at, actor, event, subject, body, prev_hash, hash) SELECT org_id, 32, at, actor, event, subject, body, prev_hash, hash FROM audit_entries WHERE idx = 31",
            ],
            whole(AuditProblem::Stray(1)),
        ),
        (
            &[
                "INSERT INTO audit_entries (org_id, idx, at, actor, event, subject, body, prev_hash, hash) SELECT org_id, -5, at, actor, event, subject, body, prev_hash, hash FROM audit_entries WHERE idx = 31",
            ],
            whole(AuditProblem::Stray(1)),
        ),
        // The end is cut off so that nothing but what was signed speaks of it.
        (
            &["DELETE FROM audit_trees", "DELETE FROM audit_entries WHERE idx > 20"],
            whole(Problem::Truncated { expected: 31, found: 20 }),
        ),
        (
            &[
                "UPDATE audit_tree_heads SET root_hash = (SELECT hash FROM audit_entries WHERE idx = 31) WHERE size = 10",
            ],
            whole(Problem::BadSignature { size: 10 }),
        ),
        (&["UPDATE audit_trees SET peaks = '[]' WHERE size = 31"], whole(AuditProblem::OtherTree)),
    ] {
        let (store, ours) = with_log().await;
        unguard(&store).await;
        for statement in statements {
            store.run_sql(statement).await;
        }
        assert_eq!(finding(&store, ours).await, Some(expected), "{statements:?}");
    }
}

#[tokio::test]
async fn a_log_that_was_written_anew_is_found_with_a_head_from_outside() {
    let (store, ours) = with_log().await;
    let kept = store.latest_tree_head(ours).await.expect("read").expect("signed");
    let keys = [key().verifying_key()];
    let (other, theirs) = with_log().await;
    let mut foreign = sign(&other, theirs).await;
    assert_eq!(kept.size, foreign.size);
    // As if the server had signed another history of the same log.
    foreign = TreeHead::sign(ours, foreign.size, foreign.root_hash, at(1), &key());
    let report = store.verify_audit(ours, &keys, vec![foreign.clone()]).await.expect("read");
    let rewritten = Problem::Rewritten { size: 31, at: foreign.at };
    assert_eq!(report.finding.map(|found| found.problem), Some(rewritten.into()));
    let larger = TreeHead::sign(ours, 40, kept.root_hash, at(1), &key());
    let report = store.verify_audit(ours, &keys, vec![larger]).await.expect("read");
    let truncated = Problem::Truncated { expected: 40, found: 31 };
    assert_eq!(report.finding.map(|found| found.problem), Some(truncated.into()));
}

/// On SQLite only: PostgreSQL's files are not anybody's to write.
#[tokio::test]
async fn every_changed_byte_of_a_row_in_the_database_file_is_found() {
    let (store, ours) = with_log().await;
    let StoreUrl::Sqlite(directory) = store.url().clone() else { return };
    let row = store.list_audit_after(ours, 12, 13).await.expect("read").remove(0);
    store.close().await;
    let file = directory.join("execlave.db");
    let untouched = std::fs::read(&file).expect("the log is merged into the file");
    // Columns lie in the file in the order of the table.
    let text = [row.actor.as_str(), &row.event, &row.subject, &row.body];
    let stored = format!("{}{}{}", text.concat(), row.prev_hash, row.hash);
    let places: Vec<usize> = untouched
        .windows(stored.len())
        .enumerate()
        .filter_map(|(place, window)| (window == stored.as_bytes()).then_some(place))
        .collect();
    assert_eq!(places.len(), 1, "the row is in the file once");
    // The place, the time and the organisation before the text, and the lengths of the columns before that.
    let start = places[0] - 64;
    for place in start..places[0] + stored.len() {
        let byte = untouched[place];
        let flipped = byte ^ 1 << (place % 8);
        for replacement in [flipped, if byte == b' ' { b'x' } else { b' ' }] {
            let mut changed = untouched.clone();
            changed[place] = replacement;
            std::fs::write(&file, &changed).expect("written");
            let opened = Store::open_sqlite(&directory).await.expect("opened");
            let found = finding(&opened, ours).await;
            opened.close().await;
            let found = found.unwrap_or_else(|| panic!("byte {place}: {byte} to {replacement}"));
            if place >= places[0] {
                assert_eq!(found.idx, Some(13), "byte {place}: {byte} to {replacement}: {found}");
            }
        }
    }
}
