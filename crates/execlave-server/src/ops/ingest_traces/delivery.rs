//! A batch that says who it is, so that handing it in again changes nothing.
//!
//! Trace ids cannot tell: the spans of a tree share one. A client that is not sure whether a batch arrived sends it again under the same
//! id; the rows then have the ids they had, and what is stored is recognised.

use axum::http::HeaderMap;
use execlave_core::ids::TraceRowId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{AppError, AppResult};

/// Names a batch: a UUID of the client's making.
const ID: &str = "x-execlave-delivery-id";
/// Present if the batch may have arrived before.
const REPEATED: &str = "x-execlave-redelivery";

/// The batch of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery {
    id: Uuid,
    /// Whether it may have arrived before.
    pub(crate) is_repeated: bool,
}

impl Delivery {
    /// Reads the headers; `None` for a client that does not name its batches.
    pub(crate) fn of(headers: &HeaderMap) -> AppResult<Option<Self>> {
        let Some(id) = headers.get(ID) else { return Ok(None) };
        let id = id.to_str().ok().and_then(|text| Uuid::parse_str(text).ok());
        let id = id.ok_or_else(|| AppError::invalid("X-Execlave-Delivery-Id", "must be a UUID"))?;
        Ok(Some(Self { id, is_repeated: headers.contains_key(REPEATED) }))
    }

    /// The row of the trace at this place of the batch: the same whenever the batch is sent. It keeps the time in the client's id, if
    /// there is one, so that rows stay sorted by age.
    pub(super) fn row(&self, index: usize) -> TraceRowId {
        let mut digest = Sha256::new();
        digest.update(self.id.as_bytes());
        digest.update(index.to_be_bytes());
        let digest = digest.finalize();
        let mut bytes = *self.id.as_bytes();
        for (place, byte) in bytes.iter_mut().zip(digest.iter()).skip(6) {
            *place = *byte;
        }
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        TraceRowId::from(id)
    }
}
