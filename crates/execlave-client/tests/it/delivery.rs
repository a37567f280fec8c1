//! What happens to traces while the server fails, on all of them or on one, and who is held up by that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use execlave_client::trace::{Ending, Trace};
use execlave_client::{Client, WorkThread};
use serde_json::{Value, json};

use crate::support::{FakeServer, Reply, Seen, eventually, question};

fn accept(seen: &Seen) -> Reply {
    let count = seen.json()["traces"].as_array().map_or(0, Vec::len);
    Reply::Json(202, json!({"accepted": count, "failed": 0}))
}

fn record(client: &Client, id: &str) {
    let mut trace = Trace::start(Some(id.to_owned()));
    trace.body.input = Some(json!("x"));
    client.record(trace.finish(Ending::default()));
}

/// The ids of what a server took that fails on everything with `poison` in it.
fn taken(server: &FakeServer) -> Vec<String> {
    let seen = server.seen("/api/v1/traces/ingest").into_iter();
    let bodies = seen.filter(|seen| !seen.body.contains("poison")).map(|seen| seen.json());
    let traces = bodies.flat_map(|body| body["traces"].as_array().cloned().unwrap_or_default());
    let mut ids: Vec<String> =
        traces.map(|trace| trace["traceId"].as_str().unwrap_or_default().to_owned()).collect();
    ids.sort();
    ids
}

async fn poisonable() -> FakeServer {
    FakeServer::new(|seen| {
        if seen.body.contains("poison") {
            Reply::Json(500, json!({"error": {"code": "INTERNAL", "message": "no"}}))
        } else {
            accept(seen)
        }
    })
    .await
}

#[tokio::test]
async fn what_a_failing_server_does_not_take_waits_for_it_with_and_without_a_spool() {
    for has_spool in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let fails = Arc::new(AtomicBool::new(true));
        let failing = Arc::clone(&fails);
        let server = FakeServer::new(move |seen| {
            if failing.load(Ordering::SeqCst) { Reply::Raw(500, "{}") } else { accept(seen) }
        })
        .await;
        let client = server.client_with(|config| {
            config.batch_size = 2;
            config.spool_dir = has_spool.then(|| folder.path().to_owned());
        });
        for id in ["1", "2", "3", "4", "5"] {
            record(&client, id);
        }
        let report = client.flush().await;
        assert_eq!((report.sent, report.undelivered, client.lost_traces()), (0, 5, 0));
        // Three attempts at the first batch, one at the second: nobody else is asked about.
        assert_eq!(server.seen("/").len(), 4);
        fails.store(false, Ordering::SeqCst);
        let report = client.flush().await;
        assert_eq!((report.sent, report.undelivered, client.lost_traces()), (5, 0, 0));
        assert_eq!(client.waiting_traces(), 0);
    }
}

#[tokio::test]
async fn a_trace_that_the_server_fails_on_is_found_holds_up_nobody_and_is_given_up_in_the_end() {
    for has_spool in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let server = poisonable().await;
        let client = server.client_with(|config| {
            config.batch_size = 4;
            config.spool_dir = has_spool.then(|| folder.path().to_owned());
        });
        for id in ["1", "2", "poison", "3", "4", "5"] {
            record(&client, id);
        }
        // The batch behind it gets through at once, what travels with it as soon as it is split.
        let report = client.flush().await;
        assert_eq!((report.sent, report.undelivered), (2, 4));
        let report = client.flush().await;
        assert_eq!((report.sent, report.undelivered), (3, 1));
        assert_eq!(taken(&server), ["1", "2", "3", "4", "5"]);
        for _ in 0..12 {
            record(&client, "6");
            let report = client.flush().await;
            assert_eq!((report.sent, report.undelivered), (1, 1), "too early to give up");
        }
        tokio::time::pause();
        tokio::time::advance(Duration::from_hours(1)).await;
        tokio::time::resume();
        record(&client, "7");
        let report = client.flush().await;
        assert_eq!((report.sent, report.undelivered), (1, 0));
        assert_eq!((client.lost_traces(), client.waiting_traces()), (1, 0));
    }
}

#[tokio::test]
async fn a_batch_is_split_once_and_its_halves_are_not_sent_as_a_whole_again() {
    let server = poisonable().await;
    let client = server.client();
    for id in ["1", "2", "3", "poison", "4", "more poison"] {
        record(&client, id);
    }
    while client.flush().await.undelivered > 2 {}
    assert_eq!(taken(&server), ["1", "2", "3", "4"]);
    assert_eq!((client.waiting_traces(), client.lost_traces()), (2, 0));
}

#[tokio::test]
async fn the_background_task_goes_on_while_a_trace_waits_that_the_server_fails_on() {
    let server = poisonable().await;
    let client = server.client_with(|config| {
        config.batch_size = 1;
        config.flush_interval = Some(Duration::from_millis(20));
    });
    record(&client, "poison");
    for id in ["1", "2"] {
        record(&client, id);
        eventually(|| taken(&server).last().is_some_and(|last| last == id)).await;
    }
    let failures = server.seen("/").len() - 2;
    assert_eq!(failures, 3, "it waits for its turn");
}

#[tokio::test]
async fn a_plan_that_is_used_up_keeps_the_traces() {
    let used_up = Arc::new(AtomicBool::new(true));
    let refusing = Arc::clone(&used_up);
    let server = FakeServer::new(move |seen| {
        if refusing.load(Ordering::SeqCst) {
            Reply::Json(402, json!({"error": {"code": "PLAN_LIMIT_EXCEEDED"}}))
        } else {
            accept(seen)
        }
    })
    .await;
    let client = server.client();
    record(&client, "1");
    let report = client.flush().await;
    assert_eq!((report.undelivered, client.lost_traces(), server.seen("/").len()), (1, 0, 1));
    used_up.store(false, Ordering::SeqCst);
    assert_eq!(client.flush().await.sent, 1);
}

#[tokio::test]
async fn every_trace_is_accounted_for_whatever_the_server_says() {
    let answers: [(u16, Value, usize); 4] = [
        (202, json!({"accepted": 0, "failed": 0}), 0),
        (202, json!({"accepted": 1, "failed": 1}), 1),
        (202, json!({"accepted": 1, "errors": [{"traceId": "2", "code": "C", "error": "no"}]}), 1),
        (400, json!({"errors": [{"traceId": "2", "code": "C", "error": "no"}]}), 0),
    ];
    for (status, body, sent) in answers {
        let said = body.clone();
        let server = FakeServer::new(move |_| Reply::Json(status, said.clone())).await;
        let client = server.client();
        for id in ["1", "2", "3"] {
            record(&client, id);
        }
        let report = client.flush().await;
        assert_eq!((report.sent, report.rejected.len()), (sent, 3 - sent), "{body}");
        assert_eq!((report.undelivered, client.waiting_traces()), (0, 0), "{body}");
    }
}

#[tokio::test]
async fn a_question_is_answered_while_traces_are_prepared() {
    let server = FakeServer::new(|seen| {
        if seen.path.ends_with("ingest") {
            accept(seen)
        } else {
            Reply::Json(200, json!({"allowed": true}))
        }
    })
    .await;
    let thread = WorkThread::start("deliveries").expect("a thread");
    let given = thread.clone();
    let client = server.client_with(|config| config.work_threads.deliveries = Some(given));
    let (go_on, wait) = mpsc::channel::<()>();
    // As long as a scan may take.
    thread.do_first(move || {
        let _ = wait.recv();
    });
    record(&client, "1");
    let flush = client.flush();
    tokio::pin!(flush);
    tokio::select! {
        biased;
        _ = &mut flush => panic!("nothing was prepared"),
        answer = client.enforce(question("x")) => drop(answer.expect("an answer")),
    }
    go_on.send(()).expect("the thread");
    assert_eq!(flush.await.sent, 1);
}

#[tokio::test]
async fn bypasses_of_a_client_that_is_forgotten_are_reported() {
    let server = FakeServer::new(|seen| {
        if seen.path.ends_with("enforce") {
            Reply::Raw(503, "")
        } else {
            Reply::Json(200, json!({"accepted": 1, "duplicates": 0}))
        }
    })
    .await;
    let client = server.client();
    client.enforce(question("x")).await.expect("it fails open");
    drop(client);
    eventually(|| !server.seen("/api/v1/sdk/bypass-windows").is_empty()).await;
    assert_eq!(server.seen("/api/v1/sdk/bypass-windows")[0].json()["windows"][0]["count"], 1);
}
