//! Taking in what agents did. Each trace is judged on its own: a bad one is named and the others are stored.

mod admit;
mod delivery;
mod evidence;
mod identity;
mod review;

use execlave_api::error::ErrorCode;
use execlave_api::traces::TraceError;
use execlave_core::ids::OrgId;
use execlave_store::traces::NewTrace;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use self::delivery::Delivery;
use crate::auth::environment::Environments;
use crate::error::{AppError, AppResult};
use crate::metrics;
use crate::state::AppState;

/// Parsing and scanning more than this would keep a worker thread from other requests.
const LARGE_BATCH_BYTES: usize = 32 * 1024;

/// What became of a batch.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) accepted: usize,
    pub(crate) errors: Vec<TraceError>,
}

/// Why one trace is refused.
#[derive(Debug)]
struct Refusal {
    code: ErrorCode,
    message: String,
}

/// Stores the good traces of a batch; answers once they are durable.
pub(crate) async fn ingest_traces(
    state: &AppState,
    org: OrgId,
    environments: &Environments,
    batch: Vec<Box<RawValue>>,
    delivery: Option<Delivery>,
) -> AppResult<Ingested> {
    let most = state.config.limits.traces_per_batch;
    if batch.len() > most {
        return Err(AppError::invalid(
            "traces",
            format!("must have at most {most} entries: send more batches"),
        ));
    }
    identity::learn_keys(state, &batch).await?;
    let size: usize = batch.iter().map(|raw| raw.get().len()).sum();
    let judged = if size < LARGE_BATCH_BYTES {
        judge(state, org, environments, &batch, delivery)
    } else {
        let (owned, environments) = (state.clone(), environments.clone());
        tokio::task::spawn_blocking(move || judge(&owned, org, &environments, &batch, delivery))
            .await
            .map_err(AppError::internal)?
    };
    let (traces, errors) = judged;
    let accepted = traces.len();
    for agent in traces.iter().filter_map(|new| new.trace.agent_row_id) {
        state.directory.touched.agent(org, agent, state.clock.now());
    }
    state.store.insert_traces(traces).await?;
    metrics::traces(accepted, errors.len());
    Ok(Ingested { accepted, errors })
}

fn judge(
    state: &AppState,
    org: OrgId,
    environments: &Environments,
    batch: &[Box<RawValue>],
    delivery: Option<Delivery>,
) -> (Vec<NewTrace>, Vec<TraceError>) {
    let mut traces = Vec::with_capacity(batch.len());
    let mut errors = Vec::new();
    for (index, raw) in batch.iter().enumerate() {
        match admit::admit(state, org, environments, raw.get()) {
            Ok(mut trace) => {
                if let Some(delivery) = delivery {
                    trace.trace.id = delivery.row(index);
                    trace.is_redelivery = delivery.is_repeated;
                }
                traces.push(trace);
            }
            Err(Refusal { code, message }) => {
                let error = TraceError {
                    trace_id: trace_id(raw.get()),
                    code: code.as_str().to_owned(),
                    error: message,
                    index,
                };
                errors.push(error);
            }
        }
    }
    (traces, errors)
}

/// The id of a refused trace, as far as it can be read.
fn trace_id(raw: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "traceId")]
        trace_id: String,
    }
    let named: Option<Named> = serde_json::from_str(raw).ok();
    named.map(|named| named.trace_id.chars().take(256).collect()).unwrap_or_default()
}
