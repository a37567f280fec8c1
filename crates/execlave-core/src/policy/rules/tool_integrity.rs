//! `tool_integrity`: fires when a tool's descriptor is not the one that was pinned, or when its description
//! reads like an instruction to the model.
//!
//! The pinned descriptors come with the agent. SDKs of different languages hash one descriptor differently,
//! so a tool may be pinned to several hashes and any of them is accepted.

use crate::detect::injection;
use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};
use crate::request::texts::RiskLevel;
use crate::request::{PinnedTool, ToolDescriptor};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::flag("onUnknown", true, "fire on tools that were never pinned"),
    Field::flag("onChanged", true, "fire on tools whose descriptor differs from the pinned one"),
    Field::flag("scanDescriptions", true, "fire on descriptions that read like instructions"),
]);

#[derive(Debug)]
pub(super) struct ToolIntegrity {
    on_unknown: bool,
    on_changed: bool,
    scan_descriptions: bool,
}

pub(super) fn read(fields: &Fields) -> Result<ToolIntegrity, PolicyError> {
    Ok(ToolIntegrity {
        on_unknown: fields.flag("onUnknown"),
        on_changed: fields.flag("onChanged"),
        scan_descriptions: fields.flag("scanDescriptions"),
    })
}

impl Rule for ToolIntegrity {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        for (index, live) in subject.action.tool_descriptors.iter().enumerate() {
            self.check_baseline(index, live, &subject.agent.tool_baseline, checked);
            self.check_description(index, live, checked);
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (!(self.on_unknown || self.on_changed || self.scan_descriptions))
            .then_some("every check is off: turn one on")
    }
}

impl ToolIntegrity {
    fn check_baseline(
        &self,
        index: usize,
        live: &ToolDescriptor,
        baseline: &[PinnedTool],
        checked: &mut Checked,
    ) {
        let mut known = false;
        for pinned in baseline {
            if pinned.server == live.server && pinned.tool == live.tool {
                known = true;
                if same_hash(&pinned.descriptor_hash, &live.descriptor_hash) {
                    return;
                }
            }
        }
        let (rule, reason) = match known {
            true if self.on_changed => (
                "descriptor_changed",
                "has another descriptor than the one that was pinned; review it and pin it again",
            ),
            false if self.on_unknown => {
                ("unknown_tool", "is not in the agent's baseline; review it and pin it")
            }
            _ => return,
        };
        let name = shown(&format!("{}/{}", live.server, live.tool));
        let evidence = entry_evidence(format!("toolDescriptors[{index}].tool"), &live.tool);
        checked.hit(rule, format!("the tool `{name}` {reason}"), Some(evidence));
    }

    fn check_description(&self, index: usize, live: &ToolDescriptor, checked: &mut Checked) {
        let Some(description) = live.description.as_deref().filter(|_| self.scan_descriptions)
        else {
            return;
        };
        if injection::scan(description).risk_level < RiskLevel::Medium {
            return;
        }
        let name = shown(&format!("{}/{}", live.server, live.tool));
        let message = format!(
            "the description of the tool `{name}` reads like an instruction to the model; do not use it"
        );
        let field = format!("toolDescriptors[{index}].description");
        checked.hit("poisoned_description", message, Some(entry_evidence(field, description)));
    }
}

/// Hexadecimal in any case, with or without the name of the algorithm.
fn same_hash(one: &str, other: &str) -> bool {
    fn bare(hash: &str) -> &str {
        hash.trim().strip_prefix("sha256:").unwrap_or(hash.trim())
    }
    !bare(one).is_empty() && bare(one).eq_ignore_ascii_case(bare(other))
}
