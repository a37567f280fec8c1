//! How far people reach: each role is a set of the scopes that keys have, and the grant to decide approvals comes on top of any role.

use execlave_store::users::Role;

use super::permission::{Permission, reaches};

/// The one table of roles.
const ROLES: &[(Role, &[&str])] = &[
    (Role::Owner, &["*"]),
    // Everything but `*`, which is what it takes to change owners.
    (
        Role::Admin,
        &[
            "sdk",
            "read",
            "agents:write",
            "policies:write",
            "approvals:decide",
            "settings:write",
            "keys:write",
            "users:write",
        ],
    ),
    (Role::Developer, &["read", "agents:write", "policies:write"]),
    (Role::Viewer, &["read"]),
];

/// What the grant `approver` adds.
const APPROVER: &[&str] = &["approvals:decide"];

/// The scopes of somebody with a role, and perhaps the grant.
pub(crate) fn scopes(role: Role, approver: bool) -> impl Iterator<Item = &'static str> {
    let of_role = ROLES.iter().filter(move |(named, _)| *named == role);
    let granted = if approver { APPROVER } else { &[] };
    of_role.flat_map(|(_, scopes)| *scopes).chain(granted).copied()
}

/// The words for who would reach as far as `P`: the least role, and the grant where it is enough.
pub(crate) fn who_reaches<P: Permission>() -> String {
    let least = ROLES.iter().rev().find(|(_, scopes)| reaches::<P>(*scopes));
    let role = least.map_or(Role::Owner, |(role, _)| *role).as_str();
    if reaches::<P>(APPROVER) {
        format!("the role `{role}` or the grant `approver`")
    } else {
        format!("the role `{role}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::permission::{DecideApprovals, SCOPES, WriteAgents, WriteKeys};

    #[test]
    fn an_admin_has_every_scope_but_that_of_owners() {
        let admin: Vec<_> = scopes(Role::Admin, false).collect();
        let others: Vec<_> = SCOPES.iter().copied().filter(|scope| *scope != "*").collect();
        assert_eq!(admin, others);
    }

    #[test]
    fn a_refusal_names_who_could() {
        assert_eq!(who_reaches::<WriteAgents>(), "the role `developer`");
        assert_eq!(who_reaches::<WriteKeys>(), "the role `admin`");
        assert_eq!(who_reaches::<DecideApprovals>(), "the role `admin` or the grant `approver`");
    }

    #[test]
    fn every_role_has_known_scopes_and_the_grant_adds_one() {
        for role in [Role::Owner, Role::Admin, Role::Developer, Role::Viewer] {
            assert!(scopes(role, false).count() > 0, "{role:?}");
            assert!(scopes(role, true).all(|scope| SCOPES.contains(&scope)), "{role:?}");
            assert!(scopes(role, true).any(|scope| scope == "approvals:decide"));
        }
    }
}
