//! Waits for a person, and checks that what the person approved is this action.
//!
//! The wait is a series of long polls. A server that restarts in between loses nothing: the approval is stored, and asking goes on
//! until it is decided, expires, or the client has waited for long enough. An approval counts only together with its certificate: the
//! server must confirm it for the action context as it was rebuilt here, and where the server publishes keys, one of them must have
//! signed a certificate of this approval and this action, so that nothing between the two can turn a no into a yes.

use std::pin::pin;
use std::time::Duration;

use execlave_api::approvals::VerifyApproval;
use execlave_api::error::ErrorCode;
use execlave_core::digest::ActionDigest;
use execlave_core::request::Action;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, sleep_until};

use crate::agents::to_body;
use crate::client::Client;
use crate::enforce::{Allowed, Source, violations};
use crate::error::{Error, Refusal};
use crate::http::{Call, encode};
use crate::privacy;

mod keys;

pub(crate) use self::keys::KeyRing;

/// How long the server is asked to hold one question.
const LONG_POLL: Duration = Duration::from_secs(25);
/// Pause after a question that got no answer.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const VERIFY_ATTEMPTS: u32 = 3;

/// An action that waits for a person.
#[derive(Clone, Debug)]
pub struct PendingApproval {
    /// The approval's id.
    pub id: String,
    /// Why a person is asked, each as the server described it.
    pub violations: Vec<Value>,
    /// The action as it was asked about: what an approval must cover.
    pub action_context: Map<String, Value>,
    agent_id: String,
    key: String,
}

impl PendingApproval {
    pub(crate) fn new(
        id: &str,
        agent_id: String,
        key: String,
        body: &Map<String, Value>,
        action: &Action,
    ) -> Self {
        Self {
            id: id.to_owned(),
            violations: violations(body),
            action_context: match action.context() {
                Value::Object(context) => context,
                _ => Map::new(),
            },
            agent_id,
            key,
        }
    }
}

impl Client {
    /// Waits until a person decides, and returns when the action may happen. A pause of the agent ends the wait at once, and so does a
    /// shutdown of the client. Dropping the future stops the wait; the approval stays, and asking about the same action again finds it.
    pub async fn wait_for_approval(&self, pending: &PendingApproval) -> Result<Allowed, Error> {
        tokio::select! {
            answer = self.answer_to(pending) => answer,
            () = self.until_closed() => Err(Error::Closed),
        }
    }

    async fn answer_to(&self, pending: &PendingApproval) -> Result<Allowed, Error> {
        let give_up = Instant::now() + self.config().approval_timeout;
        let too_late = || Error::ApprovalTimeout { approval_id: pending.id.clone() };
        let mut hold = Some(LONG_POLL);
        loop {
            self.ensure_open()?;
            // Listening begins before the look, so that no pause falls between the two.
            let mut news = pin!(self.states().news());
            news.as_mut().enable();
            self.refuse_paused(&pending.agent_id, &pending.key)?;
            let asked_at = Instant::now();
            let found = tokio::select! {
                found = self.find_approval(&pending.id, hold) => found,
                () = news.as_mut() => continue,
                () = sleep_until(give_up) => return Err(too_late()),
            };
            let next = match found {
                Ok(approval) => {
                    let text = |name| approval.get(name).and_then(Value::as_str);
                    let reason = text("decisionReason").map(str::to_owned);
                    let approval_id = pending.id.clone();
                    match text("status") {
                        Some("approved") => return self.confirm(pending).await,
                        Some("denied") => return Err(Error::Denied { approval_id, reason }),
                        Some("cancelled") => {
                            let reason = reason.or_else(|| Some("cancelled".to_owned()));
                            return Err(Error::Denied { approval_id, reason });
                        }
                        Some("expired") => return Err(Error::ApprovalTimeout { approval_id }),
                        _ => asked_at + self.config().approval_interval,
                    }
                }
                Err(error) if error.is_retryable() => {
                    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
                    Instant::now() + asked.unwrap_or(RETRY_INTERVAL)
                }
                // A server that does not hold questions, or not for so long, is asked the plain way.
                Err(Error::Refused(refusal)) if refusal.status == 400 && hold.is_some() => {
                    hold = None;
                    continue;
                }
                Err(error @ Error::Auth(_)) => return Err(error),
                Err(error) => return Err(unverified(pending, error)),
            };
            if next >= give_up {
                sleep_until(give_up).await;
                return Err(too_late());
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = news => {}
            }
        }
    }

    /// An approval as the server describes it; with `wait`, the answer is held back until it is decided or the time is over.
    pub async fn find_approval(
        &self,
        id: &str,
        wait: Option<Duration>,
    ) -> Result<Map<String, Value>, Error> {
        let path = format!("/approvals/{}", encode(id));
        let call = match wait {
            Some(wait) => Call::get(format!("{path}?wait={}", wait.as_secs()))
                .timeout(wait + self.config().timeout),
            None => Call::get(path),
        };
        self.http().fetch(call).await
    }

    /// Asks the server whether an approval covers an action; the answer has `valid`, and `reason` or `certificate`. A valid answer is
    /// given once. The action is scrubbed as it was when it was asked about.
    pub async fn verify_approval(
        &self,
        id: &str,
        mut action_context: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        privacy::scrub_context(&mut action_context, &self.config().privacy)?;
        self.verify_scrubbed(id, action_context).await
    }

    async fn verify_scrubbed(
        &self,
        id: &str,
        action_context: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        self.ensure_open()?;
        let body = to_body(&VerifyApproval { action_context })?;
        self.http().fetch(Call::post(format!("/approvals/{}/verify", encode(id)), body)).await
    }

    /// Verifies the approval of a waiting action on the server and here.
    async fn confirm(&self, pending: &PendingApproval) -> Result<Allowed, Error> {
        // The keys come first: a verdict is given once, and must not be lost because the keys cannot be had afterwards.
        let has_keys = retry(|| self.key_ring().has_keys(self.http())).await;
        let has_keys = has_keys.map_err(|error| unverified(pending, error))?;
        let verdict = self.verify_with_retry(pending).await?;
        let mismatch = |reason: &str| Error::CertificateMismatch {
            approval_id: pending.id.clone(),
            reason: reason.to_owned(),
        };
        match verdict.get("valid").and_then(Value::as_bool) {
            Some(true) => {}
            Some(false) => {
                let reason = verdict.get("reason").and_then(Value::as_str);
                return Err(mismatch(reason.unwrap_or("certificate_tampered")));
            }
            None => {
                let cause = Error::Network("the verdict has no `valid`".to_owned());
                return Err(unverified(pending, cause));
            }
        }
        let certificate = verdict.get("certificate").and_then(Value::as_object);
        let text = |name| certificate.and_then(|certificate| certificate.get(name)?.as_str());
        let context = Value::Object(pending.action_context.clone());
        let digest = ActionDigest::of_context(&context).to_string();
        if text("actionDigest").is_some_and(|signed| signed != digest) {
            return Err(mismatch("action_context_mismatch"));
        }
        if text("approvalId").is_some_and(|signed| signed != pending.id) {
            return Err(mismatch("certificate_tampered"));
        }
        let signed = certificate.filter(|certificate| certificate.contains_key("signature"));
        match signed {
            Some(certificate) => {
                let genuine = self.key_ring().verify(self.http(), certificate).await;
                let genuine = genuine.map_err(|error| unverified(pending, error))?;
                // The keys sign other things as well.
                let names_both = text("actionDigest").is_some() && text("approvalId").is_some();
                if !genuine || !names_both {
                    return Err(mismatch("certificate_tampered"));
                }
            }
            None if has_keys => return Err(mismatch("certificate_unsigned")),
            None => {}
        }
        self.refuse_paused(&pending.agent_id, &pending.key)?;
        let mut body = Map::new();
        body.insert("allowed".to_owned(), Value::Bool(true));
        body.insert("approvalRequestId".to_owned(), Value::from(pending.id.as_str()));
        body.insert("source".to_owned(), Value::from(Source::Approval.as_str()));
        if let Some(certificate) = certificate {
            body.insert("certificate".to_owned(), Value::Object(certificate.clone()));
        }
        Ok(Allowed { source: Source::Approval, body, bypass: None })
    }

    async fn verify_with_retry(
        &self,
        pending: &PendingApproval,
    ) -> Result<Map<String, Value>, Error> {
        match retry(|| self.verify_scrubbed(&pending.id, pending.action_context.clone())).await {
            Err(Error::Auth(refusal)) if is_paused(&refusal) => {
                self.states().saw_pause(&pending.key, None);
                self.refuse_paused(&pending.agent_id, &pending.key)?;
                Err(Error::Auth(refusal))
            }
            Err(error @ (Error::Auth(_) | Error::Closed)) => Err(error),
            Err(error) => Err(unverified(pending, error)),
            Ok(verdict) => Ok(verdict),
        }
    }
}

/// Tries a few times what may succeed a little later.
async fn retry<T, F: Future<Output = Result<T, Error>>>(again: impl Fn() -> F) -> Result<T, Error> {
    let mut attempt = 1;
    loop {
        match again().await {
            Err(error) if error.is_retryable() && attempt < VERIFY_ATTEMPTS => {
                sleep(RETRY_INTERVAL * attempt).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// Whether the server refused because the agent may not act.
fn is_paused(refusal: &Refusal) -> bool {
    refusal.code.as_deref() == Some(ErrorCode::AgentPaused.as_str())
}

fn unverified(pending: &PendingApproval, cause: Error) -> Error {
    Error::ApprovalUnverified { approval_id: pending.id.clone(), cause: Box::new(cause) }
}
