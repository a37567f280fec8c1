//! A load: the same request over many kept connections, as fast as they are answered or at a fixed rate.
//!
//! At a fixed rate a latency counts from the moment the request was due, not from when a busy connection got round to it, so that a
//! stall shows in every request that it delayed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;

/// How hard to ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: usize,
    pub(super) duration: Duration,
    /// Requests a second over all connections; none for as many as are answered.
    pub(super) rate: Option<f64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Microseconds, sorted.
    latencies: Vec<u64>,
    elapsed: Duration,
}

impl Measured {
    /// What came of something else than a load; latencies in microseconds.
    pub(super) fn of(mut latencies: Vec<u64>, elapsed: Duration) -> Self {
        latencies.sort_unstable();
        Self { latencies, elapsed }
    }

    /// Answers a second.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    pub(super) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency in milliseconds that this share of the requests did not pass.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is an index, and latencies are far below 2^52 microseconds"
    )]
    pub(super) fn percentile(&self, share: f64) -> f64 {
        let index = (self.latencies.len().saturating_sub(1) as f64 * share).round() as usize;
        self.latencies.get(index).map_or(0.0, |micros| *micros as f64 / 1000.0)
    }
}

impl Load {
    /// Sends the request until the time is over.
    pub(super) async fn run(self, address: SocketAddr, request: &str) -> Result<Measured, Failure> {
        let request: Arc<[u8]> = request.as_bytes().into();
        let started = Instant::now();
        let mut connections = JoinSet::new();
        for number in 0..self.connections {
            connections.spawn(self.converse(number, address, Arc::clone(&request), started));
        }
        let mut measured = Measured::default();
        while let Some(joined) = connections.join_next().await {
            let latencies = joined.map_err(|error| Failure::unreachable(error.to_string()))?;
            measured.latencies.extend(latencies.map_err(|error| {
                Failure::unreachable(format!("a connection to the measured server broke: {error}"))
            })?);
        }
        measured.elapsed = started.elapsed();
        measured.latencies.sort_unstable();
        Ok(measured)
    }

    async fn converse(
        self,
        number: usize,
        address: SocketAddr,
        request: Arc<[u8]>,
        started: Instant,
    ) -> std::io::Result<Vec<u64>> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut buffer = Vec::with_capacity(4096);
        let mut latencies = Vec::new();
        #[expect(clippy::cast_precision_loss, reason = "there are at most 1,024 connections")]
        let interval =
            self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate));
        // Connections start spread over one interval, or they would all ask at once.
        #[expect(clippy::cast_precision_loss, reason = "there are at most 1,024 connections")]
        let offset =
            interval.map(|interval| interval.mul_f64(number as f64 / self.connections as f64));
        let mut due = started + offset.unwrap_or_default();
        while started.elapsed() < self.duration {
            if let Some(interval) = interval {
                sleep_until(due).await;
                exchange(&mut stream, &request, &mut buffer).await?;
                latencies.push(micros(due.elapsed()));
                due += interval;
            } else {
                let asked = Instant::now();
                exchange(&mut stream, &request, &mut buffer).await?;
                latencies.push(micros(asked.elapsed()));
            }
        }
        Ok(latencies)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One request and its answer; anything but a success is an error, because a refused request would make a fast one.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> std::io::Result<()> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(length) = answer_length(buffer)
            && buffer.len() >= length
        {
            break;
        }
    }
    if buffer.get(9) == Some(&b'2') {
        return Ok(());
    }
    Err(std::io::Error::other(String::from_utf8_lossy(buffer).into_owned()))
}

/// Bytes of the whole answer, once its head is there.
fn answer_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(answer.get(..head)?).ok()?;
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + 4 + body.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(answer_length(head), Some(head.len() + 2));
        assert_eq!(answer_length(b"HTTP/1.1 200 OK\r\nContent-Le"), None);
    }

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let measured = Measured {
            latencies: (1..=101).map(|n| n * 1000).collect(),
            elapsed: Duration::from_secs(1),
        };
        assert!((measured.percentile(0.5) - 51.0).abs() < f64::EPSILON);
        assert!((measured.percentile(0.99) - 100.0).abs() < f64::EPSILON);
        assert!((measured.rate() - 101.0).abs() < f64::EPSILON);
    }
}
