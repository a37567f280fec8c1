//! The style sheet, the script and the icon: compiled into the binary, addressed by their content.
//!
//! The address carries the hash of the content, so browsers may keep a file for a year and still get
//! a new one with the first page of a new version.

use std::fmt::Write as _;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

const YEAR: &str = "public, max-age=31536000, immutable";

/// The addresses a page links to.
#[derive(Clone, Debug)]
pub(crate) struct AssetUrls {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

impl AssetUrls {
    /// The addresses of this build's files.
    pub(crate) fn new() -> Self {
        let url = |name: &str| {
            let hash = Assets::get(name)
                .map(|file| hash_text(&file.metadata.sha256_hash()))
                .unwrap_or_default();
            format!("/assets/{name}?v={hash}")
        };
        Self { style: url("execlave.css"), script: url("execlave.js"), icon: url("icon.svg") }
    }
}

fn hash_text(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `GET /assets/{name}`
pub(crate) async fn show(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = Assets::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", hash_text(&file.metadata.sha256_hash()));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let head = [(ETAG, tag), (CACHE_CONTROL, YEAR.to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(CONTENT_TYPE, file.metadata.mimetype().to_owned())], file.data).into_response()
}
