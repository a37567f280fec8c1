use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::outside::{Outside, signature};

#[tokio::test]
async fn a_validator_is_tried_out_with_signed_requests() {
    let app = TestApp::beside_private_networks().await;
    let (outside, address) = Outside::start().await;
    let (id, secret) = app.validator(format!("http://{address}/check"), json!({})).await;
    outside.answer(200, &json!({ "decision": "deny", "reason": "closed" }));
    let path = format!("/validators/{id}/test");
    let test =
        app.operator().post(&path, json!({ "input": "pay", "tools": ["pay"] })).await.expect(200);
    assert_eq!(
        (&test["data"]["ok"], &test["data"]["decision"], &test["data"]["reason"]),
        (&json!(true), &json!("deny"), &json!("closed"))
    );

    let (headers, body) = outside.asked(0);
    let header = |name: &str| headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("x-execlave-validator-id"), id);
    assert_eq!(header("x-execlave-timestamp"), app.clock.now().to_string());
    assert_eq!(header("x-execlave-delivery-id").len(), 36);
    assert_eq!(header("x-execlave-signature"), signature(&secret, &body));
    let sent: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&sent["input"], &sent["tools"]), (&json!("pay"), &json!(["pay"])));

    for (status, body, says) in [
        (500, json!({}), "status 500"),
        (204, json!({}), "status 204"),
        (200, json!({ "decision": "perhaps" }), "did not answer with"),
        (200, json!([]), "did not answer with"),
        (200, json!({ "decision": "allow", "reason": "x".repeat(70_000) }), "larger than"),
    ] {
        outside.answer(status, &body);
        let test = app.operator().post(&path, json!({})).await.expect(200);
        assert_eq!(test["data"]["ok"], false);
        assert!(
            test["data"]["error"].as_str().is_some_and(|error| error.contains(says)),
            "{}",
            test.text
        );
    }
    let rotated = app
        .operator()
        .post(&format!("/validators/{id}/rotate-secret"), json!({}))
        .await
        .expect(200);
    assert_ne!(rotated["data"]["secret"], secret);
    let shown = app.operator().get(&format!("/validators/{id}")).await.expect(200);
    assert!(shown["data"].get("secret").is_none());
}

#[tokio::test]
async fn silence_redirects_and_closed_doors_are_failures() {
    let app = TestApp::beside_private_networks().await;
    let (outside, address) = Outside::start().await;
    outside.answer(200, &json!({ "decision": "allow" }));
    for (path, says) in [("slow", "within 100 ms"), ("away", "status 302")] {
        let (id, _) =
            app.validator(format!("http://{address}/{path}"), json!({ "timeoutMs": 100 })).await;
        let test =
            app.operator().post(&format!("/validators/{id}/test"), json!({})).await.expect(200);
        assert!(
            test["data"]["error"].as_str().is_some_and(|error| error.contains(says)),
            "{}",
            test.text
        );
    }
    assert_eq!(outside.times_asked(), 0, "no redirect is followed");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let (id, _) = app.validator(format!("http://{closed}/"), json!({})).await;
    let test = app.operator().post(&format!("/validators/{id}/test"), json!({})).await.expect(200);
    assert!(
        test["data"]["error"].as_str().is_some_and(|error| error.contains("cannot be reached")),
        "{}",
        test.text
    );
}

#[tokio::test]
async fn private_networks_are_out_of_reach_by_default() {
    let app = TestApp::new().await;
    for url in [
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "http://validator.example.com/",
        "ftp://validator.example.com/",
        "https://user:password@validator.example.com/",
        "validator",
    ] {
        let answer = app.operator().post("/validators", json!({ "name": "v", "url": url })).await;
        assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), "url", "{url}");
    }
    // A name says nothing about its addresses, so it is looked at when it is asked.
    let (id, _) = app.validator("https://localhost:9/".to_owned(), json!({})).await;
    let test = app.operator().post(&format!("/validators/{id}/test"), json!({})).await.expect(200);
    assert!(
        test["data"]["error"].as_str().is_some_and(|error| error.contains("private network")),
        "{}",
        test.text
    );
}

#[tokio::test]
async fn a_bad_validator_leaves_nothing_behind() {
    let app = TestApp::new().await;
    for (field, value) in [
        ("name", json!("")),
        ("url", json!("")),
        ("timeoutMs", json!(99)),
        ("timeoutMs", json!(10_001)),
        ("failMode", json!("fail")),
        ("isActive", json!("yes")),
        ("secret", json!("mine")),
    ] {
        let mut body = json!({ "name": "v", "url": "https://validator.example.com/" });
        body[field] = value;
        let answer = app.operator().post("/validators", body).await;
        assert_eq!(answer.expect_error(400, "VALIDATION_ERROR").fault(), field);
    }
    assert_eq!(app.operator().get("/validators").await.expect(200)["data"], json!([]));
    let good = json!({ "name": "v", "url": "https://validator.example.com/" });
    let made = app.operator().post("/validators", good.clone()).await.expect(201);
    app.operator().post("/validators", good).await.expect_error(409, "CONFLICT");
    let path = format!("/validators/{}", made["data"]["id"].as_str().expect("an id"));
    let other =
        json!({ "name": "w", "url": "https://validator.example.com/2", "failMode": "fail_open" });
    let changed = app.operator().put(&path, other).await.expect(200);
    assert_eq!(
        (&changed["data"]["name"], &changed["data"]["failMode"]),
        (&json!("w"), &json!("fail_open"))
    );
    app.operator().delete(&path).await.expect(204);
    app.operator().delete(&path).await.expect_error(404, "NOT_FOUND");
}
