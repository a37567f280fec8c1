//! `content_filter`: fires when a text holds one of the policy's terms or matches one of its expressions.
//! Text and terms are compared in one spelling: case, accents, full-width letters, invisible characters and
//! runs of white space make no difference.

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
        Field::flag("matchWholeWord", true, "a term inside a longer word does not count"),
    ],
    &["terms", "patterns"],
);

#[derive(Debug)]
pub(super) struct ContentFilter(Terms);

pub(super) fn read(fields: &Fields) -> Result<ContentFilter, PolicyError> {
    Terms::read(fields, fields.flag("matchWholeWord")).map(ContentFilter)
}

impl Rule for ContentFilter {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for text in subject.texts.all() {
            let Some(found) = self.0.find(&text.folded()) else { continue };
            let message = format!(
                "`{}` of this policy matches in `{}`; remove or reword that passage",
                found.place(),
                text.field()
            );
            checked.hit(found.kind, message, Some(text.evidence(found.range)));
            return;
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.0.is_empty()).then_some("nothing is looked for: fill `terms` or `patterns`")
    }
}
