//! `access_control`: fires when a requested tool is denied or missing from an allow list, or when a data
//! source named in the metadata is missing from its allow list.
//!
//! Deny wins. Where the policy and the agent's registration both list tools, a tool must be in both: a
//! policy can narrow what an agent was registered for, never widen it. An empty `allowedTools` allows none.

use serde_json::Value;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, NAMES, Spec};
use crate::policy::fields::Fields;
use crate::policy::globs::{Globs, Name};
use crate::policy::rule::{Checked, Rule, Subject, entry_evidence, shown};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::texts("allowedTools", NAMES, "globs; left out: no allow list; empty: no tool at all")
        .optional(),
    Field::texts("deniedTools", NAMES, "globs; deny wins"),
    Field::texts("allowedDataSources", NAMES, "globs for `metadata.dataSources`").optional(),
    Field::flag("useAgentAllowlist", true, "the agent's `allowedActions` are an allow list too"),
]);

#[derive(Debug)]
pub(super) struct AccessControl {
    allowed_tools: Option<Globs>,
    denied_tools: Globs,
    allowed_data_sources: Option<Globs>,
    use_agent_allowlist: bool,
}

pub(super) fn read(fields: &Fields) -> Result<AccessControl, PolicyError> {
    let globs = |name: &str| fields.given_texts(name).map(|list| Globs::new(&list));
    Ok(AccessControl {
        allowed_tools: globs("allowedTools"),
        denied_tools: Globs::new(&fields.texts("deniedTools")),
        allowed_data_sources: globs("allowedDataSources"),
        use_agent_allowlist: fields.flag("useAgentAllowlist"),
    })
}

impl Rule for AccessControl {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        self.check_denied(subject, checked);
        self.check_allowed(subject, checked);
        self.check_data_sources(subject, checked);
    }

    fn never_fires(&self) -> Option<&'static str> {
        (self.allowed_tools.is_none()
            && self.denied_tools.is_empty()
            && self.allowed_data_sources.is_none()
            && !self.use_agent_allowlist)
            .then_some("no list denies or allows anything: give one")
    }
}

impl AccessControl {
    fn check_denied(&self, subject: &Subject<'_>, checked: &mut Checked) {
        if let Some((index, tool)) =
            subject.tools().find(|(_, tool)| self.denied_tools.matches(tool))
        {
            let message = format!(
                "the tool `{}` is denied by this policy; do not request it",
                shown(tool.original)
            );
            let evidence = entry_evidence(format!("tools[{index}]"), tool.original);
            checked.hit("tool_denied", message, Some(evidence));
        }
    }

    fn check_allowed(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let registered = subject.allowed_actions().filter(|_| self.use_agent_allowlist);
        let refused = subject.tools().find_map(|(index, tool)| {
            if self.allowed_tools.as_ref().is_some_and(|allowed| !allowed.matches(tool)) {
                return Some((index, tool, "`allowedTools` of this policy"));
            }
            if registered.is_some_and(|allowed| !allowed.matches(tool)) {
                return Some((index, tool, "the agent's registered `allowedActions`"));
            }
            None
        });
        if let Some((index, tool, list)) = refused {
            let message = format!(
                "the tool `{}` is not in {list}; add it there or do not request it",
                shown(tool.original)
            );
            let evidence = entry_evidence(format!("tools[{index}]"), tool.original);
            checked.hit("tool_not_allowed", message, Some(evidence));
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
                sources.iter().enumerate().find(|(_, source)| !allowed.matches(&Name::new(source)))
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
