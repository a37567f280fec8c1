//! What can go wrong, with what a caller needs to act on it: a kind, whether trying again may help, the server's code and the
//! request id that finds the matter in the server's log.
//!
//! A blocked action is not a failure of the client. It is an error all the same, because the one thing a caller must not do is to
//! carry on by accident.

use std::time::Duration;

use serde_json::Value;

use crate::config::InvalidSetting;
use crate::enforce::Source;

/// Why a call gave no result.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] InvalidSetting),
    /// The client was shut down.
    #[error("the client is shut down; make a new one")]
    Closed,
    /// The server could not be reached, or the connection broke.
    #[error("{0}")]
    Network(String),
    /// The server answered, but not with what was asked for.
    #[error("api request failed ({}): {}", .0.status, .0.message)]
    Refused(Box<Refusal>),
    /// The server does not know the key, or the key does not reach this far.
    #[error("not authorised ({}): {}", .0.status, .0.message)]
    Auth(Box<Refusal>),
    /// The question is larger than the server takes, so that nobody can decide about it: the action must not happen.
    #[error("the question is too large ({}): {}", .0.status, .0.message)]
    TooLarge(Box<Refusal>),
    /// A limit of the plan is used up.
    #[error("plan limit reached: {resource} ({current} of {max}): {}", refusal.message)]
    PlanLimit {
        /// What is used up.
        resource: String,
        /// How much is used.
        current: i64,
        /// How much there is.
        max: i64,
        /// What the server said.
        refusal: Box<Refusal>,
    },
    /// A policy stops the action.
    #[error("{}", blocked_message(.violations))]
    Blocked {
        /// The policies that fired, each as the server described it (`execlave_api::enforce::Violation`).
        violations: Vec<Value>,
        /// The durable record of the decision.
        decision_id: Option<String>,
        /// Where it was made: by the server, or in this process.
        decided_by: Source,
    },
    /// Somebody pulled the kill switch.
    #[error("agent `{agent_id}` is paused{}", reason.as_ref().map_or(String::new(), |reason| format!(": {reason}")))]
    AgentPaused {
        /// The agent as the caller named it.
        agent_id: String,
        /// What the operator said.
        reason: Option<String>,
        /// Who stopped it: the server in its answer, or this process, which knew of the pause.
        decided_by: Source,
    },
    /// A person said no.
    #[error("approval `{approval_id}` was denied{}", reason.as_ref().map_or(String::new(), |reason| format!(": {reason}")))]
    Denied {
        /// The approval.
        approval_id: String,
        /// What they said.
        reason: Option<String>,
    },
    /// Nobody answered in time.
    #[error("approval `{approval_id}` was not answered in time")]
    ApprovalTimeout {
        /// The approval.
        approval_id: String,
    },
    /// The approval does not cover this action.
    #[error("approval `{approval_id}` does not cover this action: {reason}")]
    CertificateMismatch {
        /// The approval.
        approval_id: String,
        /// One of the reasons that `verify` gives, such as `certificate_already_used`.
        reason: String,
    },
    /// Whether the approval covers this action could not be found out.
    #[error("approval `{approval_id}` could not be verified")]
    ApprovalUnverified {
        /// The approval.
        approval_id: String,
        /// Why.
        #[source]
        cause: Box<Error>,
    },
    /// The question holds something that nobody could look at, so that an answer would not be about all of it.
    #[error("cannot ask about `{path}`: {reason}")]
    Unaskable {
        /// The place in the question, such as `toolOutputs[0].output`.
        path: String,
        /// What is wrong there, and what to do.
        reason: String,
    },
    /// No decision could be had, and the client was told to stop in that case.
    #[error("no decision could be had after {consecutive_failures} failed attempts: {last_error}")]
    Unavailable {
        /// Failed attempts in a row for this agent.
        consecutive_failures: u32,
        /// What the last one met.
        last_error: String,
    },
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller's settings or call order.
    Usage,
    /// The key.
    Auth,
    /// The request.
    Request,
    /// A limit.
    Limit,
    /// A decision: the action must not happen.
    Decision,
    /// The network or the server.
    Outage,
}

impl Error {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(_) | Self::Closed => ErrorKind::Usage,
            Self::Auth(_) => ErrorKind::Auth,
            Self::PlanLimit { .. } => ErrorKind::Limit,
            Self::Refused(refusal) if refusal.status == 429 => ErrorKind::Limit,
            Self::Refused(refusal) if refusal.status >= 500 => ErrorKind::Outage,
            Self::Refused(_) => ErrorKind::Request,
            Self::Network(_) => ErrorKind::Outage,
            _ => ErrorKind::Decision,
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Network(_) | Self::Unavailable { .. } => true,
            Self::Refused(refusal) => refusal.status >= 500 || matches!(refusal.status, 408 | 429),
            Self::ApprovalUnverified { cause, .. } => cause.is_retryable(),
            _ => false,
        }
    }

    /// Whether the action that was asked about must not happen.
    pub fn is_halt(&self) -> bool {
        self.kind() == ErrorKind::Decision
    }

    /// Where the decision was made, if this is one: by the server, in this process, or by a person.
    pub fn decided_by(&self) -> Option<Source> {
        match self {
            Self::Blocked { decided_by, .. } | Self::AgentPaused { decided_by, .. } => {
                Some(*decided_by)
            }
            Self::Denied { .. }
            | Self::ApprovalTimeout { .. }
            | Self::CertificateMismatch { .. }
            | Self::ApprovalUnverified { .. } => Some(Source::Approval),
            _ => None,
        }
    }

    /// The server's refusal, if there was one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal)
            | Self::Auth(refusal)
            | Self::TooLarge(refusal)
            | Self::PlanLimit { refusal, .. } => Some(refusal),
            Self::ApprovalUnverified { cause, .. } => cause.refusal(),
            _ => None,
        }
    }

    /// The server's error code.
    pub fn code(&self) -> Option<&str> {
        self.refusal()?.code.as_deref()
    }

    /// The id that finds this request in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.refusal()?.request_id.as_deref()
    }
}

/// An answer that is not a success.
#[derive(Clone, Debug, Default)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The server's error code.
    pub code: Option<String>,
    /// The server's sentence, with the faults it names.
    pub message: String,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// The body as it came, cut at 64 KiB.
    pub body: String,
}

/// The sentence for a blocked action: `[policyType] message` of each violation.
pub fn blocked_message(violations: &[Value]) -> String {
    if violations.is_empty() {
        return "execution blocked by policy: the server did not allow it".to_owned();
    }
    let field = |violation: &Value, name: &str, otherwise: &str| {
        violation.get(name).and_then(Value::as_str).unwrap_or(otherwise).to_owned()
    };
    let parts: Vec<String> = violations
        .iter()
        .map(|violation| {
            let kind = field(violation, "policyType", "policy");
            format!("[{kind}] {}", field(violation, "message", "no reason given"))
        })
        .collect();
    format!("execution blocked by policy: {}", parts.join("; "))
}
