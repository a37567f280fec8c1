//! People with sessions.

use execlave_core::ids::{OrgId, SessionId, UserId};
use execlave_server::secrets;
use execlave_store::sessions::{Session, SignInMethod};
use execlave_store::users::{Role, User, UserState};

use serde_json::json;

use super::{Client, TestApp};

impl TestApp {
    /// A new person of the first organisation, signed in: the session's token is the client's key.
    pub(crate) async fn person(&self, role: Role, approver: bool) -> Client {
        let org = self.org().await;
        let user = self.user(org, role, approver).await;
        self.session(&user).await
    }

    /// A new person.
    pub(crate) async fn user(&self, org_id: OrgId, role: Role, approver: bool) -> User {
        let id: UserId = self.clock.new_id();
        let user = User {
            org_id,
            id,
            email: format!("{id}@example.com"),
            name: format!("A {}", role.as_str()),
            role,
            approver,
            state: UserState::Active,
            created_at: self.clock.now(),
        };
        self.store.create_user(org_id, &user, "test").await.expect("a new person");
        user
    }

    /// A password of somebody, and no session that came with it.
    pub(crate) async fn password(&self, user: &User, password: &str) {
        let client = self.session(user).await;
        client.post("/me/password", json!({ "newPassword": password })).await.expect(204);
        client.post("/auth/sign-out", json!({})).await.expect(204);
    }

    /// A new session of somebody.
    pub(crate) async fn session(&self, user: &User) -> Client {
        let (token, now) = (secrets::new_session_token(), self.clock.now());
        let session = Session {
            org_id: user.org_id,
            id: self.clock.new_id::<SessionId>(),
            user_id: user.id,
            token_hash: secrets::hash(&token),
            csrf_token: format!("csrf {token}"),
            method: SignInMethod::Password,
            user_agent: None,
            address: None,
            created_at: now,
            expires_at: now.plus_millis(12 * 3_600_000),
            last_used_at: None,
        };
        self.store.insert_session(&session).await.expect("a new session");
        self.client(&token)
    }
}
