//! The error body, and the one table of codes.
//!
//! A code, once shipped, never changes its meaning and never disappears; clients branch on it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer that is not a success, except a block by `enforce`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Always an object, never a string: published clients read its fields.
    pub error: ErrorDetail,
}

/// What went wrong and what to do next.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetail {
    /// One of the codes in [`ErrorCode`].
    pub code: String,
    /// A sentence for a developer.
    pub message: String,
    /// The faults in the request, each with its JSON path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// The exhausted resource of a `PLAN_LIMIT_EXCEEDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How much of it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<i64>,
    /// How much of it there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// Finds this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A fault at one place of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON path, such as `tools[0]`; empty when the whole body is meant.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $status:literal;)+) => {
        /// Every error code with its HTTP status and meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant,)+ }

        impl ErrorCode {
            /// All codes, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as it stands on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status it is sent with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// The sentence of the reference page.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The request is not well formed; `fields` names the faults.
    ValidationError = "VALIDATION_ERROR", 400;
    /// The cursor was not made by this list; start again without one.
    InvalidCursor = "INVALID_CURSOR", 400;
    /// No API key or session came with the request.
    Unauthenticated = "UNAUTHENTICATED", 401;
    /// The API key is not known.
    InvalidApiKey = "INVALID_API_KEY", 401;
    /// The API key is past its expiry.
    ApiKeyExpired = "API_KEY_EXPIRED", 401;
    /// The API key was revoked.
    ApiKeyRevoked = "API_KEY_REVOKED", 401;
    /// The session is over: sign in again.
    InvalidSession = "INVALID_SESSION", 401;
    /// The address, the password or the code is wrong; which of the first two is not said.
    InvalidCredentials = "INVALID_CREDENTIALS", 401;
    /// The password is right, and a code of the second factor is owed; send it as `code`.
    SecondFactorRequired = "SECOND_FACTOR_REQUIRED", 401;
    /// The HMAC signature is wrong, incomplete or too old.
    InvalidSignature = "INVALID_SIGNATURE", 401;
    /// The key's requests have to be signed, and this one is not.
    SignatureRequired = "SIGNATURE_REQUIRED", 401;
    /// A signed request was sent again.
    RequestReplayed = "REQUEST_REPLAYED", 401;
    /// The trace's agent credential does not prove that it is that agent; the message says why.
    InvalidAgentCredential = "INVALID_AGENT_CREDENTIAL", 401;
    /// A plan's limit is used up; `resource`, `current` and `max` say which.
    PlanLimitExceeded = "PLAN_LIMIT_EXCEEDED", 402;
    /// The key or the role does not reach this far; the message names the scope that would.
    Forbidden = "FORBIDDEN", 403;
    /// Nobody decides a request that their own key made.
    SelfApproval = "SELF_APPROVAL", 403;
    /// The agent is paused; its new traces are refused.
    AgentPaused = "AGENT_PAUSED", 403;
    /// No grant allows this agent to call that one.
    NoGrant = "NO_GRANT", 403;
    /// There is no such thing in this organisation.
    NotFound = "NOT_FOUND", 404;
    /// The path exists, the method does not.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// It already exists, or is no longer in the state the request expects.
    Conflict = "CONFLICT", 409;
    /// The body is larger than the server takes.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413;
    /// The body is not JSON by its `Content-Type` or its encoding is not known.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415;
    /// A `success` needs evidence that the effect happened.
    OutcomeEvidenceRequired = "OUTCOME_EVIDENCE_REQUIRED", 422;
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited = "RATE_LIMITED", 429;
    /// A fault of the server; the request id finds it in the log.
    Internal = "INTERNAL", 500;
    /// The server cannot reach its store or is shutting down; try again.
    Unavailable = "UNAVAILABLE", 503;
}
