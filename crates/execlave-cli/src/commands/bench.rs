//! `execlave bench`: what this machine can do.
//!
//! Every figure stands beside a floor measured in the same run, because a machine's speed says little and a ratio says much: decisions
//! beside the same web framework answering a constant, detectors beside counting bytes. The real server answers, over loopback, on a
//! fresh store that is removed afterwards.

mod floor;
mod load;
mod pause;
mod scan;
mod subject;
mod text;

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use load::{Load, Measured};
use subject::Subject;

const EXAMPLES: &str = "\
Examples:
  execlave bench
  execlave bench --seconds 10 --json
  execlave bench --database-url postgres://execlave@localhost/empty

Decisions: 20 policies (injection, personal data, secrets, tools, external calls, five expressions, a budget), 1 KB of input, recorded
before the answer. Ingest: batches of 100 traces of 1 KB, stored before the answer. Pauses: clients that listen on the control channel;
with PostgreSQL also through a second server. The load comes from the same machine.";

/// Traces in one request.
const BATCH: usize = 100;

/// Measure this machine: decisions and traces a second, megabytes scanned a second, how soon a pause is known
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Bench {
    /// How long each measurement takes
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections that ask at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    connections: u16,
    /// Clients that listen while an agent is paused and resumed
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    clients: u16,
    /// An empty PostgreSQL database instead of SQLite
    #[arg(long, value_name = "URL", env = "EXECLAVE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    #[command(flatten)]
    output: Output,
}

/// One line of the answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    what: &'static str,
    /// How much, in [`Line::unit`].
    value: f64,
    unit: &'static str,
    /// Latency of half of the requests, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_ms: Option<f64>,
    /// Latency of 99 in 100 requests, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_ms: Option<f64>,
    /// The share of the floor that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    of_floor: Option<f64>,
}

impl Bench {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let mut subject = Subject::start(self.database_url.clone()).await?;
        let measured = self.measure(&mut subject).await;
        subject.stop().await?;
        let lines = measured?;
        self.output.list(["measured", "value", "p50", "p99", "of floor"], &lines, |line| {
            let ms = |value: Option<f64>| value.map(|ms| format!("{ms:.2} ms")).unwrap_or_default();
            [
                line.what.to_owned(),
                format!("{:.0} {}", line.value, line.unit),
                ms(line.p50_ms),
                ms(line.p99_ms),
                line.of_floor.map(|ratio| format!("{:.0} %", ratio * 100.0)).unwrap_or_default(),
            ]
        });
        Ok(())
    }

    async fn measure(&self, subject: &mut Subject) -> Result<Vec<Line>, Failure> {
        let floor = floor::start().await?;
        let load = Load {
            connections: self.connections.into(),
            duration: Duration::from_secs(self.seconds),
            rate: None,
        };
        let constant = load.run(floor.address, &subject.enforce()).await?;
        let decisions = load.run(subject.address, &subject.enforce()).await?;
        let half = Load { rate: Some(decisions.rate() / 2.0), ..load };
        let at_half = half.run(subject.address, &subject.enforce()).await?;
        let batches = Load { connections: 4, ..load };
        let ingested = batches.run(subject.address, &subject.ingest(BATCH)).await?;
        let mut lines = vec![
            requests("constant answers (floor)", &constant, None),
            requests("decisions", &decisions, Some(decisions.rate() / constant.rate())),
            requests("decisions at half load", &at_half, None),
        ];
        #[expect(clippy::cast_precision_loss, reason = "a batch is a hundred")]
        let traces = ingested.rate() * BATCH as f64;
        lines.push(Line {
            value: traces,
            unit: "traces/s",
            ..requests("traces in batches of 100", &ingested, None)
        });
        lines.extend(scan::measure(Duration::from_secs(self.seconds)));
        lines.extend(self.measure_pauses(subject).await?);
        Ok(lines)
    }

    async fn measure_pauses(&self, subject: &mut Subject) -> Result<Vec<Line>, Failure> {
        let clients = usize::from(self.clients);
        let line = |what, measured: &Measured| Line {
            value: f64::from(self.clients),
            unit: "clients",
            ..requests(what, measured, None)
        };
        let floor = pause::bare_socket().await?;
        let told = pause::measure(subject, subject.address, clients).await?;
        let mut lines = vec![
            Line { unit: "trips/s", ..requests("bare socket (floor)", &floor, None) },
            line("pause until a client knows", &told),
        ];
        if let Some(second) = subject.second_server().await? {
            let told = pause::measure(subject, second, clients).await?;
            lines.push(line("pause through a second server", &told));
        }
        Ok(lines)
    }
}

fn requests(what: &'static str, measured: &Measured, of_floor: Option<f64>) -> Line {
    Line {
        what,
        value: measured.rate(),
        unit: "requests/s",
        p50_ms: Some(measured.percentile(0.50)),
        p99_ms: Some(measured.percentile(0.99)),
        of_floor,
    }
}
