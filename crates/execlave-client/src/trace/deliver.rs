//! One batch on its way: where it goes, how often it is tried, and what the answer says about each trace.

use std::time::Duration;

use execlave_api::paths;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::batch::Batch;
use super::flush::{Pipeline, RejectedTrace};
use super::stamp::{is_doubted, stamp};
use super::{otlp, receipt};
use crate::clock;
use crate::config::{BaseUrl, Config};
use crate::http::{Call, Reply};

/// Pause after the first failed attempt; doubled after the second.
const BACKOFF: Duration = Duration::from_secs(1);
/// A server that wants to be left alone for longer is asked again by a later flush.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A plan that is used up may be changed at any time, and begins anew some time.
const PLAN_PAUSE: Duration = Duration::from_mins(1);

/// Where traces go.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Server,
    /// An OTLP/HTTP collector.
    Collector(BaseUrl),
}

impl Destination {
    /// What tells this destination from every other, the key included: what one key may hand in is not another's.
    pub(super) fn name(&self, config: &Config) -> String {
        let place = match self {
            Self::Server => config.base_url.as_str(),
            Self::Collector(endpoint) => endpoint.as_str(),
        };
        format!("{place}\n{}", config.api_key.expose())
    }
}

/// What became of one batch.
pub(super) enum Outcome {
    Taken {
        sent: usize,
        rejected: Vec<RejectedTrace>,
    },
    /// Nobody took it; a later flush may have more luck, but not before the server wants to be asked.
    Undelivered {
        again: Option<Instant>,
    },
    /// The server is there, and fails: on this batch, or on all.
    Failed(String),
}

impl Pipeline {
    /// Tries to hand a batch in, so many times at most.
    pub(super) async fn deliver(&self, batch: &Batch, attempts: u32) -> Outcome {
        let mut attempt = 1;
        let mut again = batch.was_sent;
        let mut stamped =
            self.config.stamp_identity && matches!(self.destination, Destination::Server);
        loop {
            let json = if stamped {
                stamp(&self.credentials, batch, &self.config.environment).await
            } else {
                batch.json.clone()
            };
            let reply = self.http.send(self.call(batch, &json, again)).await;
            again = true;
            let asked = match &reply {
                Ok(reply) if reply.status == 402 => {
                    tracing::warn!(error = %reply.to_error(), "the plan covers no more traces");
                    let pause = reply.retry_after.unwrap_or_else(|| jittered(PLAN_PAUSE));
                    return Outcome::Undelivered { again: Some(Instant::now() + pause) };
                }
                Ok(reply) if reply.is_success() || is_final(reply.status) => {
                    match self.outcome(batch, reply) {
                        Some(Outcome::Taken { rejected, .. })
                            if stamped && is_doubted(&rejected) =>
                        {
                            // What is stored already is recognised.
                            self.credentials.forget();
                            stamped = false;
                            continue;
                        }
                        Some(outcome) => return outcome,
                        None => None,
                    }
                }
                Ok(reply) => reply.retry_after,
                Err(error) => {
                    tracing::debug!(%error, attempt, "traces not delivered");
                    None
                }
            };
            let pause = asked.unwrap_or_else(|| jittered(BACKOFF * attempt));
            if attempt >= attempts || pause > LONGEST_PAUSE {
                return match reply {
                    Ok(reply) if is_failure(reply.status) => {
                        Outcome::Failed(reply.to_error().to_string())
                    }
                    _ => Outcome::Undelivered { again: asked.map(|wait| Instant::now() + wait) },
                };
            }
            sleep(pause).await;
            attempt += 1;
        }
    }

    fn call(&self, batch: &Batch, json: &str, again: bool) -> Call {
        match &self.destination {
            Destination::Server => {
                let body = format!("{{\"traces\":[{json}]}}").into_bytes();
                Call::post(paths::INGEST, body).compressed().delivery(batch.id, again)
            }
            Destination::Collector(endpoint) => {
                let body = otlp::envelope(&self.config, json).into_bytes();
                Call::post(format!("{endpoint}/v1/traces"), body).elsewhere()
            }
        }
    }

    /// What an answer says that is not asked for again; `None` if it is no answer of such a server.
    fn outcome(&self, batch: &Batch, reply: &Reply) -> Option<Outcome> {
        let body = reply.json();
        if !reply.is_success() {
            let refusal = reply.refusal();
            let code = refusal.code.unwrap_or_else(|| format!("HTTP_{}", refusal.status));
            let named = body.as_ref().map(rejections).unwrap_or_default();
            let rejected = receipt::complete(&batch.trace_ids, 0, named, &code, &refusal.message);
            return Some(Outcome::Taken { sent: 0, rejected });
        }
        if let Destination::Collector(_) = self.destination {
            let mut rejected = otlp::rejections(body.as_ref());
            rejected.truncate(batch.len());
            return Some(Outcome::Taken { sent: batch.len() - rejected.len(), rejected });
        }
        let body = body?;
        let accepted = body.get("accepted").and_then(Value::as_u64)?;
        let accepted = usize::try_from(accepted).unwrap_or(usize::MAX);
        Some(receipt::read(&batch.trace_ids, accepted, rejections(&body)))
    }
}

/// Whether asking again is useless.
pub(crate) fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && !matches!(status, 408 | 429)
}

/// Whether the server was there and could not do what it was asked, unlike one that is away, overloaded, or behind a gateway that says so.
pub(crate) fn is_failure(status: u16) -> bool {
    status >= 500 && !matches!(status, 502..=504)
}

/// From three quarters to five quarters of a pause, so that clients that failed together do not come back together.
pub(crate) fn jittered(pause: Duration) -> Duration {
    let quarter = pause / 4;
    let random = u32::try_from(clock::random() % 1_000).unwrap_or(0);
    quarter * 3 + quarter * 2 * random / 1_000
}

fn rejections(body: &Value) -> Vec<RejectedTrace> {
    let text = |error: &Value, names: [&str; 2]| {
        let found = names.iter().find_map(|name| error.get(*name)).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let errors = body.get("errors").and_then(Value::as_array);
    errors
        .into_iter()
        .flatten()
        .map(|error| RejectedTrace {
            trace_id: text(error, ["traceId", "trace_id"]),
            code: text(error, ["code", "code"]),
            message: text(error, ["error", "message"]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_about_as_long_as_it_should_be() {
        let pauses: Vec<Duration> = (0..200).map(|_| jittered(Duration::from_secs(4))).collect();
        assert!(pauses.iter().all(|pause| (3.0..=5.0).contains(&pause.as_secs_f64())));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
