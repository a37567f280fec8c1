//! `action_approval`: fires when a listed tool, or one the agent's owner wants approved, is requested, or
//! when the action costs at least so much. Normally used in the mode `require_approval`.

use crate::policy::budget::usd;
use crate::policy::error::PolicyError;
use crate::policy::field::{Field, NAMES, Spec};
use crate::policy::fields::Fields;
use crate::policy::globs::Globs;
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};

pub(super) const SPEC: Spec = Spec::with_one_of(
    &[
        // A policy about cost alone has no tools to list.
        Field::texts("tools", NAMES, "globs; required unless `minEstimatedCost` is given")
            .optional(),
        Field::amount("minEstimatedCost", "from which cost on a person is asked, in USD"),
        Field::flag("useAgentList", true, "the agent's `requiresHumanApprovalFor` counts too"),
    ],
    &["tools", "minEstimatedCost"],
);

#[derive(Debug)]
pub(super) struct ActionApproval {
    tools: Globs,
    min_estimated_cost: Option<i64>,
    use_agent_list: bool,
}

pub(super) fn read(fields: &Fields) -> Result<ActionApproval, PolicyError> {
    Ok(ActionApproval {
        tools: Globs::new(&fields.texts("tools")),
        min_estimated_cost: fields.amount("minEstimatedCost"),
        use_agent_list: fields.flag("useAgentList"),
    })
}

impl Rule for ActionApproval {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let registered = subject.approval_list().filter(|_| self.use_agent_list);
        for (index, tool) in subject.tools() {
            let list = if self.tools.matches(tool) {
                "by this policy"
            } else if registered.is_some_and(|list| list.matches(tool)) {
                "by the agent's registration (`requiresHumanApprovalFor`)"
            } else {
                continue;
            };
            let message =
                format!("the tool `{}` needs a person's approval {list}", shown(tool.original));
            let evidence = entry_evidence(format!("tools[{index}]"), tool.original);
            checked.hit("tool", message, Some(evidence));
            break;
        }
        let Some(least) = self.min_estimated_cost else { return };
        let Some(cost) = subject.cost(checked) else { return };
        if subject.action.estimated_cost.is_some() && cost >= least {
            let message = format!(
                "the estimated cost of {} needs a person's approval (from {} on)",
                usd(cost),
                usd(least)
            );
            checked.hit("estimated_cost", message, None);
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.tools.is_empty() && self.min_estimated_cost.is_none() && !self.use_agent_list)
            .then_some("no tool is listed: fill `tools`, or set `minEstimatedCost`")
    }
}
