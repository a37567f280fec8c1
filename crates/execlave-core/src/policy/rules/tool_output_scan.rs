//! `tool_output_scan`: fires when what a tool answered carries an instruction to the model, personal data or a
//! credential.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject};
use crate::request::texts::{PiiType, RiskLevel, Text, risk_of};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::flag("injection", true, "look for instructions to the model"),
    Field::words::<PiiType>("piiTypes", "which personal data to look for; none means none"),
    Field::flag("secrets", true, "look for credentials"),
    Field::word_of::<RiskLevel>(
        "threshold",
        &["low", "medium", "high", "critical"],
        Some("medium"),
        "the risk of injection from which on it fires",
    ),
]);

#[derive(Debug)]
pub(super) struct ToolOutputScan {
    injection: bool,
    pii_types: Vec<PiiType>,
    secrets: bool,
    threshold: RiskLevel,
}

pub(super) fn read(fields: &Fields) -> Result<ToolOutputScan, PolicyError> {
    Ok(ToolOutputScan {
        injection: fields.flag("injection"),
        pii_types: fields.words("piiTypes"),
        secrets: fields.flag("secrets"),
        threshold: fields.word("threshold").unwrap_or(RiskLevel::Medium),
    })
}

impl Rule for ToolOutputScan {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for text in subject.texts.outputs() {
            self.check_text(text, checked);
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (!(self.injection || self.secrets) && self.pii_types.is_empty())
            .then_some("nothing is looked for: turn one check on, or fill `piiTypes`")
    }
}

impl ToolOutputScan {
    fn check_text(&self, text: &Text<'_>, checked: &mut Checked) {
        let field = text.field();
        if self.injection {
            let findings = text.injection();
            let first = findings.first();
            if let Some(first) = first.filter(|_| risk_of(findings) >= self.threshold) {
                let message = format!(
                    "`{field}` reads like an instruction to the model; do not pass it on unread"
                );
                checked.hit("injection", message, Some(text.evidence(first.range())));
            }
        }
        if !self.pii_types.is_empty() {
            let mut found = text.pii().iter();
            if let Some(found) = found.find(|found| self.pii_types.contains(&found.pii_type)) {
                let message = format!("personal data ({}) in `{field}`; mask it", found.pii_type);
                checked.hit("pii", message, Some(text.evidence(found.range())));
            }
        }
        if self.secrets
            && let Some(found) = text.secrets().first()
        {
            let message = format!("a credential in `{field}`; remove it");
            checked.hit("secret", message, Some(text.evidence(found.range())));
        }
    }
}
