//! Notices that something changed, for everybody who keeps tables in memory. They carry no content: who listens reads the row again.

use execlave_core::ids::OrgId;
use uuid::Uuid;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A row was written or removed.
    Row {
        /// Whose row.
        org_id: OrgId,
        /// Of which kind.
        noun: Noun,
        /// Its id.
        id: Uuid,
    },
    /// Changes may have been missed: read everything again.
    Resync,
}

/// The kinds of row that notices are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noun {
    /// An agent was registered, changed, paused, resumed.
    Agent,
    /// A policy was created, changed, deleted.
    Policy,
    /// An API key was created, replaced or revoked.
    Key,
    /// An approval was requested, decided or expired.
    Approval,
    /// A dashboard session ended.
    Session,
    /// An organisation's settings were changed.
    Settings,
    /// An organisation's own prices were changed; the id is the organisation's.
    Price,
    /// A cost budget rule was made, changed or deleted.
    CostRule,
    /// A custom validator was made, changed or deleted.
    Validator,
    /// Something is to be delivered to webhooks.
    WebhookDelivery,
    /// A credential of an agent was revoked.
    Credential,
}

impl Noun {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Agent, "agent"),
        (Self::Policy, "policy"),
        (Self::Key, "key"),
        (Self::Approval, "approval"),
        (Self::Session, "session"),
        (Self::Settings, "settings"),
        (Self::Price, "price"),
        (Self::CostRule, "cost_rule"),
        (Self::Validator, "validator"),
        (Self::WebhookDelivery, "webhook_delivery"),
        (Self::Credential, "credential"),
    ];
}

impl Change {
    /// The notice as `org:noun:id`, the form in which it crosses processes.
    pub(crate) fn to_payload(self) -> String {
        match self {
            Self::Row { org_id, noun, id } => {
                let word = Noun::ALL
                    .iter()
                    .find(|(candidate, _)| *candidate == noun)
                    .map_or("", |(_, word)| word);
                format!("{org_id}:{word}:{id}")
            }
            Self::Resync => "resync".to_owned(),
        }
    }

    /// Reads a payload. One that cannot be read, such as that of a newer version, means that something changed: read everything again.
    pub(crate) fn from_payload(payload: &str) -> Self {
        let mut parts = payload.split(':');
        let mut row = || {
            let org_id = parts.next()?.parse().ok()?;
            let word = parts.next()?;
            let noun = Noun::ALL.iter().find(|(_, candidate)| *candidate == word)?.0;
            let id = parts.next()?.parse().ok()?;
            Some(Self::Row { org_id, noun, id })
        };
        row().unwrap_or(Self::Resync)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_the_way_through_the_database() {
        for (noun, _) in Noun::ALL {
            let change = Change::Row {
                org_id: OrgId::from(Uuid::from_u128(1)),
                noun,
                id: Uuid::from_u128(2),
            };
            assert_eq!(Change::from_payload(&change.to_payload()), change);
        }
        assert_eq!(Change::from_payload("from:the:future"), Change::Resync);
    }
}
