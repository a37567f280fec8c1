//! Bad input: each case answers a 4xx with its code, a message and the path of the fault, and leaves nothing behind.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

struct Case {
    what: &'static str,
    method: Method,
    path: &'static str,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    /// The path of the fault, or its beginning and `…`; `None` where the code says it all.
    fault: Option<&'static str>,
}

fn case(
    what: &'static str,
    path: &'static str,
    body: impl Into<Vec<u8>>,
    fault: &'static str,
) -> Case {
    let (method, path) = match path.split_once(' ') {
        Some((method, path)) => (method.parse().expect("a method"), path),
        None => (Method::POST, path),
    };
    Case {
        what,
        method,
        path,
        body: body.into(),
        status: 400,
        code: "VALIDATION_ERROR",
        fault: Some(fault),
    }
}

fn answers(case: Case, status: u16, code: &'static str) -> Case {
    Case { status, code, fault: None, ..case }
}

fn nested(depth: usize) -> String {
    format!(
        r#"{{"agentId":"bot","input":"x","metadata":{{"a":{}1{}}}}}"#,
        "[".repeat(depth),
        "]".repeat(depth)
    )
}

fn actions() -> Vec<Case> {
    let enforce = "/policies/enforce";
    let large = format!(r#"{{"agentId":"bot","input":"{}"}}"#, "x".repeat(10 * 1024 * 1024));
    let turns = json!({ "agentId": "bot", "input": "x", "conversationHistory": vec![json!({ "role": "user", "content": "x" }); 51] });
    let tools = json!({ "agentId": "bot", "input": "x", "tools": vec!["t"; 101] });
    vec![
        case("broken JSON", enforce, "{\"agentId\": \"bot\", ", ""),
        case("no JSON at all", enforce, "", ""),
        case("two documents", enforce, "{\"agentId\":\"bot\",\"input\":\"x\"} {}", ""),
        case("not UTF-8", enforce, b"{\"agentId\":\"bot\",\"input\":\"\xff\"}".to_vec(), "input"),
        case("a list", enforce, "[]", ""),
        case("a missing field", enforce, r#"{"agentId":"bot"}"#, "input"),
        case("an unknown field", enforce, r#"{"agentId":"bot","input":"x","colour":1}"#, "colour"),
        case(
            "an unknown field inside",
            enforce,
            r#"{"agentId":"bot","input":"x","toolOutputs":[{"name":"n","output":1,"extra":2}]}"#,
            "toolOutputs[0].extra",
        ),
        case("a field twice", enforce, r#"{"agentId":"bot","input":"x","input":"y"}"#, "input"),
        case("a number for a text", enforce, r#"{"agentId":"bot","input":7}"#, "input"),
        case(
            "a text in a list of texts",
            enforce,
            r#"{"agentId":"bot","input":"x","tools":["a",{}]}"#,
            "tools[1]",
        ),
        case(
            "null for absent",
            enforce,
            r#"{"agentId":"bot","input":"x","metadata":null}"#,
            "metadata",
        ),
        case(
            "an unknown word",
            enforce,
            r#"{"agentId":"bot","input":"x","conversationHistory":[{"role":"robot","content":"x"}]}"#,
            "conversationHistory[0].role",
        ),
        case("an empty input", enforce, r#"{"agentId":"bot","input":""}"#, "input"),
        case(
            "a negative cost",
            enforce,
            r#"{"agentId":"bot","input":"x","estimatedCost":-1}"#,
            "estimatedCost",
        ),
        case(
            "a cost without end",
            enforce,
            r#"{"agentId":"bot","input":"x","estimatedCost":1e300}"#,
            "estimatedCost",
        ),
        case(
            "a number beyond numbers",
            enforce,
            r#"{"agentId":"bot","input":"x","estimatedCost":1e999}"#,
            "estimatedCost",
        ),
        case(
            "an odd environment",
            enforce,
            r#"{"agentId":"bot","input":"x","environment":"a b"}"#,
            "environment",
        ),
        case("51 turns", enforce, turns.to_string(), "conversationHistory"),
        case("101 tools", enforce, tools.to_string(), "tools"),
        case("depth 1,000", enforce, nested(1_000), "metadata.a[0][0]…"),
        case("NUL in a text", enforce, r#"{"agentId":"bot","input":"a\u0000b"}"#, "input"),
        case(
            "NUL deep inside",
            enforce,
            r#"{"agentId":"bot","input":"x","metadata":{"a":[{"b":"\u0000"}]}}"#,
            "metadata.a[0].b",
        ),
        case(
            "NUL in a key",
            enforce,
            r#"{"agentId":"bot","input":"x","metadata":{"a\u0000":1}}"#,
            "metadata.a\\u0000",
        ),
        case("a lone surrogate", enforce, r#"{"agentId":"bot","input":"\ud800"}"#, "input"),
        case(
            "a lone surrogate inside",
            enforce,
            r#"{"agentId":"bot","input":"x","metadata":{"k":"\udfff x"}}"#,
            "metadata.k",
        ),
        answers(case("10 MB", enforce, large, ""), 413, "PAYLOAD_TOO_LARGE"),
    ]
}

fn registrations() -> Vec<Case> {
    vec![
        case("registration without a name", "/agents", r#"{"agentId":"new"}"#, "name"),
        case(
            "registration with an empty id",
            "/agents",
            r#"{"agentId":" ","name":"x"}"#,
            "agentId",
        ),
        case(
            "registration with a long id",
            "/agents",
            json!({ "agentId": "x".repeat(257), "name": "x" }).to_string(),
            "agentId",
        ),
        case(
            "registration with an odd type",
            "/agents",
            r#"{"agentId":"new","name":"x","type":"a/b"}"#,
            "type",
        ),
        case(
            "registration with an odd level",
            "/agents",
            r#"{"agentId":"new","name":"x","autonomyLevel":"god"}"#,
            "autonomyLevel",
        ),
        case(
            "registration with NUL",
            "/agents",
            r#"{"agentId":"new\u0000","name":"x"}"#,
            "agentId",
        ),
        case(
            "registration with a wrong list",
            "/agents",
            r#"{"agentId":"new","name":"x","tags":["a",""]}"#,
            "tags[1]",
        ),
        case(
            "registration with 501 tags",
            "/agents",
            json!({ "agentId": "new", "name": "x", "tags": vec!["t"; 501] }).to_string(),
            "tags",
        ),
        case("patch with an unknown field", "PATCH /agents/bot", r#"{"epoch":9}"#, "epoch"),
        case("pause with a wrong reason", "PATCH /agents/bot/pause", r#"{"reason":1}"#, "reason"),
        case(
            "pause with a long reason",
            "PATCH /agents/bot/pause",
            json!({ "reason": "x".repeat(4_001) }).to_string(),
            "reason",
        ),
        case(
            "heartbeat with an unknown field",
            "/agents/bot/heartbeat",
            r#"{"pulse":60}"#,
            "pulse",
        ),
    ]
}

fn documents() -> Vec<Case> {
    vec![
        case("a policy that is a list", "/policies", "[]", ""),
        case("a policy with NUL", "/policies", r#"{"name":"a\u0000"}"#, "name"),
        case(
            "a policy with a broken pattern",
            "/policies",
            r#"{"name":"p","policyType":"injection_scan","enforcementMode":"block","ruleDefinition":{"patterns":["ok","("]}}"#,
            "ruleDefinition.patterns[1]",
        ),
        case("traces that are none", "/traces/ingest", r#"{"traces":{}}"#, "traces"),
        case(
            "a batch with an unknown field",
            "/traces/ingest",
            r#"{"traces":[],"more":1}"#,
            "more",
        ),
        case("a broken batch", "/traces/ingest", r#"{"traces":[{"traceId":"a"},"#, "traces"),
        case("a key without a name", "/api-keys", r#"{"name":""}"#, "name"),
        case(
            "a key with an unknown scope",
            "/api-keys",
            r#"{"name":"k","scopes":["sdk","root"]}"#,
            "scopes[1]",
        ),
        case(
            "a key that has expired",
            "/api-keys",
            r#"{"name":"k","expiresAt":"2020-01-01T00:00:00Z"}"#,
            "expiresAt",
        ),
        case(
            "a key that ends some day",
            "/api-keys",
            r#"{"name":"k","expiresAt":"soon"}"#,
            "expiresAt",
        ),
    ]
}

fn addresses() -> Vec<Case> {
    let enforce = "/policies/enforce";
    vec![
        case("a limit of zero", "GET /agents?limit=0", "", "limit"),
        case("a limit too high", "GET /traces?limit=201", "", "limit"),
        case("a limit that is no number", "GET /policies?limit=ten", "", "limit"),
        case("an unknown parameter", "GET /agents?serach=x", "", "serach"),
        case("a parameter twice", "GET /agents?search=a&search=b", "", "search"),
        case("NUL in a parameter", "GET /agents?search=%00", "", "search"),
        case("NUL in a path", "GET /agents/a%00b", "", "path"),
        case("a path that is not UTF-8", "GET /traces/%ff", "", "path"),
        case("a time that is none", "GET /traces?since=yesterday", "", "since"),
        case("an unknown status", "GET /approvals?status=lost", "", "status"),
        answers(
            case("a foreign cursor", "GET /traces?cursor=bm90IG91cnM", "", ""),
            400,
            "INVALID_CURSOR",
        ),
        answers(case("an unknown path", "/agent", "{}", ""), 404, "NOT_FOUND"),
        answers(case("an unknown method", "DELETE /agents", "", ""), 405, "METHOD_NOT_ALLOWED"),
        answers(case("an id that is none", "GET /approvals/1", "", ""), 404, "NOT_FOUND"),
        answers(
            case("an agent that is none", enforce, r#"{"agentId":"nobody","input":"x"}"#, ""),
            404,
            "NOT_FOUND",
        ),
    ]
}

/// How much there is of everything.
async fn contents(client: &Client) -> Vec<Value> {
    let mut contents = Vec::new();
    for list in ["agents", "policies", "approvals", "decisions", "traces", "api-keys"] {
        let answer = client.get(&format!("/{list}?limit=200")).await.expect(200);
        contents.push(answer["data"].clone());
    }
    contents
}

#[tokio::test]
async fn bad_input_is_refused_with_its_path_and_leaves_nothing_behind() {
    let app = TestApp::new().await;
    app.agent("bot").await;
    let client = app.operator();
    let before = contents(&client).await;
    for Case { what, method, path, body, status, code, fault } in
        [actions(), registrations(), documents(), addresses()].into_iter().flatten()
    {
        let answer = client.json(method, path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text);
        let answer = answer.expect_error(status, code);
        if let Some(fault) = fault {
            let found = match fault.strip_suffix('…') {
                Some(beginning) => answer.fault().starts_with(beginning),
                None => answer.fault() == fault,
            };
            assert!(found, "{what}: {}", answer.text);
            assert!(
                answer["error"]["fields"][0]["message"]
                    .as_str()
                    .is_some_and(|message| !message.is_empty()),
                "{what}"
            );
        }
    }
    assert_eq!(contents(&client).await, before);
}

#[tokio::test]
async fn other_content_types_and_encodings_are_named() {
    let app = TestApp::new().await;
    let send = async |name: header::HeaderName, value: &'static str, body: &'static str| {
        let request = app
            .operator()
            .request(Method::POST, "/agents")
            .header(header::CONTENT_TYPE, "application/json");
        let request = if name == header::CONTENT_TYPE {
            app.operator().request(Method::POST, "/agents")
        } else {
            request
        };
        app.operator()
            .send(request.header(name, value).body(Body::from(body)).expect("a request"))
            .await
    };
    let good = r#"{"agentId":"a","name":"A"}"#;
    send(header::CONTENT_TYPE, "text/plain", good)
        .await
        .expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    send(header::CONTENT_ENCODING, "br", good).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE");
    send(header::CONTENT_ENCODING, "gzip", "not gzip").await.expect_error(400, "VALIDATION_ERROR");
    send(header::CONTENT_TYPE, "application/json; charset=utf-8", good).await.expect(201);
}

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_large_one_is_too_large() {
    // In Python: `gzip.compress(b"{\"agentId\":\"" + b"x" * 20_000_000, mtime=0)`.
    let bomb = include_bytes!("support/bomb.json.gz");
    let app = TestApp::new().await;
    let request = app
        .operator()
        .request(Method::POST, "/agents")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, "gzip")
        .body(Body::from(bomb.as_slice()));
    let answer = app.operator().send(request.expect("a request")).await;
    let answer = answer.expect_error(413, "PAYLOAD_TOO_LARGE");
    // What is left of it may never be read: nobody should ask anything more after it.
    assert_eq!(answer.header("connection"), Some("close"));
}
