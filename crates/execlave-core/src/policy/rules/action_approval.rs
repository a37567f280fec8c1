//! `action_approval`: fires when a listed tool, or one the agent's owner wants approved, is requested, or
//! when the action costs at least so much. Normally used in the mode `require_approval`.

use crate::policy::budget::usd;
use crate::policy::error::PolicyError;
use crate::policy::fields::{Fields, NAMES};
use crate::policy::globs::Globs;
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};

use super::cost_limit::{amount, estimate};

#[derive(Debug)]
pub(super) struct ActionApproval {
    tools: Globs,
    min_estimated_cost: Option<i64>,
    use_agent_list: bool,
}

pub(super) fn read(fields: &mut Fields) -> Result<ActionApproval, PolicyError> {
    let tools = fields.texts("tools", NAMES)?;
    let min_estimated_cost = amount(fields, "minEstimatedCost")?;
    let use_agent_list = fields.flag("useAgentList", true)?;
    fields.refuse_unknown()?;
    match tools {
        // A policy about cost alone has no tools to list.
        None if min_estimated_cost.is_none() => Err(fields.missing("tools")),
        tools => Ok(ActionApproval {
            tools: Globs::new(&tools.unwrap_or_default()),
            min_estimated_cost,
            use_agent_list,
        }),
    }
}

impl Rule for ActionApproval {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let registered = &subject.agent.requires_human_approval_for;
        let registered =
            (self.use_agent_list && !registered.is_empty()).then(|| Globs::new(registered));
        for (index, tool) in subject.tools() {
            let list = if self.tools.matches(tool) {
                "by this policy"
            } else if registered.as_ref().is_some_and(|list| list.matches(tool)) {
                "by the agent's registration (`requiresHumanApprovalFor`)"
            } else {
                continue;
            };
            let message = format!("the tool `{}` needs a person's approval {list}", shown(tool));
            checked.hit("tool", message, Some(entry_evidence(format!("tools[{index}]"), tool)));
            break;
        }
        let Some(least) = self.min_estimated_cost else { return };
        let Some(cost) = estimate(subject, checked) else { return };
        if subject.action.estimated_cost.is_some() && cost >= least {
            let message = format!(
                "the estimated cost of {} needs a person's approval (from {} on)",
                usd(cost),
                usd(least)
            );
            checked.hit("estimated_cost", message, None);
        }
    }
}
