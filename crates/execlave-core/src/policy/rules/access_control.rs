//! `access_control`: fires when a requested tool is denied or missing from an allow list, or when a data
//! source named in the metadata is missing from its allow list.
//!
//! Deny wins. Where the policy and the agent's registration both list tools, a tool must be in both: a
//! policy can narrow what an agent was registered for, never widen it. An empty `allowedTools` allows none.

use serde_json::Value;

use crate::policy::error::PolicyError;
use crate::policy::fields::{Fields, NAMES};
use crate::policy::globs::Globs;
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};

#[derive(Debug)]
pub(super) struct AccessControl {
    allowed_tools: Option<Globs>,
    denied_tools: Globs,
    allowed_data_sources: Option<Globs>,
    use_agent_allowlist: bool,
}

pub(super) fn read(fields: &mut Fields) -> Result<AccessControl, PolicyError> {
    Ok(AccessControl {
        allowed_tools: fields.texts("allowedTools", NAMES)?.map(|list| Globs::new(&list)),
        denied_tools: Globs::new(&fields.texts("deniedTools", NAMES)?.unwrap_or_default()),
        allowed_data_sources: fields
            .texts("allowedDataSources", NAMES)?
            .map(|list| Globs::new(&list)),
        use_agent_allowlist: fields.flag("useAgentAllowlist", true)?,
    })
}

impl Rule for AccessControl {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        self.check_denied(subject, checked);
        self.check_allowed(subject, checked);
        self.check_data_sources(subject, checked);
    }
}

impl AccessControl {
    fn check_denied(&self, subject: &Subject<'_>, checked: &mut Checked) {
        if let Some((index, tool)) =
            subject.tools().find(|(_, tool)| self.denied_tools.matches(tool))
        {
            let message =
                format!("the tool `{}` is denied by this policy; do not request it", shown(tool));
            checked.hit(
                "tool_denied",
                message,
                Some(entry_evidence(format!("tools[{index}]"), tool)),
            );
        }
    }

    fn check_allowed(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let registered = &subject.agent.allowed_actions;
        let registered =
            (self.use_agent_allowlist && !registered.is_empty()).then(|| Globs::new(registered));
        let refused = subject.tools().find_map(|(index, tool)| {
            if self.allowed_tools.as_ref().is_some_and(|allowed| !allowed.matches(tool)) {
                return Some((index, tool, "`allowedTools` of this policy"));
            }
            if registered.as_ref().is_some_and(|allowed| !allowed.matches(tool)) {
                return Some((index, tool, "the agent's registered `allowedActions`"));
            }
            None
        });
        if let Some((index, tool, list)) = refused {
            let message = format!(
                "the tool `{}` is not in {list}; add it there or do not request it",
                shown(tool)
            );
            checked.hit(
                "tool_not_allowed",
                message,
                Some(entry_evidence(format!("tools[{index}]"), tool)),
            );
        }
    }

    fn check_data_sources(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let Some(allowed) = &self.allowed_data_sources else { return };
        let Some(metadata) = &subject.action.metadata else { return };
        for key in ["dataSources", "dataSource"] {
            let Some(value) = metadata.get(key) else { continue };
            let Some(sources) = names(value) else {
                checked.problem(format!("`metadata.{key}` must be a string or a list of strings"));
                continue;
            };
            let Some((index, source)) =
                sources.iter().enumerate().find(|(_, source)| !allowed.matches(source))
            else {
                continue;
            };
            let message = format!(
                "the data source `{}` is not in `allowedDataSources`; add it there or do not use it",
                shown(source)
            );
            let place = if value.is_array() {
                format!("metadata.{key}[{index}]")
            } else {
                format!("metadata.{key}")
            };
            checked.hit("data_source_not_allowed", message, Some(entry_evidence(place, source)));
        }
    }
}

fn names(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(name) => Some(vec![name]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
