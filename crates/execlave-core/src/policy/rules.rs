//! The table of policy types. A new type is one file beside this one, its `mod` line and its table line.

#![expect(clippy::unnecessary_wraps, reason = "`read` has one signature for every type")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::PolicyError;
use super::field::Spec;
use super::fields::{Fields, Spelling};
use super::rule::Rule;
use crate::decision::Severity;
use crate::request::Phase;
use crate::words::words;

mod access_control;
mod action_approval;
mod budget_cap;
mod content_filter;
mod cost_limit;
mod custom_validator;
mod data_restriction;
mod expression;
mod external_call;
mod injection_scan;
mod output_classifier;
mod pii_access;
mod quality_threshold;
mod rate_limit;
mod record_count_limit;
mod secret_scan;
mod sequence;
mod tool_integrity;
mod tool_invocation;
mod tool_output_scan;

pub use data_restriction::DataClass;

macro_rules! policy_types {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal $(| $legacy:literal)*, $severity:ident, $phases:expr, $module:ident;)+) => {
        /// What a policy looks at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum PolicyType {
            $($(#[doc = $doc])+ $variant,)+
        }

        words!(PolicyType, "policy type", $($variant = $word $(| $legacy)*),+);

        impl PolicyType {
            /// The severity of a policy that names none.
            pub fn default_severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What policies of this type look for, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }

            fn phases(self) -> Phases {
                match self { $(Self::$variant => $phases),+ }
            }

            pub(super) fn spec(self) -> &'static Spec {
                match self { $(Self::$variant => { static SPEC: Spec = $module::SPEC; &SPEC }),+ }
            }

            fn build(self, fields: &Fields) -> Result<Arc<dyn Rule>, PolicyError> {
                match self { $(Self::$variant => $module::read(fields).map(|rule| Arc::new(rule) as Arc<dyn Rule>)),+ }
            }
        }
    };
}

/// The phases a type looks at.
#[derive(Debug, Clone, Copy)]
struct Phases {
    pre: bool,
    tool: bool,
    post: bool,
}

const PRE: Phases = Phases { pre: true, tool: false, post: false };
const PRE_TOOL: Phases = Phases { pre: true, tool: true, post: false };
const PRE_POST: Phases = Phases { pre: true, tool: false, post: true };
const PRE_TOOL_POST: Phases = Phases { pre: true, tool: true, post: true };
const TOOL: Phases = Phases { pre: false, tool: true, post: false };
const POST: Phases = Phases { pre: false, tool: false, post: true };

policy_types! {
    /// Instructions smuggled into the input, the conversation or a tool's output.
    InjectionScan = "injection_scan" | "prompt_injection", High, PRE_TOOL_POST, injection_scan;
    /// Personal data in the input, a tool's output or the output.
    PiiAccess = "pii_access" | "pii_detection", High, PRE_TOOL_POST, pii_access;
    /// Credentials in the input, a tool's output or the output.
    SecretScan = "secret_scan", Critical, PRE_TOOL_POST, secret_scan;
    /// The cost of one action, or of all actions within an hour or a day.
    CostLimit = "cost_limit", Medium, PRE, cost_limit;
    /// The cost of a calendar month, with a warning before it is spent.
    BudgetCap = "budget_cap", High, PRE, budget_cap;
    /// How many actions happen within a minute or an hour.
    RateLimit = "rate_limit", Medium, PRE, rate_limit;
    /// How many records an action touches.
    RecordCountLimit = "record_count_limit", Medium, PRE_POST, record_count_limit;
    /// Which tools and data sources may be used.
    AccessControl = "access_control", High, PRE, access_control;
    /// Which tools may be used, by name alone.
    ToolInvocation = "tool_invocation", High, PRE, tool_invocation;
    /// Which tools and costs need a person's approval.
    ActionApproval = "action_approval", Medium, PRE, action_approval;
    /// Which hosts may be called.
    ExternalCall = "external_call", High, PRE_TOOL, external_call;
    /// Words, phrases and expressions that must not occur.
    ContentFilter = "content_filter", Medium, PRE_TOOL_POST, content_filter;
    /// Classes of data that must not be used, declared or found.
    DataRestriction = "data_restriction", High, PRE_POST, data_restriction;
    /// Tools whose descriptors were never pinned, changed, or read like instructions.
    ToolIntegrity = "tool_integrity", Critical, PRE, tool_integrity;
    /// Injection, personal data and credentials in what tools answer.
    ToolOutputScan = "tool_output_scan", High, TOOL, tool_output_scan;
    /// Words, expressions and lengths of outputs.
    OutputClassifier = "output_classifier", Medium, POST, output_classifier;
    /// A metric of a trace that is too low.
    QualityThreshold = "quality_threshold", Low, POST, quality_threshold;
    /// A CEL expression that is true for what must not happen.
    Expression = "expression", Medium, PRE_POST, expression;
    /// What a validator outside says.
    CustomValidator = "custom_validator", High, PRE, custom_validator;
    /// An action that must not follow another one.
    Sequence = "sequence", High, PRE_POST, sequence;
}

impl PolicyType {
    /// Whether policies of this type are evaluated in `phase`.
    pub fn runs_in(self, phase: Phase<'_>) -> bool {
        let phases = self.phases();
        match phase {
            // The enforce request carries tool outputs as well.
            Phase::Pre => phases.pre || phases.tool,
            Phase::Tool => phases.tool,
            Phase::Post { .. } => phases.post,
        }
    }

    /// The phases policies of this type are evaluated in: `pre`, `tool`, `post`.
    pub fn phase_names(self) -> Vec<&'static str> {
        let phases = self.phases();
        [("pre", phases.pre), ("tool", phases.tool), ("post", phases.post)]
            .into_iter()
            .filter_map(|(name, runs)| runs.then_some(name))
            .collect()
    }

    /// The JSON Schema (draft 2020-12) of this type's `ruleDefinition`, in its current spelling. The strict
    /// reader also accepts keys in snake case.
    pub fn schema(self) -> Value {
        let mut schema = self.spec().schema();
        if let Some(map) = schema.as_object_mut() {
            map.insert("title".into(), json!(self.as_str()));
            map.insert("description".into(), json!(self.meaning()));
        }
        schema
    }

    /// Checks a rule definition of this type and prepares it.
    pub(super) fn read(self, rule: Value) -> Result<(Arc<dyn Rule>, Fields), PolicyError> {
        let fields = Fields::read("ruleDefinition", rule, self.spec(), Spelling::Any)?;
        let rule = self.build(&fields)?;
        Ok((rule, fields))
    }

    /// A valid rule definition with every key in its current spelling.
    pub(super) fn canonical(self, rule: Value) -> Result<Value, PolicyError> {
        self.read(rule).map(|(_, fields)| fields.into_value())
    }
}
