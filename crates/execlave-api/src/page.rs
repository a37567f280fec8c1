//! Envelopes: `{"data": …}` around one thing, `{"data": [...], "meta": …}` around a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Data<T> {
    /// The thing itself.
    pub data: T,
}

impl<T> Data<T> {
    /// Wraps a thing for the wire.
    pub fn new(data: T) -> Self {
        Self { data }
    }
}

/// A page of a list, newest first unless the endpoint says otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The things on this page.
    pub data: Vec<T>,
    /// Where the next page starts.
    pub meta: Meta,
}

/// What a list says about itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Pass it back as `?cursor=`; absent on the last page. Opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many things the whole list holds; absent where counting is not cheap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}
