//! `execlave agents drill`: does the kill switch work, and how fast?
//!
//! A test agent is registered, paused and resumed; a client of its own, as an application has it, listens meanwhile and is asked whether it
//! would let the agent act. What was measured goes to the audit log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use execlave_api::agents::{Agent, ChangeStatus, DrillRecorded, RecordDrill};
use execlave_api::paths;
use execlave_client::{Client, Knowledge, Observer, RejectedTrace};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Notify;

use crate::failure::Failure;
use crate::output::Output;
use crate::remote::{Connection, Remote, segment};

/// How often the client asks for the status if nothing is told.
const POLL: Duration = Duration::from_secs(1);

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The drill's result is kept in the audit log, under the test agent's name
#[derive(Args, Debug)]
pub(super) struct Drill {
    /// The external id of the test agent; it is registered if it is not there
    #[arg(long, value_name = "ID", default_value = "execlave-drill")]
    agent: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// What is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    agent_id: String,
    pause_ms: f64,
    resume_ms: f64,
    audit_index: i64,
}

/// Rings when the status of the test agent changes.
#[derive(Debug, Default)]
struct Heard(Notify);

impl Observer for Heard {
    fn traces_rejected(&self, _: &[RejectedTrace]) {}
    fn traces_lost(&self, _: usize, _: &str) {}
    fn agent_status_changed(&self, _: &str, _: &str, _: Option<&str>) {
        self.0.notify_one();
    }
}

impl Drill {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let Self { agent, remote, output } = self;
        let heard = Arc::new(Heard::default());
        let mut config = remote.config()?;
        config.poll_interval = Some(POLL);
        let observer: Arc<dyn Observer> = heard.clone();
        let client = Client::with_observer(config, observer, Knowledge::default());
        let client = client.map_err(Failure::usage)?;
        let server = remote.connect()?;
        let registration =
            json!({ "agentId": agent, "name": "Kill switch drill", "tags": ["drill"] });
        let registered: Agent = server.post(paths::AGENTS, &registration).await?;
        let path = format!("{}/{}", paths::AGENTS, segment(&registered.id));
        let registration = json!({ "agentId": agent, "name": "Kill switch drill" });
        let registration = serde_json::from_value(registration).expect("it is a registration");
        client.register_agent(&registration).await.map_err(Failure::unreachable)?;
        // An earlier drill may have been interrupted.
        let _: Agent = server.patch(&format!("{path}/resume"), &reason()).await?;
        wait(&client, &heard, &agent, false).await?;
        let pause_ms = change(&server, &path, "pause", &client, &heard, &agent).await?;
        let resume_ms = change(&server, &path, "resume", &client, &heard, &agent).await?;
        let drill = RecordDrill { pause_ms, resume_ms };
        let recorded: DrillRecorded = server.post(&format!("{path}/drills"), &drill).await?;
        let DrillRecorded { audit_index } = recorded;
        let report = Report { agent_id: agent, pause_ms, resume_ms, audit_index };
        let said = format!(
            "{} was refused {pause_ms:.1} ms after the request to pause it, and allowed {resume_ms:.1} ms after the request to resume it\n\
            recorded as entry {audit_index} of the audit log",
            report.agent_id
        );
        output.done(&report, &said);
        Ok(())
    }
}

fn reason() -> ChangeStatus {
    ChangeStatus { reason: Some("kill switch drill".to_owned()) }
}

/// Pauses or resumes, and gives back the milliseconds until the client knew.
async fn change(
    server: &Connection,
    path: &str,
    verb: &str,
    client: &Client,
    heard: &Heard,
    agent: &str,
) -> Result<f64, Failure> {
    let asked = Instant::now();
    let known = wait(client, heard, agent, verb == "pause");
    let told = async {
        let _: Agent = server.patch(&format!("{path}/{verb}"), &reason()).await?;
        Ok::<(), Failure>(())
    };
    let (known, ()) = tokio::try_join!(known, told)?;
    Ok(known.duration_since(asked).as_secs_f64() * 1_000.0)
}

/// Waits until the client would refuse the agent, or would not; the moment.
async fn wait(
    client: &Client,
    heard: &Heard,
    agent: &str,
    paused: bool,
) -> Result<Instant, Failure> {
    let holds = async {
        while client.ensure_not_paused(agent, None).is_err() != paused {
            heard.0.notified().await;
        }
        Instant::now()
    };
    tokio::time::timeout(PATIENCE, holds).await.map_err(|_| {
        let wanted = if paused { "paused" } else { "resumed" };
        Failure::refused(format!("the client did not learn within {} s that `{agent}` was {wanted}", PATIENCE.as_secs()))
            .hint("look at the server's log, and at what stands between: the control channel needs WebSockets, polling only HTTP")
    })
}
