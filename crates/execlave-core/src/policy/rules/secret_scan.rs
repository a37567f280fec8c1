//! `secret_scan`: fires when a credential is recognised in the input, a tool's output or the output.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject};
use crate::request::texts::SecretKind;

pub(super) const SPEC: Spec =
    Spec::new(&[Field::words::<SecretKind>("kinds", "which credentials; none means all")]);

#[derive(Debug)]
pub(super) struct SecretScan {
    /// Empty means all.
    kinds: Vec<SecretKind>,
}

pub(super) fn read(fields: &Fields) -> Result<SecretScan, PolicyError> {
    Ok(SecretScan { kinds: fields.words("kinds") })
}

impl Rule for SecretScan {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for text in subject.texts.all() {
            let wanted = |kind| self.kinds.is_empty() || self.kinds.contains(&kind);
            let Some(found) = text.secrets().iter().find(|found| wanted(found.kind)) else {
                continue;
            };
            let message = format!(
                "a credential ({}) in `{}`; remove it, and replace it where it is valid",
                found.kind.as_str().replace('_', " "),
                text.field()
            );
            checked.hit(found.kind.as_str(), message, Some(text.evidence(found.range())));
            return;
        }
    }
}
