//! `custom_validator`: a validator outside decides; it fires when the validator denies. An answer of "ask a
//! person" asks one, unless the policy only warns or monitors.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Hit, Question, Rule, Subject};
use crate::policy::state::{StateQuestion, ValidatorCheck};

pub(super) const SPEC: Spec =
    Spec::new(&[Field::text("validatorId", 100, None, "the validator's id").required()]);

#[derive(Debug)]
pub(super) struct CustomValidator {
    validator_id: String,
}

pub(super) fn read(fields: &Fields) -> Result<CustomValidator, PolicyError> {
    let validator_id = fields.text("validatorId").unwrap_or_default();
    if validator_id.trim().is_empty() {
        return Err(fields.error("validatorId", "must not be empty"));
    }
    Ok(CustomValidator { validator_id })
}

impl Rule for CustomValidator {
    fn check(&self, _: &Subject<'_>, checked: &mut Checked) {
        let check = ValidatorCheck { validator_id: self.validator_id.clone() };
        let message = "the custom validator does not allow this action".to_owned();
        checked.questions.push(Question {
            what: StateQuestion::Validator(check),
            violated: Hit { rule: "denied".into(), message, evidence: None },
            warned: None,
        });
    }
}
