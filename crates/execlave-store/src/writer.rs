//! The writer: group commit for the hot paths. One task takes whatever waits (decisions, approvals, traces, reservations), writes it in
//! one transaction and wakes the callers once it has committed: every answer still waits for durability, but a thousand answers share
//! one commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::approvals::{self, Approval, NewApproval};
use crate::changes::Change;
use crate::db::query::{Query, params};
use crate::db::{Db, Tx};
use crate::decisions::DecisionRecord;
use crate::error::WithNoun as _;
use crate::spend::{self, Reserve, settle};
use crate::traces::Trace;
use crate::usage::month_of;
use crate::{StoreError, spend::Charged};

/// How many rows may wait. Beyond that the caller is told to come back, instead of the process running out of memory.
const MAX_WAITING_ROWS: usize = 10_000;

/// How many jobs share a transaction at most.
const MAX_JOBS: usize = 1_000;

/// The callers' end.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
}

struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
    /// Held until the job is done.
    _room: OwnedSemaphorePermit,
}

enum Work {
    Decision(Box<DecisionRecord>),
    Approval(Box<(NewApproval, DecisionRecord)>),
    Traces(Vec<Trace>),
    Reserve(Reserve),
}

#[derive(Debug)]
enum Answer {
    Done,
    Approval(Box<Approval>),
    Exceeded(Vec<usize>),
}

impl Writer {
    pub(crate) fn start(
        db: Db,
        listeners: broadcast::Sender<Change>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        tasks.spawn(run(db, listeners, queue, stop));
        Self { jobs, room: Arc::new(Semaphore::new(MAX_WAITING_ROWS)) }
    }

    pub(crate) async fn decision(&self, decision: DecisionRecord) -> Result<(), StoreError> {
        self.submit(Work::Decision(Box::new(decision)), 1).await.map(drop)
    }

    pub(crate) async fn approval(
        &self,
        new: NewApproval,
        decision: DecisionRecord,
    ) -> Result<Approval, StoreError> {
        match self.submit(Work::Approval(Box::new((new, decision))), 2).await? {
            Answer::Approval(approval) => Ok(*approval),
            Answer::Done | Answer::Exceeded(_) => Err(lost()),
        }
    }

    pub(crate) async fn traces(&self, traces: Vec<Trace>) -> Result<(), StoreError> {
        let rows = traces.len();
        self.submit(Work::Traces(traces), rows).await.map(drop)
    }

    pub(crate) async fn reserve(&self, reserve: Reserve) -> Result<Vec<usize>, StoreError> {
        match self.submit(Work::Reserve(reserve), 1).await? {
            Answer::Exceeded(indexes) => Ok(indexes),
            Answer::Done | Answer::Approval(_) => Err(lost()),
        }
    }

    /// How many rows wait to be written or are being written.
    pub(crate) fn waiting(&self) -> usize {
        MAX_WAITING_ROWS.saturating_sub(self.room.available_permits())
    }

    async fn submit(&self, work: Work, rows: usize) -> Result<Answer, StoreError> {
        let rows = u32::try_from(rows.clamp(1, MAX_WAITING_ROWS)).unwrap_or(1);
        let room = Arc::clone(&self.room).try_acquire_many_owned(rows);
        let room = room.map_err(|_| {
            StoreError::Unavailable(
                "too much is waiting to be written, try again shortly".to_owned(),
            )
        })?;
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job { work, reply, _room: room }).map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("store is closed".to_owned())
}

/// Takes what waits until told to stop, then what is left.
async fn run(
    db: Db,
    listeners: broadcast::Sender<Change>,
    mut queue: mpsc::UnboundedReceiver<Job>,
    stop: CancellationToken,
) {
    let mut closing = false;
    loop {
        let mut jobs = Vec::new();
        tokio::select! {
            biased;
            () = stop.cancelled(), if !closing => {
                closing = true;
                queue.close();
            }
            taken = queue.recv_many(&mut jobs, MAX_JOBS) => {
                if taken == 0 {
                    return;
                }
                write(&db, &listeners, jobs).await;
            }
        }
    }
}

/// Writes jobs and answers them. A batch that fails is halved until the job that made it fail is alone, so that it fails alone.
async fn write(db: &Db, listeners: &broadcast::Sender<Change>, jobs: Vec<Job>) {
    let mut batches = vec![jobs];
    while let Some(mut batch) = batches.pop() {
        match commit(db, listeners, &batch).await {
            Ok(answers) => {
                for (job, answer) in batch.into_iter().zip(answers) {
                    // A caller that has gone away does not need its answer.
                    let _ = job.reply.send(Ok(answer));
                }
            }
            Err(StoreError::Unavailable(why)) => {
                // Whether the transaction was committed may be unknown here, so nothing is written a second time.
                for job in batch {
                    let _ = job.reply.send(Err(StoreError::Unavailable(why.clone())));
                }
            }
            Err(error) if batch.len() < 2 => {
                if let Some(job) = batch.pop() {
                    let _ = job.reply.send(Err(error));
                }
            }
            Err(error) => {
                tracing::debug!(%error, jobs = batch.len(), "a batch failed and is divided");
                let second = batch.split_off(batch.len() / 2);
                batches.push(second);
                batches.push(batch);
            }
        }
    }
}

/// Commits a batch; on PostgreSQL again if another node's transaction got in its way.
async fn commit(
    db: &Db,
    listeners: &broadcast::Sender<Change>,
    batch: &[Job],
) -> Result<Vec<Answer>, StoreError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut tx = db.begin(listeners).await?;
        match apply(&mut tx, batch).await {
            Ok(answers) => {
                tx.commit().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
                return Ok(answers);
            }
            Err(error) if error.is_transient() && attempts < 4 => {}
            Err(error) => return Err(error),
        }
    }
}

/// The rows of a batch. The order of the steps is the same on every node, so that two of them seldom wait for each other: first
/// what may wait for an organisation's audit chain, then budgets, then what only inserts.
async fn apply(tx: &mut Tx, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
    let mut answers: Vec<Answer> = batch.iter().map(|_| Answer::Done).collect();
    let mut decisions = Vec::new();
    let mut waiting = Vec::new();
    let mut traces = Vec::new();
    for (job, answer) in batch.iter().zip(&mut answers) {
        match &job.work {
            Work::Decision(decision) => decisions.push(&**decision),
            Work::Approval(request) => {
                let (new, decision) = &**request;
                let approval = approvals::find_or_insert(tx, new, decision).await?;
                waiting.push(DecisionRecord { approval_id: Some(approval.id), ..decision.clone() });
                *answer = Answer::Approval(Box::new(approval));
            }
            Work::Traces(rows) => traces.extend(rows),
            Work::Reserve(_) => {}
        }
    }
    write_spend(tx, batch, &mut answers, &traces).await?;
    decisions.extend(&waiting);
    tx.insert_all(&decisions).await.noun("decision")?;
    tx.insert_all(&traces).await.noun("trace")?;
    count_traces(tx, &traces).await?;
    Ok(answers)
}

async fn write_spend(
    tx: &mut Tx,
    batch: &[Job],
    answers: &mut [Answer],
    traces: &[&Trace],
) -> Result<(), StoreError> {
    let changes = settle::Changes::of_traces(tx, traces).await?;
    let mut rows: BTreeSet<(execlave_core::ids::OrgId, Charged)> = changes.rows().collect();
    let reserves = || {
        batch.iter().enumerate().filter_map(|(index, job)| {
            if let Work::Reserve(reserve) = &job.work { Some((index, reserve)) } else { None }
        })
    };
    for (_, reserve) in reserves() {
        rows.extend(reserve.rows().into_keys().map(|row| (reserve.org, row)));
    }
    settle::lock_rows(tx, &rows).await?;
    for (index, reserve) in reserves() {
        answers[index] = Answer::Exceeded(spend::reserve(tx, reserve).await?);
    }
    changes.write(tx).await
}

/// Adds to the counters that plan limits are compared with.
async fn count_traces(tx: &mut Tx, traces: &[&Trace]) -> Result<(), StoreError> {
    const ADD: &str = "
        INSERT INTO trace_months (org_id, month, traces) VALUES ($1, $2, $3)
        ON CONFLICT (org_id, month) DO UPDATE SET traces = trace_months.traces + excluded.traces";
    let mut counts = std::collections::BTreeMap::new();
    for trace in traces {
        *counts.entry((trace.org_id, month_of(trace.received_at))).or_insert(0_i64) += 1;
    }
    for ((org, month), count) in counts {
        tx.execute(Query::new(ADD, params![org, month, count])).await?;
    }
    Ok(())
}
