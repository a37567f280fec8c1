//! The audit log: listed, exported, proved, verified. Nothing here changes it.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use execlave_api::audit::{AuditEntry, AuditReport};
use execlave_api::error::ErrorBody;
use execlave_api::page::{Data, List};
use execlave_core::audit::{ConsistencyProof, InclusionProof, TreeHead, merkle};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::params::{PageParams, Params, list as listed, number};
use crate::auth::caller::Caller;
use crate::auth::permission::Read;
use crate::error::{AppError, AppResult};
use crate::ops::export_audit::export_audit;
use crate::ops::sign_tree_head::sign_tree_head;
use crate::signer::Signer;
use crate::state::AppState;
use crate::views;

/// List the audit log, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(PageParams), responses((status = 200, body = List<AuditEntry>)))]
pub(crate) async fn list(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<PageParams>,
) -> AppResult<Json<List<AuditEntry>>> {
    let entries = state.store.list_audit(caller.org, &params.page()?).await?;
    Ok(Json(listed(entries, views::audit_entry)))
}

/// The whole log as a file that `execlave audit verify --export` checks without this server. The format is described in
/// `docs/reference/audit-log.md`.
#[utoipa::path(get, path = "/audit/export", tag = "audit", responses(
    (status = 200, description = "JSON lines: a header, the entries, the signed tree head", body = String, content_type = "application/x-ndjson"),
))]
pub(crate) async fn export(
    caller: Caller<Read>,
    State(state): State<AppState>,
) -> AppResult<impl IntoResponse> {
    let body = export_audit(&state, caller.org).await?;
    let disposition = "attachment; filename=\"audit.jsonl\"";
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, body))
}

/// The signed tree head over the whole log. Keep it elsewhere: with it, a log that is written anew is found.
#[utoipa::path(get, path = "/audit/tree-head", tag = "audit", responses(
    (status = 200, description = "`at`, `keyId`, `organizationId`, `rootHash`, `signature`, `size`", body = Data<Value>),
))]
pub(crate) async fn tree_head(
    caller: Caller<Read>,
    State(state): State<AppState>,
) -> AppResult<Json<Data<TreeHead>>> {
    Ok(Json(Data::new(sign_tree_head(&state, caller.org).await?)))
}

/// Which entry.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InclusionParams {
    /// The entry's place in the log, from 1.
    #[serde(deserialize_with = "number")]
    #[param(value_type = u32)]
    index: Option<u32>,
}

/// Proof that an entry is in the log (RFC 9162 section 2.1.3), with the entry and a signed tree head.
#[utoipa::path(get, path = "/audit/proofs/inclusion", tag = "audit", params(InclusionParams), responses(
    (status = 200, description = "`entry`, `path`, `treeHead`", body = Data<Value>),
    (status = 404, description = "There is no such entry", body = ErrorBody),
))]
pub(crate) async fn inclusion(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<InclusionParams>,
) -> AppResult<Json<Data<InclusionProof>>> {
    let index = i64::from(params.index.unwrap_or_default());
    let missing = || AppError::not_found("audit entry", index);
    let tree_head = sign_tree_head(&state, caller.org).await?;
    let row = state.store.anchored(caller.org, index).await?.ok_or_else(missing)?;
    let entry = row.to_entry().map_err(|_| missing())?;
    let leaves = state.store.audit_leaves(caller.org, tree_head.size).await?;
    let place = usize::try_from(index - 1).map_err(|_| missing())?;
    let path = merkle::inclusion_proof(&leaves, place).ok_or_else(missing)?;
    Ok(Json(Data::new(InclusionProof { entry, path, tree_head })))
}

/// Which two tree heads.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConsistencyParams {
    /// The size of the earlier tree.
    #[serde(deserialize_with = "number")]
    #[param(value_type = u32)]
    from: Option<u32>,
    /// The size of the later one, of which a head was signed; the whole log if left out.
    #[serde(default, deserialize_with = "number")]
    to: Option<u32>,
}

/// Proof that the log only grew from one tree head to another (RFC 9162 section 2.1.4), with the later one.
#[utoipa::path(get, path = "/audit/proofs/consistency", tag = "audit", params(ConsistencyParams), responses(
    (status = 200, description = "`fromRootHash`, `fromSize`, `path`, `treeHead`", body = Data<Value>),
    (status = 400, description = "There are fewer entries", body = ErrorBody),
    (status = 404, description = "No tree head of that size was signed", body = ErrorBody),
))]
pub(crate) async fn consistency(
    caller: Caller<Read>,
    State(state): State<AppState>,
    Params(params): Params<ConsistencyParams>,
) -> AppResult<Json<Data<ConsistencyProof>>> {
    let from = params.from.unwrap_or_default();
    let tree_head = match params.to {
        None => sign_tree_head(&state, caller.org).await?,
        Some(to) => {
            let kept = state.store.find_tree_head(caller.org, to.into()).await?;
            kept.ok_or_else(|| AppError::not_found("tree head of size", to))?
        }
    };
    let leaves = state.store.audit_leaves(caller.org, tree_head.size).await?;
    let first = usize::try_from(from).ok().filter(|first| *first <= leaves.len());
    let too_many =
        || AppError::invalid("from", format!("must be at most {}, the later size", tree_head.size));
    let first = first.ok_or_else(too_many)?;
    let path = merkle::consistency_proof(&leaves, first).ok_or_else(too_many)?;
    let beginning = merkle::Frontier::of(leaves.get(..first).unwrap_or_default());
    let (from_root_hash, from_size) = (beginning.root(), beginning.size());
    Ok(Json(Data::new(ConsistencyProof { from_root_hash, from_size, path, tree_head })))
}

/// Follow the whole log in the database: every hash, every link, every signed tree head. Reads every entry.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", responses(
    (status = 200, description = "What was found; `valid` says whether the log is whole", body = Data<AuditReport>),
))]
pub(crate) async fn verify(
    caller: Caller<Read>,
    State(state): State<AppState>,
) -> AppResult<Json<Data<AuditReport>>> {
    let keys = Signer::published(&state.store).await?;
    let report = state.store.verify_audit(caller.org, &keys, Vec::new()).await?;
    Ok(Json(Data::new(views::audit_report(report))))
}
