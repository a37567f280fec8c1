//! What becomes of the records of decisions that were made in the process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use execlave_client::{Client, Knowledge, Observer, RejectedTrace};

use crate::support::{eventually, question};

use crate::local::scene::Scene;

#[tokio::test]
async fn reports_wait_out_an_outage_and_are_given_up_when_they_are_refused() {
    let scene = Scene::ready(|offer| offer.receipts = vec![503, 202, 400]).await;
    scene.client.ask(question("x")).await.expect("allowed");
    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (0, 1));
    assert_eq!(scene.client.flush().await.decisions_reported, 1);
    let sent = scene.server.seen("/api/v1/decisions/ingest");
    assert_eq!(sent[0].json()["decisions"][0]["id"], sent[1].json()["decisions"][0]["id"]);
    scene.client.ask(question("x")).await.expect("allowed");
    assert_eq!(scene.client.flush().await.decisions_unreported, 0);
    assert_eq!((scene.client.waiting_decisions(), scene.client.lost_decisions()), (0, 1));
}

#[tokio::test]
async fn what_a_failing_server_does_not_take_waits_for_it() {
    let scene = Scene::ready(|offer| offer.receipts = vec![500, 500, 500, 202]).await;
    for _ in 0..3 {
        scene.client.ask(question("x")).await.expect("allowed");
    }
    for waiting in [3, 3, 3] {
        assert_eq!(scene.client.flush().await.decisions_unreported, waiting);
    }
    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (3, 0));
    assert_eq!(scene.client.lost_decisions(), 0);
}

#[tokio::test]
async fn a_report_the_server_fails_on_holds_up_no_other_and_is_given_up_in_the_end() {
    let receipts = std::iter::once(500).chain([500, 202].repeat(10)).collect();
    let scene = Scene::ready(|offer| offer.receipts = receipts).await;
    scene.client.ask(question("the server fails on it")).await.expect("allowed");
    assert_eq!(scene.client.flush().await.decisions_unreported, 1);
    for _ in 0..9 {
        scene.client.ask(question("x")).await.expect("allowed");
        let report = scene.client.flush().await;
        assert_eq!((report.decisions_reported, report.decisions_unreported), (1, 1));
    }
    assert_eq!(scene.client.lost_decisions(), 0, "too early");
    scene.client.ask(question("x")).await.expect("allowed");
    tokio::time::pause();
    tokio::time::advance(Duration::from_hours(1)).await;
    tokio::time::resume();
    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (1, 0));
    assert_eq!((scene.client.waiting_decisions(), scene.client.lost_decisions()), (0, 1));
}

#[derive(Default)]
struct Notes(Mutex<Vec<usize>>);

impl Observer for Notes {
    fn traces_rejected(&self, _: &[RejectedTrace]) {}

    fn traces_lost(&self, _: usize, _: &str) {}

    fn decisions_lost(&self, count: usize, _: &str) {
        self.0.lock().expect("notes").push(count);
    }

    fn agent_status_changed(&self, _: &str, _: &str, _: Option<&str>) {}
}

#[tokio::test]
async fn the_end_sends_what_waits_and_counts_what_cannot_be_sent() {
    let scene = Scene::ready(|_| {}).await;
    scene.client.ask(question("x")).await.expect("allowed");
    assert_eq!(scene.client.shutdown().await.decisions_reported, 1);

    let down = Scene::new(|_| {}).await;
    let notes = Arc::new(Notes::default());
    let mut config = down.client.config().clone();
    config.shutdown_timeout = Duration::from_millis(200);
    let knowledge: Knowledge = down.client.try_knowledge().expect("nobody is writing");
    let heir = Client::with_observer(config, notes.clone(), knowledge).expect("a client");
    eventually(|| heir.decides_locally("bot", None)).await;
    heir.ask(question("x")).await.expect("allowed");
    down.change(|offer| offer.receipts = vec![503]);
    heir.shutdown().await;
    assert_eq!(
        (heir.lost_decisions(), notes.0.lock().expect("notes").as_slice()),
        (1, [1].as_slice())
    );
}

#[tokio::test]
async fn reports_go_out_in_the_background() {
    let scene =
        Scene::with(|_| {}, |config| config.flush_interval = Some(Duration::from_millis(20))).await;
    scene.until_held().await;
    scene.client.ask(question("x")).await.expect("allowed");
    eventually(|| scene.client.waiting_decisions() == 0).await;
    eventually(|| scene.server.seen("/api/v1/decisions/ingest").len() == 1).await;
}
