//! People whom a sign-in provider vouches for: known by the provider's name for them from the first time on, whatever their address
//! becomes.

use execlave_core::ids::{OrgId, UserId};
use execlave_core::time::Timestamp;
use execlave_core::webhook::EventType;
use serde_json::json;

use super::{Role, User, UserState, tell};
use crate::audit::{self, Event};
use crate::db::Tx;
use crate::db::column::table;
use crate::db::query::{Query, params};
use crate::error::WithNoun as _;
use crate::{Store, StoreError};

/// What a provider says of somebody.
#[derive(Clone, Copy, Debug)]
pub struct Vouched<'a> {
    /// Which provider.
    pub issuer: &'a str,
    /// Its name for them.
    pub subject: &'a str,
    /// Their address, if the provider has made sure of it.
    pub email: Option<&'a str>,
    /// What to call them.
    pub name: Option<&'a str>,
}

/// Whom a provider's word signs in.
#[derive(Clone, Debug)]
pub enum Recognised {
    /// This user.
    User(User),
    /// Nobody here has that address, or the provider has not made sure of it.
    Stranger,
    /// The user is disabled.
    Disabled,
    /// The user with that address is known to the provider under another name: the address has passed on to somebody else.
    SomebodyElse,
}

#[derive(Debug)]
struct Identity {
    org_id: OrgId,
    user_id: UserId,
    issuer: String,
    subject: String,
    created_at: Timestamp,
}

table!("user_identities" => Identity { org_id, user_id, issuer, subject, created_at });

impl Store {
    /// Finds the user whom a provider vouches for. The first time it is the one with the address, who from then on is known by the
    /// provider's name for them; an invited one begins with it. Where there is none, one is made with the id and role of `newcomer`, if
    /// it is given. Audited where anything changes.
    pub async fn recognise_user(
        &self,
        org: OrgId,
        vouched: &Vouched<'_>,
        newcomer: Option<(UserId, Role)>,
        now: Timestamp,
    ) -> Result<Recognised, StoreError> {
        const BY_ADDRESS: &str =
            "SELECT * FROM users WHERE org_id = $1 AND lower(email) = lower($2)";
        let mut tx = self.begin().await?;
        audit::lock_chain(&mut tx, org).await?;
        if let Some(user) = by_subject(&mut tx, org, vouched).await? {
            return Ok(match user.state {
                UserState::Disabled => Recognised::Disabled,
                _ => Recognised::User(user),
            });
        }
        let Some(email) = vouched.email else { return Ok(Recognised::Stranger) };
        let known = tx.one::<User>(Query::new(BY_ADDRESS, params![org, email])).await?;
        let user = match (known, newcomer) {
            (Some(user), _) if user.state == UserState::Disabled => {
                return Ok(Recognised::Disabled);
            }
            (Some(user), _) if has_identity(&mut tx, &user, vouched.issuer).await? => {
                return Ok(Recognised::SomebodyElse);
            }
            (Some(user), _) => begin(&mut tx, user, now).await?,
            (None, Some((id, role))) => {
                let name = vouched.name.unwrap_or(email).chars().take(100).collect();
                let (email, state) = (email.to_owned(), UserState::Active);
                let user = User {
                    org_id: org,
                    id,
                    email,
                    name,
                    role,
                    approver: false,
                    state,
                    created_at: now,
                };
                create(&mut tx, &user, vouched.issuer).await?;
                user
            }
            (None, None) => return Ok(Recognised::Stranger),
        };
        link(&mut tx, &user, vouched, now).await?;
        tx.commit().await?;
        Ok(Recognised::User(user))
    }
}

async fn by_subject(
    tx: &mut Tx<'_>,
    org: OrgId,
    vouched: &Vouched<'_>,
) -> Result<Option<User>, StoreError> {
    const IDENTITY: &str =
        "SELECT * FROM user_identities WHERE org_id = $1 AND issuer = $2 AND subject = $3";
    let (issuer, subject) = (vouched.issuer, vouched.subject);
    let known = tx.one::<Identity>(Query::new(IDENTITY, params![org, issuer, subject])).await?;
    match known {
        Some(known) => super::find(tx, org, known.user_id).await,
        None => Ok(None),
    }
}

async fn has_identity(tx: &mut Tx<'_>, user: &User, issuer: &str) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT * FROM user_identities WHERE org_id = $1 AND user_id = $2 AND issuer = $3";
    let query = Query::new(SQL, params![user.org_id, user.id, issuer]);
    Ok(tx.one::<Identity>(query).await?.is_some())
}

/// Lets somebody who was invited in; their invitation is void.
async fn begin(tx: &mut Tx<'_>, user: User, now: Timestamp) -> Result<User, StoreError> {
    const BEGIN: &str = "UPDATE users SET state = 'active' WHERE org_id = $1 AND id = $2";
    const VOID: &str = "DELETE FROM sign_in_links WHERE org_id = $1 AND user_id = $2";
    if user.state != UserState::Invited {
        return Ok(user);
    }
    let begun = User { state: UserState::Active, ..user };
    tx.execute(Query::new(BEGIN, params![begun.org_id, begun.id])).await?;
    tx.execute(Query::new(VOID, params![begun.org_id, begun.id])).await?;
    let actor = format!("user:{}", begun.id);
    tell(tx, &begun, EventType::UserUpdated, Some(&["state"]), &actor, now).await?;
    Ok(begun)
}

async fn create(tx: &mut Tx<'_>, user: &User, issuer: &str) -> Result<(), StoreError> {
    tx.insert(user).await.noun("user")?;
    let body = json!({
        "email": user.email, "name": user.name, "role": user.role, "issuer": issuer,
    });
    let (at, subject) = (user.created_at, format!("user:{}", user.id));
    let event = Event { at, actor: "provider", name: "user.created", subject, body: body.into() };
    audit::append(tx, user.org_id, event).await.map(drop)
}

async fn link(
    tx: &mut Tx<'_>,
    user: &User,
    vouched: &Vouched<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (issuer, subject) = (vouched.issuer.to_owned(), vouched.subject.to_owned());
    let body = json!({ "issuer": issuer, "providerSubject": subject }).into();
    let identity =
        Identity { org_id: user.org_id, user_id: user.id, issuer, subject, created_at: now };
    tx.insert(&identity).await.noun("identity")?;
    let (name, of) = ("user.identity_linked", format!("user:{}", user.id));
    let event = Event { at: now, actor: "provider", name, subject: of, body };
    audit::append(tx, user.org_id, event).await.map(drop)
}
