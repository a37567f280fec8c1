//! Questions on their way: in turn, and not given up for one broken connection.

use std::time::Duration;

use execlave_api::enforce::QUESTION_BYTES;
use execlave_api::error::ErrorCode;
use execlave_api::paths;
use tokio::time::{Instant, timeout};

use super::{Call, Http, Reply};
use crate::error::{Error, Refusal};

/// A smaller question fits into what the two systems keep of a connection: a server that refuses it gets it all the same.
const LARGE: usize = 16 << 10;
/// The longest that a server that is well needs to say so.
const PING: Duration = Duration::from_secs(5);

impl Http {
    /// Sends a question once it is its turn. Every question under way is a connection, and an application that asks a thousand at once must
    /// not run out of file descriptors, for that would look like an outage. The wait is a part of the deadline.
    pub(crate) async fn send_in_turn(
        &self,
        call: Call,
        deadline: Duration,
    ) -> Result<Reply, Error> {
        let late = |_| Error::Network("too many questions are under way".to_owned());
        let begun = Instant::now();
        let turn = timeout(deadline, self.turns.acquire()).await.map_err(late)?;
        let left = deadline.saturating_sub(begun.elapsed());
        let reply = self.send_twice(call, left).await;
        drop(turn);
        reply
    }

    /// Sends a question, and once more if the connection breaks although the server is well: a connection that was kept may have been
    /// closed on the other side, which is no outage.
    ///
    /// A server, or a proxy before it, that finds a question too large closes the connection while it is still being written, and its answer is
    /// lost with it. So a large question that breaks two connections to a server that is well is taken for answered like that.
    async fn send_twice(&self, call: Call, deadline: Duration) -> Result<Reply, Error> {
        let begun = Instant::now();
        let left = || deadline.saturating_sub(begun.elapsed());
        let bytes = call.body.as_ref().map_or(0, Vec::len);
        let first = self.send(call.clone().timeout(left())).await;
        if !matches!(first, Err(Error::Network(_))) || !self.answers(left()).await {
            return first;
        }
        match self.send(call.timeout(left())).await {
            Err(Error::Network(why)) if bytes > LARGE && self.answers(left()).await => {
                Err(too_large(format!(
                    "a question of {bytes} bytes breaks the connection to a server that answers everything else, so it or a proxy before it takes less: {why}"
                )))
            }
            second => second,
        }
    }

    /// Whether the server answers at all, within this time and a few seconds.
    pub(crate) async fn answers(&self, patience: Duration) -> bool {
        let call = Call::get(paths::HEALTH).unversioned().timeout(patience.min(PING));
        !patience.is_zero() && self.send(call).await.is_ok_and(|reply| reply.status == 200)
    }
}

/// Refuses a question that no server takes, before it is sent.
pub(crate) fn refuse_oversized(body: &[u8]) -> Result<(), Error> {
    let bytes = body.len();
    if bytes <= QUESTION_BYTES {
        return Ok(());
    }
    Err(too_large(format!(
        "the question has {bytes} bytes and a server reads {QUESTION_BYTES} at most: ask about less at a time"
    )))
}

fn too_large(message: String) -> Error {
    let code = Some(ErrorCode::PayloadTooLarge.as_str().to_owned());
    Error::TooLarge(Box::new(Refusal { status: 413, code, message, ..Refusal::default() }))
}
