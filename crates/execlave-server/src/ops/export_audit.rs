//! The audit log as lines, written piece by piece while the client reads.

use axum::body::Body;
use execlave_core::audit::{Header, TreeHead, line_of};
use execlave_core::ids::OrgId;
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio_util::io::ReaderStream;

use super::sign_tree_head::sign_tree_head;
use crate::error::AppResult;
use crate::signer::Signer;
use crate::state::AppState;

/// How much is written ahead of a slow reader.
const AHEAD: usize = 64 * 1024;

/// An export up to the entry that is the last one as it begins. If it cannot be finished it has no tree head, and a verifier says so.
pub(crate) async fn export_audit(state: &AppState, org: OrgId) -> AppResult<Body> {
    let keys = Signer::published(&state.store).await?;
    let head = sign_tree_head(state, org).await?;
    let header = line_of(&Header::new(org, &keys));
    let (reader, writer) = tokio::io::duplex(AHEAD);
    let owned = state.clone();
    state.tasks.spawn(async move {
        if let Err(error) = write(&owned, writer, &header, &head).await {
            tracing::warn!(error = %error, "an audit export ends early");
        }
    });
    Ok(Body::from_stream(ReaderStream::with_capacity(reader, AHEAD)))
}

async fn write(
    state: &AppState,
    mut writer: DuplexStream,
    header: &[u8],
    head: &TreeHead,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    writer.write_all(header).await?;
    let (org, last) = (head.organization_id, i64::try_from(head.size)?);
    let mut written = 0;
    while written < last {
        let entries = state.store.list_audit_after(org, written, last).await?;
        let Some(end) = entries.last() else { return Err("entries are missing".into()) };
        written = end.idx;
        for entry in &entries {
            // Whatever is wrong with an entry is for the verifier to say, as long as it can be written at all.
            writer.write_all(&line_of(&entry.to_entry()?)).await?;
        }
    }
    writer.write_all(&line_of(head)).await?;
    Ok(())
}
