use serde_json::{Value, json};

use crate::support::TestApp;

async fn cost(app: &TestApp, trace: Value) -> (Value, Value) {
    let client = app.agent_key().await;
    client.post("/traces/ingest", json!({ "traces": [trace.clone()] })).await.expect(202);
    let path = format!("/traces/{}", trace["traceId"].as_str().expect("text"));
    let found = app.operator().get(&path).await.expect(200);
    (found["data"][0]["costUsd"].clone(), found["data"][0]["costIsComputed"].clone())
}

#[tokio::test]
async fn a_trace_with_tokens_and_no_cost_gets_one() {
    let app = TestApp::new().await;
    let tokens = |id: &str, model: &str| json!({ "traceId": id, "modelName": model, "promptTokens": 1_000, "completionTokens": 500 });
    assert_eq!(cost(&app, tokens("a", "gpt-4o-2024-08-06")).await, (json!(0.0075), json!(true)));
    let mut reported = tokens("b", "gpt-4o");
    reported["costUsd"] = json!(0);
    assert_eq!(cost(&app, reported).await, (json!(0.0), Value::Null), "a reported cost stays");
    assert_eq!(cost(&app, tokens("c", "house-model")).await, (Value::Null, Value::Null));
    let total = json!({ "traceId": "d", "modelName": "gpt-4o", "totalTokens": 9 });
    assert_eq!(
        cost(&app, total).await,
        (Value::Null, Value::Null),
        "the two kinds differ in price"
    );
    let input = json!({ "traceId": "e", "modelName": "gpt-4o", "promptTokens": 1_000_000 });
    assert_eq!(cost(&app, input).await, (json!(2.5), json!(true)));
}

#[tokio::test]
async fn an_organisations_own_price_wins_until_it_is_taken_back() {
    let app = TestApp::new().await;
    let stranger = app.other_organisation().await;
    let set =
        json!({ "model": " House-Model ", "inputUsdPerMillion": 1.5, "outputUsdPerMillion": 0 });
    let answer = app.operator().post("/prices", set).await.expect(200);
    assert_eq!(answer["data"]["model"], "house-model");
    assert_eq!(answer["data"]["origin"], "organization");
    let trace = json!({ "traceId": "a", "modelName": "vendor/House-Model-latest", "promptTokens": 2_000_000 });
    assert_eq!(cost(&app, trace).await, (json!(3.0), json!(true)));

    app.operator()
        .post(
            "/prices",
            json!({ "model": "gpt-4o", "inputUsdPerMillion": 1, "outputUsdPerMillion": 2 }),
        )
        .await
        .expect(200);
    let of = async |client: &crate::support::Client, model: &str| {
        client.get(&format!("/prices?model={model}")).await.expect(200)["data"].clone()
    };
    let ours = of(&app.operator(), "gpt-4o-2024-11-20").await;
    assert_eq!(
        (&ours[0]["inputUsdPerMillion"], &ours[0]["origin"]),
        (&json!(1.0), &json!("organization"))
    );
    let theirs = of(&stranger, "gpt-4o").await;
    assert_eq!(
        (&theirs[0]["inputUsdPerMillion"], &theirs[0]["origin"]),
        (&json!(2.5), &json!("built_in"))
    );
    assert!(theirs[0]["asOf"].is_string() && theirs[0]["source"].is_string());
    assert_eq!(of(&stranger, "house-model").await, json!([]));
    stranger.delete("/prices/gpt-4o").await.expect_error(404, "NOT_FOUND");

    app.operator().delete("/prices/GPT-4o").await.expect(204);
    app.operator().delete("/prices/gpt-4o").await.expect_error(404, "NOT_FOUND");
    assert_eq!(of(&app.operator(), "gpt-4o").await[0]["origin"], "built_in");
    let all = app.operator().get("/prices").await.expect(200);
    let listed = all["data"].as_array().expect("a list");
    assert!(listed.iter().any(|price| price["model"] == "house-model"));
    assert_eq!(listed.iter().filter(|price| price["model"] == "gpt-4o").count(), 1);
}

#[tokio::test]
async fn a_bad_price_changes_nothing() {
    let app = TestApp::new().await;
    for (field, value) in [
        ("model", json!(" ")),
        ("inputUsdPerMillion", json!(-1)),
        ("inputUsdPerMillion", json!("1")),
        ("outputUsdPerMillion", json!(1e7)),
        ("currency", json!("EUR")),
    ] {
        let mut body =
            json!({ "model": "gpt-4o", "inputUsdPerMillion": 1, "outputUsdPerMillion": 1 });
        body[field] = value;
        let answer =
            app.operator().post("/prices", body).await.expect_error(400, "VALIDATION_ERROR");
        assert_eq!(answer.fault(), field);
    }
    let price = app.operator().get("/prices?model=gpt-4o").await.expect(200);
    assert_eq!(price["data"][0]["origin"], "built_in");
}
