//! Asking custom validators: signed, within their deadline, and not at all while they are known to be down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use execlave_api::validators::ValidatorRequest;
use execlave_core::policy::{FailureMode, StateAnswer};
use execlave_core::time::Timestamp;
use execlave_store::validators::Validator;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use crate::http::{Http, HttpError};
use crate::secrets;

/// How many failures in a row open the breaker.
const FAILURES: u32 = 5;

/// How long it stays open before one request may try again.
const OPEN_FOR_MS: i64 = 30_000;

/// The longest reason that is passed on.
const REASON_LENGTH: usize = 500;

/// Asks validators, and remembers which of them fail.
#[derive(Debug)]
pub struct Validators {
    http: Http,
    breakers: Mutex<HashMap<Uuid, Breaker>>,
}

/// What is known of one validator.
#[derive(Clone, Copy, Debug, Default)]
struct Breaker {
    failures: u32,
    /// Until when nobody asks.
    closed_again_at: Option<Timestamp>,
}

/// What a validator said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) decision: Decision,
    pub(crate) reason: Option<String>,
}

/// The three things a validator can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    Allow,
    RequireApproval,
    Deny,
}

impl Decision {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::RequireApproval => "require_approval",
            Self::Deny => "deny",
        }
    }
}

/// Why a validator said nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    #[error(
        "the validator was not asked, because it failed {FAILURES} times in a row; it is tried again within 30 seconds"
    )]
    Open,
    #[error("the validator cannot be asked: {0}")]
    Http(#[from] HttpError),
    #[error("the validator answered with status {0} instead of 200")]
    Status(u16),
    #[error(
        "the validator did not answer with `{{\"decision\": \"allow\" | \"require_approval\" | \"deny\", \"reason\"?}}`"
    )]
    Body,
    #[error("the address of the validator is not a URL")]
    Url,
}

#[derive(Deserialize)]
struct Body {
    decision: Decision,
    #[serde(default)]
    reason: Option<String>,
}

impl Validators {
    /// Nothing is known of any validator yet.
    pub fn new(allow_private_networks: bool) -> Self {
        let http = Http::new(allow_private_networks, "validators.allow_private_networks");
        Self { http, breakers: Mutex::default() }
    }

    /// Why an address may not be asked, as far as the URL itself tells.
    pub(crate) fn fault(&self, url: &Url) -> Option<String> {
        self.http.fault(url)
    }

    /// What a validator makes of an action, as the policy reads it. Silence is what the validator's fail mode says it is.
    pub(crate) async fn ask(
        &self,
        validator: &Validator,
        delivery: Uuid,
        request: &ValidatorRequest,
        now: Timestamp,
    ) -> StateAnswer {
        let asked = if self.may_ask(validator.id, now) {
            let asked = self.send(validator, delivery, request).await;
            self.remember(validator.id, asked.is_ok(), now);
            asked
        } else {
            Err(Silence::Open)
        };
        match asked {
            Ok(Answer { decision: Decision::Allow, .. }) => StateAnswer::Passed,
            Ok(Answer { decision: Decision::RequireApproval, reason }) => {
                StateAnswer::ApprovalRequired { reason }
            }
            Ok(Answer { decision: Decision::Deny, reason }) => StateAnswer::Violated { reason },
            Err(silence) => {
                tracing::warn!(validator = %validator.id, error = %silence, "no answer");
                let reason = Some(silence.to_string());
                match validator.fail_mode {
                    FailureMode::FailClosed => StateAnswer::Violated { reason },
                    FailureMode::FailOpen => StateAnswer::Unknown { reason },
                }
            }
        }
    }

    /// One request, whatever the breaker says.
    pub(crate) async fn send(
        &self,
        validator: &Validator,
        delivery: Uuid,
        request: &ValidatorRequest,
    ) -> Result<Answer, Silence> {
        let url: Url = validator.url.parse().map_err(|_| Silence::Url)?;
        let body = serde_json::to_vec(request).map_err(|_| Silence::Body)?;
        let headers = headers(validator, delivery, &request.timestamp, &body);
        let timeout =
            Duration::from_millis(u64::try_from(validator.timeout_ms).unwrap_or_default());
        let answer = self.http.post_json(&url, headers, body, timeout).await?;
        if answer.status != 200 {
            return Err(Silence::Status(answer.status));
        }
        let body: Body = serde_json::from_slice(&answer.body).map_err(|_| Silence::Body)?;
        let reason = body.reason.map(|reason| reason.chars().take(REASON_LENGTH).collect());
        Ok(Answer { decision: body.decision, reason })
    }

    /// Whether the breaker lets a request through. Of those that come when it is time to try again, one is.
    fn may_ask(&self, id: Uuid, now: Timestamp) -> bool {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(id).or_default();
        match breaker.closed_again_at {
            None => true,
            Some(at) if now < at => false,
            Some(_) => {
                breaker.closed_again_at = Some(now.plus_millis(OPEN_FOR_MS));
                true
            }
        }
    }

    fn remember(&self, id: Uuid, answered: bool, now: Timestamp) {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(id).or_default();
        if answered {
            *breaker = Breaker::default();
            return;
        }
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= FAILURES {
            breaker.closed_again_at = Some(now.plus_millis(OPEN_FOR_MS));
        }
    }

    /// Forgets what is known of a validator, because it was changed.
    pub(crate) fn forget(&self, id: Uuid) {
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Who asks, when, and the proof that nobody else wrote the body.
fn headers(validator: &Validator, delivery: Uuid, timestamp: &str, body: &[u8]) -> HeaderMap {
    let mut mac = Hmac::<Sha256>::new_from_slice(validator.secret.as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(body);
    let signature = secrets::hex(&mac.finalize().into_bytes());
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-execlave-signature", format!("sha256={signature}")),
        ("x-execlave-timestamp", timestamp.to_owned()),
        ("x-execlave-validator-id", validator.id.to_string()),
        ("x-execlave-delivery-id", delivery.to_string()),
    ] {
        let value = HeaderValue::try_from(value).expect("hex, times and ids are ASCII");
        headers.insert(name, value);
    }
    headers
}

/// Asks several validators at once; the answers in their order. One that is not known or not active could not be asked.
pub(crate) async fn ask_all(
    validators: &Arc<Validators>,
    asked: Vec<Option<(Arc<Validator>, Uuid)>>,
    request: ValidatorRequest,
    now: Timestamp,
) -> Vec<StateAnswer> {
    let request = Arc::new(request);
    let mut answers: Vec<StateAnswer> = Vec::with_capacity(asked.len());
    let mut tasks = tokio::task::JoinSet::new();
    for (index, validator) in asked.into_iter().enumerate() {
        let reason = "the validator is not known or not active: check `validatorId`".to_owned();
        answers.push(StateAnswer::Unknown { reason: Some(reason) });
        let Some((validator, delivery)) = validator else { continue };
        let (validators, request) = (Arc::clone(validators), Arc::clone(&request));
        tasks.spawn(
            async move { (index, validators.ask(&validator, delivery, &request, now).await) },
        );
    }
    while let Some(finished) = tasks.join_next().await {
        if let Ok((index, answer)) = finished {
            answers[index] = answer;
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDATOR: Uuid = Uuid::from_u128(7);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + millis)
    }

    fn fail(validators: &Validators, times: u32, now: Timestamp) {
        for _ in 0..times {
            validators.remember(VALIDATOR, false, now);
        }
    }

    #[test]
    fn five_failures_in_a_row_open_the_breaker_for_thirty_seconds() {
        let validators = Validators::new(false);
        fail(&validators, 4, at(0));
        assert!(validators.may_ask(VALIDATOR, at(0)));
        validators.remember(VALIDATOR, true, at(0));
        fail(&validators, 4, at(0));
        assert!(
            validators.may_ask(VALIDATOR, at(0)),
            "an answer in between starts the count again"
        );
        fail(&validators, 1, at(0));
        assert!(!validators.may_ask(VALIDATOR, at(0)));
        assert!(!validators.may_ask(VALIDATOR, at(29_999)));
        assert!(validators.may_ask(Uuid::from_u128(8), at(0)), "each validator has its own");
        validators.forget(VALIDATOR);
        assert!(validators.may_ask(VALIDATOR, at(0)), "a changed validator begins anew");
    }

    #[test]
    fn one_probe_at_a_time_decides_whether_it_closes() {
        let validators = Validators::new(false);
        fail(&validators, 5, at(0));
        let later = at(30_000);
        let asked = (0..10).filter(|_| validators.may_ask(VALIDATOR, later)).count();
        assert_eq!(asked, 1);
        // A probe whose caller went away says nothing, and must not keep the breaker open for ever.
        let much_later = at(60_000);
        assert!(validators.may_ask(VALIDATOR, much_later));
        fail(&validators, 1, much_later);
        assert!(!validators.may_ask(VALIDATOR, at(89_999)), "one failed probe is enough");
        let at_last = at(90_000);
        assert!(validators.may_ask(VALIDATOR, at_last));
        validators.remember(VALIDATOR, true, at_last);
        fail(&validators, 4, at_last);
        let asked = (0..10).filter(|_| validators.may_ask(VALIDATOR, at_last)).count();
        assert_eq!(asked, 10, "it is closed, and four failures do not open it");
    }
}
