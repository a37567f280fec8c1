//! The description and the server cannot drift apart.

use std::collections::BTreeSet;

use axum::http::Method;
use execlave_api::error::ErrorCode;
use serde_json::Value;

use crate::support::TestApp;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn routes(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().expect("paths");
    let route = |path: &String, methods: &Value| -> Vec<(String, String)> {
        let methods = methods.as_object().expect("methods").keys();
        methods
            .filter(|method| METHODS.contains(&method.as_str()))
            .map(|method| (method.clone(), path.clone()))
            .collect()
    };
    paths.iter().flat_map(|(path, methods)| route(path, methods)).collect()
}

#[tokio::test]
async fn every_described_route_exists_under_both_prefixes_and_needs_a_key() {
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let routes = routes(&document);
    assert!(routes.len() >= 30, "{routes:?}");
    for (method, path) in routes.iter().filter(|(_, path)| path.starts_with("/api/v1/")) {
        let is_open = document["paths"][path][method]["security"] == serde_json::json!([{}]);
        for path in [path.clone(), path.replace("/api/v1/", "/api/")] {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let path = path.replace(['{', '}'], "");
            let answer = app.anonymous().json(method.clone(), &path, "{}").await;
            if is_open {
                answer.expect_error(400, "VALIDATION_ERROR");
            } else {
                answer.expect_error(401, "UNAUTHENTICATED");
            }
            let answer = app.operator().json(method.clone(), &path, "{}").await;
            assert_ne!(answer.status, 405, "{method} {path}");
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert!(!message.starts_with("there is no `"), "{method} {path}: {message}");
        }
    }
}

#[tokio::test]
async fn every_shared_path_is_described() {
    use execlave_api::paths;
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let described: BTreeSet<&str> =
        document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    for path in [paths::HEALTH, paths::READY, paths::METRICS, paths::JWKS] {
        assert!(described.contains(path), "{path}");
    }
    let api = [
        paths::AGENTS,
        paths::ENFORCE,
        paths::POLICIES,
        paths::APPROVALS,
        paths::INGEST,
        paths::TRACES,
        paths::DECISIONS,
        paths::API_KEYS,
        paths::USAGE,
        paths::USERS,
        paths::ME,
        paths::SESSIONS,
        paths::SIGN_IN,
        paths::BYPASS_WINDOWS,
        paths::SETTINGS,
        paths::PRICES,
        paths::COST_BUDGET_RULES,
        paths::INCIDENTS,
        paths::VALIDATORS,
        paths::WEBHOOKS,
        paths::SIMULATE,
        paths::BUNDLE,
        paths::LINT,
        paths::SCHEMAS,
        paths::INGEST_DECISIONS,
    ];
    for path in api {
        assert!(described.contains(format!("{}{path}", paths::BASE).as_str()), "{path}");
    }
}

#[tokio::test]
async fn every_reference_in_the_document_resolves() {
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let mut waiting = vec![&document];
    let mut references = 0;
    while let Some(value) = waiting.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            assert!(document.pointer(pointer).is_some(), "{reference}");
            references += 1;
        }
        match value {
            Value::Array(items) => waiting.extend(items),
            Value::Object(fields) => waiting.extend(fields.values()),
            _ => {}
        }
    }
    assert!(references > 30);
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own() {
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let mut ids = BTreeSet::new();
    for (method, path) in routes(&document) {
        let operation = &document["paths"][&path][&method];
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        assert!(ids.insert(id.clone()), "{id} is taken: {method} {path}");
        assert_eq!(
            operation["responses"].get("401").is_some(),
            path.starts_with("/api/") || path.starts_with("/hooks/"),
            "{path}"
        );
    }
    assert!(ids.contains("agents_register"), "{ids:?}");
}

#[tokio::test]
async fn every_answer_is_described() {
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    for (method, path) in routes(&document) {
        let answers = document["paths"][&path][&method]["responses"].as_object().expect("answers");
        assert!(!answers.is_empty());
        for (status, answer) in answers {
            let description = answer["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty(), "{method} {path} {status}");
        }
    }
}

/// A code, once shipped, never disappears and never changes its status.
#[test]
fn error_codes_stay() {
    let codes: Vec<String> =
        ErrorCode::ALL.iter().map(|code| format!("{} {}", code.status(), code.as_str())).collect();
    insta::assert_snapshot!(codes.join("\n"), @"
    400 VALIDATION_ERROR
    400 INVALID_CURSOR
    401 UNAUTHENTICATED
    401 INVALID_API_KEY
    401 API_KEY_EXPIRED
    401 API_KEY_REVOKED
    401 INVALID_SESSION
    401 INVALID_CREDENTIALS
    401 SECOND_FACTOR_REQUIRED
    401 INVALID_SIGNATURE
    401 SIGNATURE_REQUIRED
    401 REQUEST_REPLAYED
    401 INVALID_AGENT_CREDENTIAL
    402 PLAN_LIMIT_EXCEEDED
    403 FORBIDDEN
    403 SELF_APPROVAL
    403 AGENT_PAUSED
    403 NO_GRANT
    404 NOT_FOUND
    405 METHOD_NOT_ALLOWED
    409 CONFLICT
    413 PAYLOAD_TOO_LARGE
    415 UNSUPPORTED_MEDIA_TYPE
    422 OUTCOME_EVIDENCE_REQUIRED
    429 RATE_LIMITED
    500 INTERNAL
    503 UNAVAILABLE
    ");
}
