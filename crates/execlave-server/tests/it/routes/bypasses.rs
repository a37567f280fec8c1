use serde_json::{Value, json};

use crate::support::TestApp;

fn window(id: u32, agent: &str) -> Value {
    json!({
        "windowId": format!("01930000-0000-7000-8000-{id:012}"), "agentId": agent, "reason": "network_error",
        "source": "fail_open_network_error", "firstAt": format!("2026-09-21T12:00:0{id}.000Z"),
        "lastAt": "2026-09-21T12:01:00.000Z", "count": 3,
    })
}

fn report(windows: &[Value]) -> Value {
    json!({
        "sdk": { "name": "execlave-sdk", "language": "python", "version": "1.9.1" },
        "sentAt": "2026-09-21T12:02:00.000Z", "windows": windows,
    })
}

#[tokio::test]
async fn a_report_is_kept_once_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let uuid = app.agent("bot").await;
    let client = app.agent_key().await;
    let mut first = report(&[window(1, "bot"), window(2, "shadow")]);
    first["dropped"] =
        json!({ "dropId": "01930000-0000-7000-8000-0000000000dd", "windows": 1, "bypasses": 9 });
    let answer = client.post("/sdk/bypass-windows", first.clone()).await.expect(200);
    assert_eq!(answer.body, json!({ "accepted": 3, "duplicates": 0 }));
    let answer = client.post("/sdk/bypass-windows", first).await.expect(200);
    assert_eq!(answer.body, json!({ "accepted": 0, "duplicates": 3 }));
    let mixed = report(&[window(2, "shadow"), window(3, &uuid)]);
    let answer = client.post("/sdk/bypass-windows", mixed).await.expect(200);
    assert_eq!(answer.body, json!({ "accepted": 1, "duplicates": 1 }));
    client.post("/sdk/bypass-windows", report(&[])).await.expect(200);

    let ids = async |query: &str| -> Vec<String> {
        let list = app.operator().get(&format!("/sdk/bypass-windows{query}")).await.expect(200);
        let windows = list["data"].as_array().expect("a list").clone();
        windows
            .iter()
            .map(|window| window["windowId"].as_str().expect("text")[35..].to_owned())
            .collect()
    };
    assert_eq!(ids("").await, ["3", "2", "1"]);
    assert_eq!(ids("?agentId=shadow").await, ["2"]);
    assert_eq!(ids(&format!("?agentId={uuid}")).await, ["3", "1"]);
    assert_eq!(ids("?reason=server_error").await, [""; 0]);
    assert_eq!(ids("?limit=1&since=2026-09-21T12:00:02Z&until=2026-09-21T12:00:03Z").await, ["2"]);
    let stranger = app.other_organisation().await;
    let theirs = stranger.get("/sdk/bypass-windows").await.expect(200);
    assert_eq!(theirs["data"], json!([]));
}

#[tokio::test]
async fn one_bad_field_refuses_the_whole_report() {
    let app = TestApp::new().await;
    let client = app.agent_key().await;
    for (field, value) in [
        ("windowId", json!("1")),
        ("agentId", json!("")),
        ("agentId", json!("\u{1F600}".repeat(129))),
        ("reason", json!("")),
        ("source", json!("x".repeat(65))),
        ("firstAt", json!("yesterday")),
        ("lastAt", json!("2026-09-21T12:00:00")),
        ("count", json!(0)),
        ("count", json!(1_000_000_001)),
        ("count", json!("3")),
        ("message", json!("x".repeat(501))),
        ("status", json!(-1)),
        ("consecutiveFailures", json!(1_000_001)),
        ("agentName", json!("x")),
    ] {
        let mut bad = window(2, "bot");
        bad[field] = value.clone();
        let answer = client.post("/sdk/bypass-windows", report(&[window(1, "bot"), bad])).await;
        let answer = answer.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.fault(), format!("windows[1].{field}"), "{field} {value}");
    }
    let mut late = report(&[window(1, "bot")]);
    late["dropped"] = json!({ "dropId": "x", "windows": 1, "bypasses": 1 });
    let answer =
        client.post("/sdk/bypass-windows", late).await.expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "dropped.dropId");
    let many: Vec<Value> = (0..101).map(|_| window(1, "bot")).collect();
    let answer = client
        .post("/sdk/bypass-windows", report(&many))
        .await
        .expect_error(400, "VALIDATION_ERROR");
    assert_eq!(answer.fault(), "windows");
    let list = app.operator().get("/sdk/bypass-windows").await.expect(200);
    assert_eq!(list["data"], json!([]));
}
