//! Signed requests that were accepted, so that nobody sends one again: not after a restart, and not to another server.

use std::collections::HashSet;

use execlave_core::ids::{KeyId, OrgId};
use execlave_core::time::Timestamp;

use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenRequest {
    /// Whose key.
    pub org_id: OrgId,
    /// The key that signed.
    pub key_id: KeyId,
    /// What tells it from others, as hexadecimal digits.
    pub digest: String,
    /// When it was accepted.
    pub seen_at: Timestamp,
    /// From when on its signature is too old anyway.
    pub expires_at: Timestamp,
}

table!("seen_requests" => SeenRequest { org_id, key_id, digest, seen_at, expires_at });

impl Store {
    /// Remembers a request; when it was seen before, if it was. Returns once that is durable.
    pub async fn remember_request(
        &self,
        request: SeenRequest,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.inner.writer.seen(request).await
    }

    /// Forgets requests whose signature is too old.
    pub async fn forget_requests_across_orgs(&self, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM seen_requests WHERE expires_at <= $1";
        let mut tx = self.begin().await?;
        tx.execute(Query::new(SQL, params![now])).await?;
        tx.commit().await
    }
}

/// Writes what is new of the requests of a batch, and says of each when it was seen before.
pub(crate) async fn remember(
    tx: &mut Tx<'_>,
    requests: &[&SeenRequest],
) -> Result<Vec<Option<Timestamp>>, StoreError> {
    const ONCE: &str = "ON CONFLICT (org_id, key_id, digest) DO NOTHING RETURNING *";
    const FIND: &str =
        "SELECT * FROM seen_requests WHERE org_id = $1 AND key_id = $2 AND digest = $3";
    // In the order in which every server writes them, so that two never wait for each other.
    let mut sorted = requests.to_vec();
    sorted.sort_unstable();
    sorted.dedup_by(|left, right| identity(left) == identity(right));
    let written: Vec<SeenRequest> = tx.insert_new(&sorted, ONCE).await.noun("request")?;
    let mut fresh: HashSet<_> = written.iter().map(identity).collect();
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        // Of several alike in one batch the first is the one that is new.
        if fresh.remove(&identity(request)) {
            answers.push(None);
            continue;
        }
        let (org, key, digest) = identity(request);
        let known = tx.one::<SeenRequest>(Query::new(FIND, params![org, key, digest])).await?;
        // What was forgotten in between was seen all the same, as long ago as can be.
        answers.push(Some(known.map_or(Timestamp::from_millis(0), |known| known.seen_at)));
    }
    Ok(answers)
}

fn identity(request: &SeenRequest) -> (OrgId, KeyId, &str) {
    (request.org_id, request.key_id, &request.digest)
}
