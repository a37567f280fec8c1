//! What stands behind the `?` of a page's address: read strictly, answered with a page when it cannot be read.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::AppError;
use crate::pages::failure::PageError;
use crate::state::AppState;

/// The query of a page.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, PageError> {
        // PostgreSQL refuses the character in any text, so nothing can be found by it.
        let is_plain = !parts.uri.query().is_some_and(|query| query.contains("%00"));
        let query = Query::<T>::try_from_uri(&parts.uri).ok().filter(|_| is_plain);
        let Query(asked) = query.ok_or_else(|| {
            AppError::invalid(
                "",
                "the address of this page cannot be read: go back and use the form",
            )
        })?;
        Ok(Self(asked))
    }
}
