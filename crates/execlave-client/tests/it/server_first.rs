//! A client that holds policies and asks the server first all the same: the server decides while it answers, the bundle while it does not.

use std::time::Duration;

use execlave_client::{Answer, Error, FailMode, Source};
use serde_json::json;

use crate::local::scene::{Offer, Scene, rate_limit, with_tools};
use crate::support::question;

async fn asking_first(change: impl FnOnce(&mut Offer), mode: FailMode) -> Scene {
    let scene = Scene::with(change, |config| {
        config.ask_server_first = true;
        config.on_outage = mode;
    })
    .await;
    scene.until_held().await;
    scene
}

#[tokio::test]
async fn while_the_server_answers_it_decides() {
    let scene = asking_first(|_| {}, FailMode::Open).await;
    assert_eq!(scene.allowed_by().await, Source::Server);
    // Even about what the bundle would block: the server knows better.
    let asked = scene.client.ask(with_tools(&["rm"])).await.expect("the server allows it");
    assert!(matches!(asked, Answer::Allowed(allowed) if allowed.source == Source::Server));
    assert_eq!((scene.asked(), scene.client.local_decision_count()), (2, 0));
    assert_eq!(scene.client.waiting_decisions(), 0);
}

#[tokio::test]
async fn while_it_does_not_the_bundle_decides_and_says_so() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = asking_first(|_| {}, mode).await;
        scene.change(|offer| offer.down = true);
        assert_eq!(scene.allowed_by().await, Source::Local);
        match scene.client.ask(with_tools(&["rm"])).await {
            Err(Error::Blocked { violations, decided_by, .. }) => {
                assert_eq!((violations.len(), decided_by), (1, Source::Local));
            }
            other => panic!("{other:?}"),
        }
        assert!(scene.asked() >= 2, "the server is asked each time until the breaker opens");
        assert_eq!((scene.client.bypass_count(), scene.client.local_decision_count()), (0, 2));
        scene.change(|offer| offer.down = false);
        assert_eq!(scene.client.flush().await.decisions_reported, 2);
    }
}

#[tokio::test]
async fn an_open_breaker_leaves_it_to_the_bundle_without_asking() {
    let scene = asking_first(|_| {}, FailMode::Open).await;
    scene.change(|offer| offer.down = true);
    for _ in 0..3 {
        assert_eq!(scene.allowed_by().await, Source::Local);
    }
    let asked = scene.asked();
    assert_eq!((scene.allowed_by().await, scene.asked()), (Source::Local, asked));
    assert_eq!(scene.client.bypass_count(), 0);
}

#[tokio::test]
async fn what_the_bundle_cannot_decide_falls_back_to_the_fail_mode() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = asking_first(|offer| offer.policies.push(rate_limit()), mode).await;
        scene.change(|offer| offer.down = true);
        // What it is sure of stands.
        let blocked = scene.client.ask(with_tools(&["rm"])).await;
        assert!(matches!(blocked, Err(Error::Blocked { .. })), "{blocked:?}");
        let open = scene.client.ask(question("x")).await;
        match mode {
            FailMode::Open => {
                assert!(matches!(open, Ok(Answer::Allowed(allowed)) if allowed.bypass.is_some()));
                assert_eq!(scene.client.bypass_count(), 1);
            }
            FailMode::Closed => {
                assert!(matches!(open, Err(Error::Unavailable { .. })), "{open:?}");
                assert_eq!(scene.client.bypass_count(), 0);
            }
        }
    }
}

#[tokio::test]
async fn a_pause_that_was_learnt_holds_while_the_server_is_gone() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = asking_first(|_| {}, mode).await;
        scene.change(|offer| (offer.status, offer.status_epoch) = ("paused", 2));
        // Learnt from the answer to a question.
        let refused = scene.client.ask(question("x")).await;
        assert!(matches!(refused, Err(Error::AgentPaused { .. })), "{refused:?}");
        scene.change(|offer| offer.down = true);
        let refused = scene.client.ask(question("x")).await;
        assert!(matches!(refused, Err(Error::AgentPaused { .. })), "{refused:?}");
        assert_eq!((scene.client.bypass_count(), scene.client.local_decision_count()), (0, 0));
    }
}

#[tokio::test]
async fn a_pause_in_the_bundle_holds_as_well() {
    let scene = Scene::with(
        |_| {},
        |config| {
            config.ask_server_first = true;
            config.poll_interval = Some(Duration::from_mins(1));
        },
    )
    .await;
    scene.until_held().await;
    scene.change(|offer| {
        offer.agent["status"] = json!("paused");
        offer.agent_epoch = 2;
    });
    let known = || scene.client.known_status("bot", None).as_deref() == Some("paused");
    crate::support::eventually(known).await;
    scene.change(|offer| offer.down = true);
    let refused = scene.client.ask(question("x")).await;
    assert!(matches!(refused, Err(Error::AgentPaused { .. })), "{refused:?}");
    assert_eq!(scene.client.bypass_count(), 0);
}
