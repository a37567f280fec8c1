//! Organisations. Everything else belongs to one.

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;

use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::keys::{self, NewKey};
use crate::sessions::{self, SignInLink};
use crate::users::User;
use crate::{Store, StoreError};

/// An organisation.
#[derive(Clone, Debug)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
}

table!("orgs" => Org { id, name, created_at });

/// An organisation with what its owner needs to get in.
#[derive(Clone, Debug)]
pub struct NewOrg {
    /// The organisation.
    pub org: Org,
    /// Its owner; the owner's `org_id` is the organisation's.
    pub owner: User,
    /// A first API key.
    pub key: Option<NewKey>,
    /// A sign-in link for the owner.
    pub link: Option<SignInLink>,
}

impl Store {
    /// Whether the store holds no organisation at all.
    pub async fn is_empty_across_orgs(&self) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT count(*) AS n FROM orgs";
        Ok(self.db().number(Query::new(SQL, params![])).await? == 0)
    }

    /// Creates an organisation, its owner, key and link: all or nothing.
    pub async fn create_org(&self, new: &NewOrg) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert_org(&mut tx, new).await?;
        tx.commit().await
    }

    /// The same, but only into an empty store; `false` if there is an organisation already. Of several nodes that start on an empty
    /// database at once, exactly one succeeds.
    pub async fn create_first_org_across_orgs(&self, new: &NewOrg) -> Result<bool, StoreError> {
        const LOCK: &str = "LOCK TABLE orgs IN SHARE ROW EXCLUSIVE MODE";
        const COUNT: &str = "SELECT count(*) AS n FROM orgs";
        let mut tx = self.begin().await?;
        if tx.has_concurrent_writers() {
            tx.execute(Query::new(LOCK, params![])).await?;
        }
        if tx.number(Query::new(COUNT, params![])).await? > 0 {
            return Ok(false);
        }
        insert_org(&mut tx, new).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Every organisation, oldest first.
    pub async fn list_orgs_across_orgs(&self) -> Result<Vec<Org>, StoreError> {
        const SQL: &str = "SELECT * FROM orgs ORDER BY created_at, id";
        self.db().all(Query::new(SQL, params![])).await
    }

    /// An organisation.
    pub async fn find_org(&self, org: OrgId) -> Result<Option<Org>, StoreError> {
        const SQL: &str = "SELECT * FROM orgs WHERE id = $1";
        self.db().one(Query::new(SQL, params![org])).await
    }
}

async fn insert_org(tx: &mut Tx<'_>, new: &NewOrg) -> Result<(), StoreError> {
    tx.insert(&new.org).await.noun("organisation")?;
    tx.insert(&new.owner).await.noun("user")?;
    if let Some(key) = &new.key {
        keys::insert(tx, new.org.id, key, &format!("user:{}", new.owner.id)).await?;
    }
    if let Some(link) = &new.link {
        sessions::insert_link(tx, link, &format!("user:{}", new.owner.id)).await?;
    }
    Ok(())
}
