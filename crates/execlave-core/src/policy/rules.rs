//! The table of policy types. A new type is one file beside this one, its `mod` line and its table line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::PolicyError;
use super::fields::Fields;
use super::rule::Rule;
use crate::decision::Severity;
use crate::request::Phase;
use crate::words::words;

mod access_control;
mod action_approval;
mod cost_limit;
mod injection_scan;
mod pii_access;

macro_rules! policy_types {
    ($($(#[$doc:meta])* $variant:ident = $word:literal $(| $legacy:literal)*, $severity:ident, $phases:expr, $module:ident;)+) => {
        /// What a policy looks at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum PolicyType {
            $($(#[$doc])* $variant,)+
        }

        words!(PolicyType, "policy type", $($variant = $word $(| $legacy)*),+);

        impl PolicyType {
            /// The severity of a policy that names none.
            pub fn default_severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            fn phases(self) -> Phases {
                match self { $(Self::$variant => $phases),+ }
            }

            /// Reads a rule definition of this type from `fields`.
            pub(super) fn read(self, fields: &mut Fields) -> Result<Arc<dyn Rule>, PolicyError> {
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
const PRE_TOOL_POST: Phases = Phases { pre: true, tool: true, post: true };

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
}

policy_types! {
    /// Instructions smuggled into the input, the conversation or a tool's output.
    InjectionScan = "injection_scan" | "prompt_injection", High, PRE_TOOL_POST, injection_scan;
    /// Personal data in the input or a tool's output.
    PiiAccess = "pii_access" | "pii_detection", High, PRE_TOOL_POST, pii_access;
    /// The cost of one action, or of all actions within an hour or a day.
    CostLimit = "cost_limit", Medium, PRE, cost_limit;
    /// Which tools and data sources may be used.
    AccessControl = "access_control", High, PRE, access_control;
    /// Which tools and costs need a person's approval.
    ActionApproval = "action_approval", Medium, PRE, action_approval;
}
