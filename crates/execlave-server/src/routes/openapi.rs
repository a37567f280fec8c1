//! The description of the API, made from the handlers and the wire types themselves.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use execlave_api::paths;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi as OpenApiDocument, PathItem, Ref, RefOr, ResponseBuilder,
};
use utoipa::{Modify, OpenApi};

/// What the document says before the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Execlave",
        description = "Decides before an AI agent acts whether it may, lets people stop or approve it, and keeps the evidence.\n\n\
            Answers are wrapped in `data`, lists come with `meta`; `/policies/enforce`, `/traces/ingest`, `/decisions/ingest` and `/sdk/bypass-windows` answer unwrapped. \
            Every path below `/api/v1` also answers below `/api`. Errors are `{\"error\": {\"code\", \"message\", \"fields\"?, \"requestId\"}}`."
    ),
    modifiers(&Security),
    security(("bearer" = []), ("header" = []))
)]
pub(crate) struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApiDocument) {
        let components = document.components.get_or_insert_default();
        components
            .add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme(
            "header",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))),
        );
    }
}

/// The finished document, serialised once.
#[derive(Clone, Debug)]
pub(crate) struct Document(std::sync::Arc<str>);

impl Document {
    pub(crate) fn new(mut document: OpenApiDocument) -> Self {
        for (path, item) in &mut document.paths.paths {
            let needs_key = path.starts_with(paths::BASE);
            for operation in operations(item) {
                complete(operation, needs_key);
            }
        }
        let json = document.to_pretty_json();
        Self(json.expect("the document holds nothing that JSON cannot express").into())
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}

/// What is true of every operation is said here once: its id names its noun, since generators make functions of ids, without a key it
/// answers 401, and every answer is described.
fn complete(operation: &mut Operation, needs_key: bool) {
    let noun = operation.tags.iter().flatten().next().map(|tag| tag.replace(' ', "_"));
    if let (Some(noun), Some(verb)) = (noun, &operation.operation_id) {
        operation.operation_id = Some(format!("{noun}_{verb}"));
    }
    if needs_key {
        let schema = RefOr::Ref(Ref::from_schema_name("ErrorBody"));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let refused = ResponseBuilder::new()
            .description("No API key, or not a good one")
            .content("application/json", content)
            .build();
        operation.responses.responses.insert("401".to_owned(), RefOr::T(refused));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            reason(status).clone_into(&mut response.description);
        }
    }
}

/// What a status means in general: the format wants a description of every answer.
fn reason(status: &str) -> &'static str {
    let status = StatusCode::from_bytes(status.as_bytes()).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Another answer")
}

/// Serves it.
pub(crate) fn show(document: &Document) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.0.to_string()).into_response()
}
