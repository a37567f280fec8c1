//! How a person answers an approval from where they were told of it.
//!
//! The link is a capability: whoever has it may answer that one approval in the name of that one webhook. It is signed with the
//! webhook's secret, so a new secret ends every link that is out, and it ends with its approval.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::ids::{ApprovalId, OrgId};

/// Tells these signatures from all others that are made with the same secret.
const PURPOSE: &[u8] = b"execlave answer link 1\0";

/// Three ids of 16 bytes.
const IDS: usize = 48;

/// Who may answer what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerLink {
    /// Whose approval.
    pub organization_id: OrgId,
    /// In whose name it is answered.
    pub webhook_id: Uuid,
    /// What is answered.
    pub approval_id: ApprovalId,
}

impl AnswerLink {
    /// The link's last part: the ids and their HMAC-SHA256 under the webhook's secret, in base64url. The same link has the same token.
    pub fn token(&self, secret: &str) -> String {
        let mut bytes = self.ids();
        // An HMAC takes keys of every length.
        if let Some(mac) = mac(secret, &bytes) {
            bytes.extend_from_slice(&mac.finalize().into_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a token says, whoever made it.
    pub fn claimed(token: &str) -> Option<Self> {
        let (ids, _) = parts(token)?;
        let mut ids = ids.chunks_exact(16).filter_map(|id| Uuid::from_slice(id).ok());
        Some(Self {
            organization_id: ids.next()?.into(),
            webhook_id: ids.next()?,
            approval_id: ids.next()?.into(),
        })
    }

    /// Whether a token was made with a secret; takes the same time however wrong it is.
    pub fn is_genuine(token: &str, secret: &str) -> bool {
        let Some((ids, signature)) = parts(token) else { return false };
        mac(secret, &ids).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    }

    fn ids(&self) -> Vec<u8> {
        let ids = [self.organization_id.as_uuid(), self.webhook_id, self.approval_id.as_uuid()];
        ids.iter().flat_map(|id| *id.as_bytes()).collect()
    }
}

/// What a message about an approval offers to whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The page that shows what is asked, and takes the answer.
    pub url: &'a str,
    /// The link's token, for a chat that sends answers itself.
    pub token: &'a str,
    /// Whether the chat does.
    pub in_chat: bool,
}

fn parts(token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut ids = URL_SAFE_NO_PAD.decode(token).ok()?;
    let signature = (ids.len() == IDS + 32).then(|| ids.split_off(IDS))?;
    Some((ids, signature))
}

fn mac(secret: &str, ids: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(PURPOSE);
    mac.update(ids);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(last: u8) -> AnswerLink {
        AnswerLink {
            organization_id: Uuid::from_bytes([1; 16]).into(),
            webhook_id: Uuid::from_bytes([2; 16]),
            approval_id: Uuid::from_bytes([last; 16]).into(),
        }
    }

    #[test]
    fn a_token_holds_for_its_link_and_its_secret_only() {
        let token = link(3).token("s");
        assert_eq!(AnswerLink::claimed(&token), Some(link(3)));
        assert!(AnswerLink::is_genuine(&token, "s"));
        assert!(!AnswerLink::is_genuine(&token, "t"));
        assert_ne!(link(4).token("s"), token);
        // Python: base64.urlsafe_b64encode(ids + hmac.new(b"s", b"execlave answer link 1\0" + ids, "sha256").digest())
        assert_eq!(
            token,
            "AQEBAQEBAQEBAQEBAQEBAQICAgICAgICAgICAgICAgIDAwMDAwMDAwMDAwMDAwMDVX-vMtcPgLMqRXVHZt3zi_VWsQKNcmepWvdsIbu9Jdk"
        );
    }

    #[test]
    fn what_is_changed_anywhere_is_no_token() {
        let token = link(3).token("s");
        for place in 0..token.len() {
            let mut letters = token.clone().into_bytes();
            let letter = letters.get_mut(place).expect("inside");
            *letter = if *letter == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(letters).expect("ASCII");
            assert!(!AnswerLink::is_genuine(&changed, "s"), "{place}");
        }
        for token in ["", "AAAA", "not base64!", &format!("{token}A"), &token[..60]] {
            assert!(!AnswerLink::is_genuine(token, "s"), "{token}");
            assert_eq!(AnswerLink::claimed(token), None, "{token}");
        }
    }
}
