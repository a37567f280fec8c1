//! An action as a person sees it before answering for it.

use execlave_store::approvals::Approval;
use serde_json::Value;

use crate::pages::trace::pretty;

/// What is to be approved.
#[derive(Debug)]
pub(crate) struct ActionShown {
    pub(crate) input: String,
    pub(crate) tools: Vec<String>,
    pub(crate) cost: Option<String>,
    pub(crate) metadata: Option<String>,
}

impl ActionShown {
    /// The action as it was kept, else its summary.
    pub(crate) fn new(approval: &Approval) -> Self {
        let action = approval.action.as_ref().map(execlave_store::Json::to_value);
        let part = |name: &str| action.as_ref().and_then(|action| action.get(name)).cloned();
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let tools = match part("tools") {
            Some(Value::Array(tools)) => tools.into_iter().map(text).collect(),
            _ => Vec::new(),
        };
        Self {
            input: part("input").map_or_else(|| approval.action_summary.clone(), text),
            tools,
            cost: part("estimatedCost").map(|cost| format!("{} USD", text(cost))),
            metadata: part("metadata").map(|metadata| pretty::print(&text(metadata))),
        }
    }
}

#[cfg(test)]
impl ActionShown {
    pub(crate) fn sample(input: &str, tools: &[&str]) -> Self {
        Self {
            input: input.to_owned(),
            tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
            cost: Some("0.02 USD".to_owned()),
            metadata: Some("{\n  \"orderId\": \"81-4402\",\n  \"amount\": 640\n}".to_owned()),
        }
    }
}
