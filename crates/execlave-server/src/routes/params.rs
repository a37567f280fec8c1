//! What stands in a URL: path segments and query parameters, parsed as strictly as bodies.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use execlave_api::page::{List, Meta};
use execlave_core::json;
use execlave_core::time::Timestamp;
use execlave_store::page::{Page, PageRequest};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::error::{AppError, AppResult};
use crate::state::AppState;

/// Query parameters as a struct. An unknown or repeated one is refused: a typing error must not list everything.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Params<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> AppResult<Self> {
        let mut given = Map::new();
        for (name, value) in
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        {
            if value.contains('\0') {
                return Err(AppError::invalid(name, "must not contain a NUL character"));
            }
            if given.insert(name.to_string(), Value::from(value.into_owned())).is_some() {
                return Err(AppError::invalid(name, "is given twice"));
            }
        }
        Ok(Self(json::parse_value(Value::Object(given))?))
    }
}

/// Path segments, percent-decoded.
#[derive(Debug)]
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Segments<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        if parts.uri.path().contains("%00") {
            return Err(AppError::invalid("path", "must not contain a NUL character"));
        }
        match Path::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Self(segments)),
            Err(rejection) => Err(AppError::invalid("path", rejection.body_text())),
        }
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// 1 to 200.
    #[serde(default, deserialize_with = "number")]
    limit: Option<u32>,
    /// `meta.nextCursor` of the page before.
    cursor: Option<String>,
}

impl PageParams {
    /// The page asked for.
    pub(crate) fn page(self) -> AppResult<PageRequest> {
        page(self.limit, self.cursor)
    }
}

/// A day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

const LONGEST_MS: i64 = 366 * DAY_MS;

/// The time that numbers are asked about: up to `now`, that moment included, and a day long, unless the caller says otherwise.
pub(crate) fn period(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    now: Timestamp,
) -> AppResult<(Timestamp, Timestamp)> {
    let until = until.unwrap_or_else(|| now.plus_millis(1));
    let since = since.unwrap_or_else(|| until.minus_millis(DAY_MS));
    if since >= until || until.millis_since(since) > LONGEST_MS {
        return Err(AppError::invalid("since", "must be at most 366 days before `until`"));
    }
    Ok((since, until))
}

/// Over which span of time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodParams {
    /// From this moment on; RFC 3339. A day before the end when left out.
    #[param(value_type = Option<String>)]
    since: Option<Timestamp>,
    /// Before this moment; RFC 3339. The moment of the request when left out.
    #[param(value_type = Option<String>)]
    until: Option<Timestamp>,
}

impl PeriodParams {
    /// Both ends.
    pub(crate) fn period(self, now: Timestamp) -> AppResult<(Timestamp, Timestamp)> {
        period(self.since, self.until, now)
    }
}

/// The page a list was asked for.
pub(crate) fn page(limit: Option<u32>, cursor: Option<String>) -> AppResult<PageRequest> {
    let limit = limit.unwrap_or(PageRequest::DEFAULT_LIMIT);
    if !(1..=PageRequest::MAX_LIMIT).contains(&limit) {
        return Err(AppError::invalid("limit", format!("must be 1 to {}", PageRequest::MAX_LIMIT)));
    }
    Ok(PageRequest { limit, cursor })
}

/// A page as it goes out.
pub(crate) fn list<T, U>(page: Page<T>, convert: impl FnMut(T) -> U) -> List<U> {
    let Page { items, next_cursor, total } = page;
    List { data: items.into_iter().map(convert).collect(), meta: Meta { next_cursor, total } }
}

/// A whole number in a query parameter.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("must be a whole number"))
}

/// `true` or `false` in a query parameter.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("must be `true` or `false`"))
}

/// An id in a path. What is not an id at all names nothing, so it is a 404 as well.
pub(crate) fn id<T: std::str::FromStr>(noun: &str, text: &str) -> AppResult<T> {
    text.parse().map_err(|_| AppError::not_found(noun, text.chars().take(64).collect::<String>()))
}
