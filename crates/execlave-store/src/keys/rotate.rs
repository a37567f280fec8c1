//! Replacing a key by another one with the same name and reach. Both work until the old one ends.

use execlave_core::ids::{KeyId, OrgId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use super::{ApiKey, NewKey, described, tell};
use crate::audit::{self, Event};
use crate::changes::{Change, Noun};
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// What became of a wish to replace a key.
#[derive(Clone, Debug)]
pub enum Rotated {
    /// There is no such key.
    NotFound,
    /// It was replaced or revoked before, or has expired.
    Over(Box<ApiKey>),
    /// The key as it is from here on, and the one that replaces it.
    Done(Box<(ApiKey, ApiKey)>),
}

impl Store {
    /// Replaces a key, which ends at `end` unless it would have ended before; audited, and told to webhooks.
    pub async fn rotate_key(
        &self,
        org: OrgId,
        id: KeyId,
        new: &NewKey,
        end: Timestamp,
        actor: &str,
    ) -> Result<Rotated, StoreError> {
        const FIND: &str = "SELECT * FROM api_keys WHERE org_id = $1 AND id = $2";
        const REPLACE: &str = "UPDATE api_keys SET replaced_by = $3, expires_at = $4 WHERE org_id = $1 AND id = $2 RETURNING *";
        let now = new.created_at;
        let mut tx = self.begin().await?;
        // Held by every change of a key, so that it is replaced once.
        audit::lock_chain(&mut tx, org).await?;
        let Some(old) = tx.one::<ApiKey>(Query::new(FIND, params![org, id])).await? else {
            return Ok(Rotated::NotFound);
        };
        let ended = old.expires_at.is_some_and(|end| end <= now);
        if ended || old.revoked_at.is_some() || old.replaced_by.is_some() {
            return Ok(Rotated::Over(Box::new(old)));
        }
        let key = new.clone().into_key(org, Some(id));
        tx.insert(&key).await.noun("key")?;
        let end = old.expires_at.map_or(end, |sooner| sooner.min(end));
        let replaced = Query::new(REPLACE, params![org, id, key.id, end]);
        let Some(old) = tx.one::<ApiKey>(replaced).await? else { return Ok(Rotated::NotFound) };
        let made = Event {
            at: now,
            actor,
            name: "key.created",
            subject: format!("key:{}", key.id),
            body: described(&key).into(),
        };
        audit::append(&mut tx, org, made).await?;
        let replaced = Event {
            at: now,
            actor,
            name: "key.rotated",
            subject: format!("key:{id}"),
            body: json!({ "name": old.name, "prefix": old.prefix, "replacedBy": key.id, "expiresAt": end }).into(),
        };
        audit::append(&mut tx, org, replaced).await?;
        tell(&mut tx, &key, EventType::KeyCreated, actor, now).await?;
        tell(&mut tx, &old, EventType::KeyRotated, actor, now).await?;
        for id in [id, key.id] {
            tx.announce(Change::Row { org_id: org, noun: Noun::Key, id: id.as_uuid() }).await?;
        }
        tx.commit().await?;
        Ok(Rotated::Done(Box::new((old, key))))
    }
}
