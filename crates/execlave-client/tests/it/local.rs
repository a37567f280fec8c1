//! Decisions in the process: what is decided here, and what is not.

pub(crate) mod scene;

use std::time::Duration;

use execlave_api::enforce::EnforceRequest;
use execlave_client::{Answer, Error, FailMode, Source};
use execlave_core::request::Action;
use serde_json::{Value, json};

use self::scene::*;
use crate::support::{eventually, question};

#[tokio::test]
async fn what_needs_nobody_else_is_decided_here_and_reported() {
    let scene = Scene::ready(|_| {}).await;
    let Ok(Answer::Allowed(allowed)) = scene.client.ask(with_tools(&["ls"])).await else {
        panic!()
    };
    assert_eq!((allowed.source, allowed.bypass.is_none()), (Source::Local, true));
    assert_eq!(
        (&allowed.body["allowed"], &allowed.body["source"]),
        (&json!(true), &json!("local"))
    );
    assert_eq!(allowed.body["warnings"][0]["policyName"], "policy 1");
    let error = scene.client.ask(with_tools(&["rm"])).await.expect_err("denied");
    let Error::Blocked { violations, decision_id, decided_by } = error else { panic!("{error:?}") };
    assert_eq!((violations.len(), decided_by), (1, Source::Local));
    assert_eq!((scene.asked(), scene.client.local_decision_count()), (0, 2));
    assert_eq!(scene.client.waiting_decisions(), 2);

    let report = scene.client.flush().await;
    assert_eq!((report.decisions_reported, report.decisions_unreported), (2, 0));
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    let (first, second) = (&sent["decisions"][0], &sent["decisions"][1]);
    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("allow"), &json!("block")));
    assert_eq!(first["id"], allowed.body["decisionId"]);
    assert_eq!(second["id"].as_str(), decision_id.as_deref());
    assert_eq!((&first["agentId"], &first["environment"]), (&json!(AGENT), &json!("production")));
    assert_eq!(first["warnings"], allowed.body["warnings"]);
    assert_eq!(second["violations"], Value::Array(violations));
    let action = json!({ "input": "hello", "environment": "production", "tools": ["ls"] });
    let action: Action = serde_json::from_value(action).expect("an action");
    assert_eq!(first["actionDigest"], action.digest().to_string());
    let bundle = scene.offer.lock().expect("the offer").bundle();
    assert_eq!(first["bundleVersion"], bundle.digest());
    assert!(first.get("input").is_none());
}

#[tokio::test]
async fn policies_outside_the_agents_tier_are_reported_as_overrides() {
    let scene = Scene::ready(|offer| {
        offer.agent["autonomyLevel"] = json!("observe");
        offer.policies.push(json!({
            "policyType": "record_count_limit", "enforcementMode": "warn", "ruleDefinition": { "maxRecords": 1 },
        }));
    })
    .await;
    scene.client.ask(question("hello")).await.expect("allowed");
    scene.client.flush().await;
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    let third = uuid::Uuid::from_u128(3).to_string();
    let overrides = sent["decisions"][0]["tierOverrides"].as_array().expect("overrides");
    assert!(overrides.contains(&json!(third)), "{sent}");
}

#[tokio::test]
async fn inputs_go_along_only_where_the_organisation_keeps_them() {
    let scene = Scene::ready(|offer| offer.keep_input = true).await;
    let large = "a word ".repeat(10_000);
    scene.client.ask(question("hello")).await.expect("allowed");
    scene.client.ask(question(&large)).await.expect("allowed");
    scene.client.flush().await;
    let sent = scene.server.seen("/api/v1/decisions/ingest")[0].json();
    assert_eq!(sent["decisions"][0]["input"], "hello");
    assert_eq!(sent["decisions"][1]["input"], json!(large));
    let action = json!({ "input": large, "environment": "production" });
    let action: Action = serde_json::from_value(action).expect("an action");
    assert_eq!(sent["decisions"][1]["actionDigest"], action.digest().to_string());
}

#[tokio::test]
async fn what_needs_the_server_goes_to_the_server() {
    let approval = json!({ "policyType": "access_control", "enforcementMode": "require_approval", "ruleDefinition": { "allowedTools": [] } });
    for change in
        [(|offer: &mut Offer| offer.policies.push(rate_limit())) as fn(&mut Offer), |offer| {
            offer.has_budget = true;
        }]
    {
        let scene = Scene::ready(change).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
        assert_eq!(scene.client.waiting_decisions(), 0);
    }
    let scene = Scene::ready(|offer| offer.policies.push(approval)).await;
    let asked = scene.client.ask(with_tools(&["cat"])).await.expect("the server allows it");
    assert!(matches!(asked, Answer::Allowed(allowed) if allowed.source == Source::Server));
    // And what the server might refuse to look at.
    let odd = EnforceRequest { estimated_cost: Some(-1.0), ..question("hello") };
    scene.client.ask(odd).await.expect("the fake allows it");
    scene.client.ask(question("a\0b")).await.expect("the fake allows it");
    assert_eq!((scene.asked(), scene.client.local_decision_count()), (3, 0));
}

#[tokio::test]
async fn a_bundle_that_is_not_right_is_not_used() {
    for change in [
        (|offer: &mut Offer| offer.tampered = true) as fn(&mut Offer),
        |offer| offer.signed_by = 2,
        |offer| offer.life = (-1_000, -1),
        |offer| offer.life = (120_000, 600_000),
        |offer| offer.date = Some("Sat, 01 Jan 2000 00:00:00 GMT"),
        |offer| offer.policies[0]["policyType"] = json!("telepathy"),
        |offer| offer.agent_epoch = 0,
        |offer| offer.refusal = Some(404),
        |offer| offer.refusal = Some(409),
        |offer| offer.refusal = Some(500),
    ] {
        let scene = Scene::new(change).await;
        // The second look comes after the first answer was judged.
        eventually(|| scene.looks() > 1).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
        assert!(!scene.client.decides_locally("bot", None));
    }
    let off = Scene::with(|_| {}, |config| config.local_decisions = false).await;
    assert_eq!(off.allowed_by().await, Source::Server);
    assert_eq!(off.looks(), 0);
}

#[tokio::test]
async fn a_bundle_that_is_held_is_given_up_when_the_server_says_something_else() {
    for change in [
        (|offer: &mut Offer| offer.refusal = Some(409)) as fn(&mut Offer),
        |offer| offer.refusal = Some(404),
        |offer| offer.refusal = Some(401),
        |offer| (offer.epoch, offer.tampered) = (2, true),
        |offer| (offer.epoch, offer.org) = (2, 1),
    ] {
        let scene = Scene::ready(|_| {}).await;
        scene.change(change);
        eventually(|| !scene.client.decides_locally("bot", None)).await;
        assert_eq!(scene.allowed_by().await, Source::Server);
    }
}

#[tokio::test]
async fn a_newer_bundle_is_used_and_an_older_one_is_not() {
    let scene = Scene::ready(|offer| offer.epoch = 5).await;
    let is_denied = async || scene.client.ask(with_tools(&["rm"])).await.is_err();
    assert!(is_denied().await);
    scene.change(|offer| (offer.epoch, offer.policies) = (4, Vec::new()));
    let before = scene.looks();
    eventually(|| scene.looks() > before + 1).await;
    assert!(is_denied().await);
    scene.change(|offer| offer.epoch = 6);
    let before = scene.looks();
    eventually(|| scene.looks() > before + 1).await;
    assert!(!is_denied().await);
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_bundle_ends_by_itself() {
    let scene = Scene::ready(|offer| offer.life = (-1_000, 700)).await;
    scene.change(|offer| offer.down = true);
    eventually(|| !scene.client.decides_locally("bot", None)).await;
    scene.change(|offer| (offer.down, offer.refusal) = (false, Some(500)));
    assert_eq!(scene.allowed_by().await, Source::Server);
}

#[tokio::test]
async fn a_bundle_that_was_not_confirmed_lately_counts_only_where_the_server_does_not_answer() {
    let scene = Scene::with(|_| {}, |config| config.bundle_ttl = Duration::from_secs(1)).await;
    scene.until_held().await;
    // Every look confirms it.
    let looks = scene.looks();
    eventually(|| scene.looks() > looks + 60).await;
    assert_eq!(scene.allowed_by().await, Source::Local);
    scene.change(|offer| offer.refusal = Some(500));
    let until_asked = async { while scene.allowed_by().await != Source::Server {} };
    tokio::time::timeout(Duration::from_secs(5), until_asked).await.expect("the server is asked");
    scene.change(|offer| offer.down = true);
    assert_eq!(scene.allowed_by().await, Source::Local);
    assert!(matches!(scene.client.ask(with_tools(&["rm"])).await, Err(Error::Blocked { .. })));
    scene.change(|offer| (offer.down, offer.refusal) = (false, None));
    let looks = scene.looks();
    eventually(|| scene.looks() > looks + 1).await;
    assert_eq!(scene.allowed_by().await, Source::Local);

    let never = Scene::with(|_| {}, |config| config.bundle_ttl = Duration::ZERO).await;
    never.until_held().await;
    assert_eq!(never.allowed_by().await, Source::Server);
    never.change(|offer| offer.down = true);
    assert_eq!((never.allowed_by().await, never.client.bypass_count()), (Source::Local, 0));
}

#[tokio::test]
async fn a_pause_beats_the_bundle_at_once() {
    // The bundle itself never tells of it.
    let scene = Scene::ready(|_| {}).await;
    assert_eq!(scene.allowed_by().await, Source::Local);
    scene.change(|offer| (offer.status, offer.status_epoch) = ("paused", 2));
    scene.client.check_agent_status("bot").await.expect("a status");
    assert!(!scene.client.decides_locally("bot", None));
    let error = scene.client.ask(question("x")).await.expect_err("paused");
    assert!(matches!(error, Error::AgentPaused { .. }));
    // Resumed, the bundle from before still does not count; the next one does.
    scene.change(|offer| (offer.status, offer.status_epoch) = ("active", 3));
    scene.client.check_agent_status("bot").await.expect("a status");
    assert_eq!(scene.allowed_by().await, Source::Server);
    scene.change(|offer| offer.agent_epoch = 3);
    scene.until_held().await;
    assert_eq!(scene.allowed_by().await, Source::Local);
}

#[tokio::test]
async fn a_pause_in_the_bundle_is_known_from_then_on() {
    let scene =
        Scene::with(|_| {}, |config| config.poll_interval = Some(Duration::from_mins(1))).await;
    scene.until_held().await;
    scene.change(|offer| {
        offer.agent["status"] = json!("paused");
        offer.agent["statusReason"] = json!("drill");
        offer.agent_epoch = 2;
    });
    eventually(|| scene.client.known_status("bot", None).as_deref() == Some("paused")).await;
    match scene.client.ask(question("x")).await {
        Err(Error::AgentPaused { reason, .. }) => assert_eq!(reason.as_deref(), Some("drill")),
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_retired_agent_stays_stopped_through_an_outage() {
    let scene = Scene::ready(|offer| offer.agent["status"] = json!("archived")).await;
    scene.change(|offer| offer.down = true);
    let error = scene.client.ask(question("x")).await.expect_err("stopped");
    assert!(
        matches!(error, Error::AgentPaused { ref agent_id, .. } if agent_id == "bot"),
        "{error:?}"
    );
    assert_eq!((scene.client.bypass_count(), scene.client.waiting_decisions()), (0, 0));
}

#[tokio::test]
async fn an_outage_leaves_what_can_be_decided_here_governed() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = Scene::with(|_| {}, |config| config.on_outage = mode).await;
        scene.until_held().await;
        scene.change(|offer| offer.down = true);
        assert_eq!(scene.allowed_by().await, Source::Local);
        assert!(matches!(scene.client.ask(with_tools(&["rm"])).await, Err(Error::Blocked { .. })));
        assert_eq!((scene.client.bypass_count(), scene.asked()), (0, 0));
    }
}

#[tokio::test]
async fn an_agent_that_was_only_asked_about_is_governed_through_an_outage_too() {
    let scene = Scene::stranger(|_| {}).await;
    assert_eq!(scene.allowed_by().await, Source::Server);
    scene.until_held().await;
    assert_eq!(scene.allowed_by().await, Source::Local);
    // The server is asked by the name that the application uses, whatever it came to mean.
    let odd = EnforceRequest { estimated_cost: Some(-1.0), ..question("hello") };
    scene.client.ask(odd).await.expect("the fake allows it");
    for asked in scene.server.seen("/api/v1/policies/enforce") {
        assert_eq!(asked.json()["agentId"], "bot");
    }
    // Nobody was registered, so no trace belongs to it.
    assert!(scene.client.default_agent().is_none());
    scene.change(|offer| offer.down = true);
    assert!(matches!(scene.client.ask(with_tools(&["rm"])).await, Err(Error::Blocked { .. })));
    assert_eq!((scene.allowed_by().await, scene.client.bypass_count()), (Source::Local, 0));
    // The same name elsewhere is another agent.
    let staging = EnforceRequest { environment: Some("staging".to_owned()), ..with_tools(&["rm"]) };
    let elsewhere = scene.client.ask(staging).await;
    assert!(matches!(elsewhere, Ok(Answer::Allowed(allowed)) if allowed.bypass.is_some()));
}

#[tokio::test]
async fn a_paused_agent_that_was_only_asked_about_goes_on_when_the_server_says_so() {
    let scene = Scene::stranger(|_| {}).await;
    scene.allowed_by().await;
    scene.until_held().await;
    scene.change(|offer| {
        offer.agent["status"] = json!("paused");
        (offer.agent_epoch, offer.status) = (2, "paused");
    });
    eventually(|| scene.client.known_status("bot", None).as_deref() == Some("paused")).await;
    assert!(matches!(scene.client.ask(question("x")).await, Err(Error::AgentPaused { .. })));
    // No bundle tells of the end of the pause.
    scene.change(|offer| (offer.status, offer.refusal) = ("active", Some(500)));
    assert_eq!(scene.allowed_by().await, Source::Server);
}

#[tokio::test]
async fn in_an_outage_only_what_is_open_falls_back_to_the_fail_mode() {
    let closed = json!({
        "policyType": "rate_limit", "enforcementMode": "block", "failureMode": "fail_closed",
        "ruleDefinition": { "maxRequestsPerMinute": 9 }, "appliesToEnvironments": ["staging"],
    });
    for mode in [FailMode::Open, FailMode::Closed] {
        let scene = Scene::with(
            |offer| offer.policies.extend([rate_limit(), closed.clone()]),
            |config| config.on_outage = mode,
        )
        .await;
        scene.until_held().await;
        scene.change(|offer| offer.down = true);
        // A policy that needs nobody stops it, whatever the others would say.
        match scene.client.ask(with_tools(&["rm"])).await {
            Err(Error::Blocked { violations, decided_by, .. }) => {
                assert_eq!((violations.len(), decided_by), (1, Source::Local));
            }
            other => panic!("{other:?}"),
        }
        // One that fails closed stops it even where the client fails open.
        let staging = EnforceRequest { environment: Some("staging".to_owned()), ..question("x") };
        let stopped = scene.client.ask(staging).await;
        let open = scene.client.ask(question("x")).await;
        match mode {
            FailMode::Open => {
                assert!(matches!(stopped, Err(Error::Blocked { .. })), "{stopped:?}");
                assert!(matches!(open, Ok(Answer::Allowed(allowed)) if allowed.bypass.is_some()));
                assert_eq!(scene.client.bypass_count(), 1);
            }
            FailMode::Closed => {
                assert!(matches!(stopped, Err(Error::Unavailable { .. })), "{stopped:?}");
                assert!(matches!(open, Err(Error::Unavailable { .. })), "{open:?}");
            }
        }
    }
}
