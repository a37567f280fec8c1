//! Who may do what: `testdata/access/matrix.toml` names every endpoint and every caller, and every cell is tried, on things that do not
//! exist and on those of another organisation.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::http::Method;
use execlave_core::ids::OrgId;
use execlave_store::users::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::isolation::{belongings, body, named_things};
use crate::support::{Answer, Client, TestApp};

const SCOPES: [&str; 9] = [
    "*",
    "sdk",
    "read",
    "agents:write",
    "policies:write",
    "approvals:decide",
    "settings:write",
    "keys:write",
    "users:write",
];
const PEOPLE: [(&str, Role, bool); 5] = [
    ("owner", Role::Owner, false),
    ("admin", Role::Admin, false),
    ("developer", Role::Developer, false),
    ("viewer", Role::Viewer, false),
    ("approver", Role::Viewer, true),
];
/// Looks like an id and is nobody's.
const NOTHING: &str = "019abf6e-2f0c-7c3d-9d0e-5a3f0f3f8f12";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    endpoint: Vec<Endpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    path: String,
    method: String,
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    anybody: bool,
}

/// Somebody who calls, and in whose column of the matrix they are.
struct Caller {
    name: String,
    is_key: bool,
    client: Client,
}

impl Endpoint {
    fn allows(&self, caller: &Caller) -> bool {
        let named = if caller.is_key { &self.keys } else { &self.people };
        self.anybody || named.contains(&caller.name)
    }
}

fn matrix() -> Vec<Endpoint> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/access/matrix.toml");
    let text = std::fs::read_to_string(path).expect("the matrix is there");
    toml::from_str::<Matrix>(&text).expect("the matrix is well formed").endpoint
}

/// One of everybody, of that organisation; `owner` has its first key.
async fn everybody(app: &TestApp, org: OrgId, owner: &Client) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (name, role, approver) in PEOPLE {
        let user = app.user(org, role, approver).await;
        let client = app.session(&user).await;
        callers.push(Caller { name: name.to_owned(), is_key: false, client });
    }
    for scope in SCOPES {
        let made = owner.post("/api-keys", json!({ "name": scope, "scopes": [scope] })).await;
        let client = app.client(made.expect(201)["data"]["key"].as_str().expect("a key"));
        callers.push(Caller { name: scope.to_owned(), is_key: true, client });
    }
    callers
}

async fn call(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let method: Method = method.to_uppercase().parse().expect("a method");
    let sent = match method {
        Method::GET | Method::DELETE => String::new(),
        _ => body.to_string(),
    };
    if path.starts_with("/api/") {
        return client.json(method, path, sent).await;
    }
    client.get_root(path).await
}

#[tokio::test]
async fn the_matrix_names_every_endpoint_once_and_only_known_callers() {
    let app = TestApp::new().await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            described.insert((path.clone(), method.to_uppercase()));
        }
    }
    let matrix = matrix();
    let named: BTreeSet<_> =
        matrix.iter().map(|one| (one.path.clone(), one.method.clone())).collect();
    assert_eq!(named, described);
    assert_eq!(named.len(), matrix.len(), "an endpoint is named twice");
    for endpoint in &matrix {
        let known = |name: &String| PEOPLE.iter().any(|(person, ..)| person == name);
        assert!(endpoint.people.iter().all(known), "{endpoint:?}");
        let known = |scope: &String| SCOPES.contains(&scope.as_str());
        assert!(endpoint.keys.iter().all(known), "{endpoint:?}");
    }
    let scopes = execlave_server::administration::SCOPES;
    assert_eq!(scopes.iter().collect::<BTreeSet<_>>(), SCOPES.iter().collect());
}

#[tokio::test]
async fn every_cell_is_as_the_matrix_says() {
    let app = TestApp::new().await;
    let org = app.org().await;
    let callers = everybody(&app, org, &app.operator()).await;
    for endpoint in matrix() {
        let path = fill(&endpoint.path, NOTHING);
        for caller in &callers {
            // Signing out would end the column.
            let client = match endpoint.path.as_str() {
                "/api/v1/auth/sign-out" if !caller.is_key => app.person(Role::Viewer, false).await,
                _ => caller.client.clone(),
            };
            let answer = call(&client, &endpoint.method, &path, &json!({})).await;
            let (name, status) = (&caller.name, answer.status.as_u16());
            let cell = format!("{} {path} by {name}: {status} {}", endpoint.method, answer.text);
            if endpoint.allows(caller) {
                assert!(status != 401 && status != 403 && status < 500, "{cell}");
            } else {
                assert_eq!(status, 403, "{cell}");
                assert_eq!(answer["error"]["code"], "FORBIDDEN", "{cell}");
            }
        }
        let answer = call(&app.anonymous(), &endpoint.method, &path, &json!({})).await;
        assert_eq!(answer.status.as_u16() == 401, !endpoint.anybody, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn another_organisations_things_exist_for_nobody() {
    let app = TestApp::new().await;
    let (strange, first) = app.organisation().await;
    app.state.directory.load(&app.store).await.expect("the store is read");
    let callers = everybody(&app, strange, &first).await;
    let belongings = belongings(&app).await;
    let document = app.anonymous().get_root("/openapi.json").await.expect(200).body;
    let audit = app.operator().get("/audit").await.expect(200)["meta"]["total"].clone();
    let matrix = matrix();
    let mut cells = 0;
    for (method, path) in named_things(&document, &belongings) {
        let endpoint = matrix
            .iter()
            .find(|one| one.method == method.to_uppercase() && is_of(&one.path, &path))
            .expect("the matrix names every endpoint");
        for caller in &callers {
            let full = format!("/api/v1{path}");
            let answer = call(&caller.client, &method, &full, &body(&path)).await;
            let wanted = if endpoint.allows(caller) { 404 } else { 403 };
            let cell = format!("{method} {path} by {}: {}", caller.name, answer.text);
            assert_eq!(answer.status.as_u16(), wanted, "{cell}");
            cells += 1;
        }
    }
    assert!(cells > 500, "{cells}");
    let after = app.operator().get("/audit").await.expect(200)["meta"]["total"].clone();
    assert_eq!(after, audit, "something was changed");
}

fn fill(path: &str, id: &str) -> String {
    let segment = |segment| match segment {
        "{version}" => "1",
        segment if str::starts_with(segment, "{") => id,
        segment => segment,
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Whether a path with ids in it is of an endpoint.
fn is_of(template: &str, path: &str) -> bool {
    let template: Vec<_> = template.trim_start_matches("/api/v1").split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, is)| wanted.starts_with('{') || wanted == is)
}
