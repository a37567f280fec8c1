//! `tool_invocation`: fires when a requested tool is denied, or not allowed, by name alone. Deny wins.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, NAMES, Spec};
use crate::policy::fields::Fields;
use crate::policy::globs::Globs;
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::texts("allow", NAMES, "globs"),
    Field::texts("deny", NAMES, "globs; deny wins"),
    Field::choice(
        "default",
        &["allow", "deny"],
        None,
        "what happens to tools in neither list; `deny` when `allow` lists any, else `allow`",
    ),
]);

#[derive(Debug)]
pub(super) struct ToolInvocation {
    allow: Globs,
    deny: Globs,
    denies_unlisted: bool,
}

pub(super) fn read(fields: &Fields) -> Result<ToolInvocation, PolicyError> {
    let allow = fields.texts("allow");
    Ok(ToolInvocation {
        denies_unlisted: match fields.text("default") {
            Some(word) => word == "deny",
            None => !allow.is_empty(),
        },
        allow: Globs::new(&allow),
        deny: Globs::new(&fields.texts("deny")),
    })
}

impl Rule for ToolInvocation {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for (index, tool) in subject.tools() {
            let (rule, reason) = if self.deny.matches(tool) {
                ("tool_denied", "is denied by this policy; do not request it")
            } else if self.denies_unlisted && !self.allow.matches(tool) {
                (
                    "tool_not_allowed",
                    "is not in `allow` of this policy; add it or do not request it",
                )
            } else {
                continue;
            };
            let message = format!("the tool `{}` {reason}", shown(tool.original));
            let evidence = entry_evidence(format!("tools[{index}]"), tool.original);
            checked.hit(rule, message, Some(evidence));
            return;
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.deny.is_empty() && !self.denies_unlisted)
            .then_some("nothing is denied: fill `deny`, or set `default` to `deny`")
    }
}
