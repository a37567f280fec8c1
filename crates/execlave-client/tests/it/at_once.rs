//! What is said without waiting, and what is left to say.

use execlave_client::{AtOnce, Error, Source, Undecided};

use crate::local::scene::*;
use crate::support::question;

/// What was not decided at once.
fn undecided(scene: &Scene, text: &str) -> Undecided {
    match scene.client.enforce_at_once(question(text)) {
        Ok(AtOnce::Undecided(undecided)) => undecided,
        decided => panic!("{decided:?}"),
    }
}

#[tokio::test]
async fn a_small_action_is_decided_at_once() {
    let scene = Scene::ready(|_| {}).await;
    let decided = scene.client.enforce_at_once(with_tools(&["ls"]));
    let Ok(AtOnce::Allowed(allowed)) = decided else { panic!("{decided:?}") };
    assert_eq!(allowed.source, Source::Local);
    let error = scene.client.enforce_at_once(with_tools(&["rm"])).expect_err("denied");
    assert!(matches!(error, Error::Blocked { decided_by: Source::Local, .. }), "{error:?}");
    assert_eq!((scene.asked(), scene.client.waiting_decisions()), (0, 2));
}

#[tokio::test]
async fn a_large_action_is_decided_here_but_not_at_once() {
    let scene = Scene::ready(|_| {}).await;
    let undecided = undecided(&scene, &"a word ".repeat(10_000));
    assert_eq!(scene.client.waiting_decisions(), 0);
    let allowed = scene.client.enforce_undecided(undecided).await.expect("allowed");
    assert_eq!((allowed.source, scene.asked()), (Source::Local, 0));
}

#[tokio::test]
async fn what_the_server_must_decide_goes_on_to_the_server() {
    let scene = Scene::ready(|offer| offer.policies.push(rate_limit())).await;
    let undecided = undecided(&scene, "hello");
    let allowed = scene.client.enforce_undecided(undecided).await.expect("allowed");
    assert_eq!((allowed.source, scene.asked()), (Source::Server, 1));
}

#[tokio::test]
async fn nothing_is_decided_at_once_where_the_server_is_asked_first() {
    let scene = Scene::with(|_| {}, |config| config.ask_server_first = true).await;
    scene.until_held().await;
    let undecided = undecided(&scene, "hello");
    let allowed = scene.client.enforce_undecided(undecided).await.expect("allowed");
    assert_eq!((allowed.source, scene.asked()), (Source::Server, 1));
}

#[tokio::test]
async fn privacy_covers_what_is_decided_at_once() {
    let scene =
        Scene::with(|offer| offer.keep_input = true, |config| config.privacy.enabled = true).await;
    scene.until_held().await;
    let decided = scene.client.enforce_at_once(question("write to jane.doe@example.com"));
    assert!(matches!(decided, Ok(AtOnce::Allowed(_))), "{decided:?}");
    scene.client.flush().await;
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    assert_eq!(sent["decisions"][0]["input"], "write to [EMAIL_REDACTED]");
}

#[tokio::test]
async fn a_closed_client_decides_nothing_at_once() {
    let scene = Scene::ready(|_| {}).await;
    scene.client.shutdown().await;
    let refused = scene.client.enforce_at_once(question("hello"));
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
}
