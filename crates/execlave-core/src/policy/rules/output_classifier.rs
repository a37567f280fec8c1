//! `output_classifier`: fires when a trace's output holds one of the policy's terms, matches one of its
//! expressions or is too long.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, NAMES, PATTERNS, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject};
use crate::policy::terms::Terms;

pub(super) const SPEC: Spec = Spec::with_one_of(
    &[
        Field::texts("terms", NAMES, "words and phrases").optional(),
        Field::texts("patterns", PATTERNS, "regular expressions; case makes no difference")
            .optional(),
        Field::integer("maxLength", 0, 1_000_000_000, None, "characters an output may have"),
    ],
    &["terms", "patterns", "maxLength"],
);

#[derive(Debug)]
pub(super) struct OutputClassifier {
    terms: Terms,
    max_length: Option<u64>,
}

pub(super) fn read(fields: &Fields) -> Result<OutputClassifier, PolicyError> {
    Ok(OutputClassifier {
        terms: Terms::read(fields, true)?,
        max_length: fields.integer("maxLength"),
    })
}

impl Rule for OutputClassifier {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(output) = subject.texts.output() else { return };
        if let Some(found) = self.terms.find(&output.folded()) {
            let message = format!(
                "`{}` of this policy matches in the output; look at it before it is used",
                found.place()
            );
            checked.hit(found.kind, message, Some(output.evidence(found.range)));
        }
        let Some(most) = self.max_length else { return };
        let length = u64::try_from(output.as_str().chars().count()).unwrap_or(u64::MAX);
        if length > most {
            let message = format!(
                "the output has {length} characters, more than {most}; ask for a shorter answer"
            );
            checked.hit("max_length", message, None);
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.terms.is_empty() && self.max_length.is_none())
            .then_some("nothing is looked for: fill `terms` or `patterns`, or set `maxLength`")
    }
}
