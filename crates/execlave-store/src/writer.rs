//! The writer: group commit for the hot paths. One task takes whatever waits (decisions, approvals, traces, reservations, signed requests), writes it in
//! one transaction and wakes the callers once it has committed: every answer still waits for durability, but a thousand answers share
//! one commit.

use std::collections::BTreeSet;
use std::sync::Arc;

use execlave_core::ids::OrgId;
use execlave_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::StoreError;
use crate::approvals::{self, Approval, NewApproval};
use crate::changes::Change;
use crate::db::query::{Query, params};
use crate::db::{Db, Held, Tx};
use crate::decisions::DecisionRecord;
use crate::error::WithNoun as _;
use crate::incidents::{self, Incident};
use crate::seen_requests::{self, SeenRequest};
use crate::spend::{self, Charged, settle};
use crate::state::ledger::Ledger;
use crate::state::rows::Reader;
use crate::state::{Decide, Decided, Settled, StateAnswers};
use crate::traces::{NewTrace, Trace, without_stored};
use crate::usage::month_of;
use crate::webhooks::Findings;

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
    room: OwnedSemaphorePermit,
}

impl Job {
    /// Tells the caller. Its room is free first, so that whoever has an answer is not counted as waiting.
    fn answer(self, answer: Result<Answer, StoreError>) {
        drop(self.room);
        // A caller that has gone away does not need its answer.
        let _ = self.reply.send(answer);
    }
}

enum Work {
    Decision(Box<DecisionRecord>),
    Approval(Box<(NewApproval, DecisionRecord)>),
    Traces(Vec<NewTrace>),
    Decide(Box<Decide>),
    Seen(Box<SeenRequest>),
}

#[derive(Debug)]
enum Answer {
    Done,
    Approval(Box<Approval>),
    Decided(Box<Decided>),
    Seen(Option<Timestamp>),
}

impl Writer {
    /// Starts the writer on a thread of its own. As a task among the others it would wait for a turn after every statement, behind
    /// requests that are being decided; everybody waits for the writer, so it is the last that should.
    pub(crate) fn start(
        db: Db,
        listeners: broadcast::Sender<Change>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::unbounded_channel();
        let runtime = Handle::current();
        let running = tasks.token();
        std::thread::Builder::new()
            .name("execlave-writer".to_owned())
            .spawn(move || {
                runtime.block_on(run(db, listeners, queue, stop));
                drop(running);
            })
            .map_err(|error| StoreError::Open(format!("cannot start the writer: {error}")))?;
        Ok(Self { jobs, room: Arc::new(Semaphore::new(MAX_WAITING_ROWS)) })
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
            _ => Err(lost()),
        }
    }

    pub(crate) async fn traces(&self, traces: Vec<NewTrace>) -> Result<(), StoreError> {
        let rows = traces.len();
        self.submit(Work::Traces(traces), rows).await.map(drop)
    }

    pub(crate) async fn decide(&self, decide: Decide) -> Result<Decided, StoreError> {
        match self.submit(Work::Decide(Box::new(decide)), 3).await? {
            Answer::Decided(decided) => Ok(*decided),
            _ => Err(lost()),
        }
    }

    pub(crate) async fn seen(&self, request: SeenRequest) -> Result<Option<Timestamp>, StoreError> {
        match self.submit(Work::Seen(Box::new(request)), 1).await? {
            Answer::Seen(before) => Ok(before),
            _ => Err(lost()),
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
        self.jobs.send(Job { work, reply, room }).map_err(|_| lost())?;
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
    let mut held = None;
    loop {
        let mut jobs = Vec::new();
        tokio::select! {
            biased;
            () = stop.cancelled(), if !closing => {
                closing = true;
                queue.close();
            }
            () = db.wanted(&held) => held = None,
            taken = queue.recv_many(&mut jobs, MAX_JOBS) => {
                if taken == 0 {
                    return;
                }
                write(&db, &mut held, &listeners, jobs).await;
            }
        }
    }
}

/// Writes jobs and answers them. A batch that fails is halved until the job that made it fail is alone, so that it fails alone.
async fn write(db: &Db, held: &mut Held, listeners: &broadcast::Sender<Change>, jobs: Vec<Job>) {
    let mut batches = vec![jobs];
    while let Some(mut batch) = batches.pop() {
        let committed = commit(db, held, listeners, &batch).await;
        if committed.is_err() {
            // The fault may be the connection's: the pool tests it, and replaces it, before it is used again.
            *held = None;
        }
        match committed {
            Ok(answers) => {
                for (job, answer) in batch.into_iter().zip(answers) {
                    job.answer(Ok(answer));
                }
            }
            Err(StoreError::Unavailable(why)) => {
                // Whether the transaction was committed may be unknown here, so nothing is written a second time.
                for job in batch {
                    job.answer(Err(StoreError::Unavailable(why.clone())));
                }
            }
            Err(error) if batch.len() < 2 => {
                if let Some(job) = batch.pop() {
                    job.answer(Err(error));
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
    held: &mut Held,
    listeners: &broadcast::Sender<Change>,
    batch: &[Job],
) -> Result<Vec<Answer>, StoreError> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut tx = db.begin_on(held, listeners).await?;
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

/// The rows of a batch. The order of the steps is the same on every node, so that two of them seldom wait for each other: first the
/// requests that were seen and the rows of shared state, then what may wait for an organisation's audit chain, then what only inserts.
async fn apply(tx: &mut Tx<'_>, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
    let mut answers: Vec<Answer> = batch.iter().map(|_| Answer::Done).collect();
    let mut traces: Vec<&NewTrace> = Vec::new();
    for job in batch {
        if let Work::Traces(rows) = &job.work {
            traces.extend(rows);
        }
    }
    remember_requests(tx, batch, &mut answers).await?;
    let traces = without_stored(tx, traces).await?;
    let settled = settle_state(tx, batch, &traces).await?;
    let mut decisions = Vec::new();
    let mut waiting = Vec::new();
    let mut requested = Vec::new();
    for (index, job) in batch.iter().enumerate() {
        match &job.work {
            Work::Decision(decision) => decisions.push(&**decision),
            Work::Approval(request) => {
                let (new, decision) = &**request;
                let approval = wait(tx, new, decision, &mut waiting, &mut requested).await?;
                answers[index] = Answer::Approval(Box::new(approval));
            }
            Work::Traces(_) | Work::Decide(_) | Work::Seen(_) => {}
        }
    }
    for (index, state, Settled { decision, approval }) in &settled {
        let approval = if let Some(new) = approval {
            Some(wait(tx, new, decision, &mut waiting, &mut requested).await?)
        } else {
            decisions.push(decision);
            None
        };
        answers[*index] = Answer::Decided(Box::new(Decided { answers: state.clone(), approval }));
    }
    decisions.extend(&waiting);
    tx.insert_all(&decisions).await.noun("decision")?;
    insert_traces(tx, &traces).await?;
    let incidents = traces.iter().flat_map(|new| &new.incidents).collect();
    Findings { decisions, requested, incidents }.tell(tx).await?;
    Ok(answers)
}

async fn remember_requests(
    tx: &mut Tx<'_>,
    batch: &[Job],
    answers: &mut [Answer],
) -> Result<(), StoreError> {
    let seen = batch.iter().enumerate().filter_map(|(index, job)| match &job.work {
        Work::Seen(request) => Some((index, &**request)),
        _ => None,
    });
    let (places, requests): (Vec<usize>, Vec<&SeenRequest>) = seen.unzip();
    let before = seen_requests::remember(tx, &requests).await?;
    for (place, before) in places.into_iter().zip(before) {
        answers[place] = Answer::Seen(before);
    }
    Ok(())
}

async fn insert_traces(tx: &mut Tx<'_>, traces: &[&NewTrace]) -> Result<(), StoreError> {
    let rows: Vec<&Trace> = traces.iter().map(|new| &new.trace).collect();
    tx.insert_all(&rows).await.noun("trace")?;
    count_traces(tx, &rows).await?;
    let incidents: Vec<&Incident> = traces.iter().flat_map(|new| &new.incidents).collect();
    incidents::insert(tx, &incidents).await
}

/// Finds or makes the approval a decision waits for.
async fn wait(
    tx: &mut Tx<'_>,
    new: &NewApproval,
    decision: &DecisionRecord,
    waiting: &mut Vec<DecisionRecord>,
    requested: &mut Vec<Approval>,
) -> Result<Approval, StoreError> {
    let approval = approvals::find_or_insert(tx, new, decision).await?;
    if approval.id == new.id {
        requested.push(approval.clone());
    }
    waiting.push(DecisionRecord { approval_id: Some(approval.id), ..decision.clone() });
    Ok(approval)
}

/// Decides what depends on shared state, one decision after the other, and books what traces have cost. Gives back which job was
/// settled with which answers.
async fn settle_state(
    tx: &mut Tx<'_>,
    batch: &[Job],
    traces: &[&NewTrace],
) -> Result<Vec<(usize, StateAnswers, Settled)>, StoreError> {
    let decides: Vec<(usize, &Decide)> = batch
        .iter()
        .enumerate()
        .filter_map(|(index, job)| match &job.work {
            Work::Decide(decide) => Some((index, &**decide)),
            _ => None,
        })
        .collect();
    let claims: Vec<_> = decides.iter().map(|(_, decide)| &decide.claim).collect();
    let changes = settle::Changes::of_traces(tx, traces).await?;
    let mut rows: BTreeSet<(OrgId, Charged)> = changes.rows().collect();
    for claim in &claims {
        rows.extend(claim.budgets.iter().map(|charge| (claim.org, charge.row())));
    }
    settle::lock_rows(tx, &rows).await?;
    let mut ledger = Ledger::default();
    ledger.load(Reader::Locking(tx), &claims).await?;
    for new in traces {
        ledger.leave(new.trace.org_id, &new.marks, new.trace.received_at);
    }
    let mut settled = Vec::with_capacity(decides.len());
    let mut reservations = Vec::new();
    for (index, decide) in decides {
        let answers = ledger.answer(&decide.claim);
        let made = (decide.settle)(&answers);
        let charged = ledger.admit(&decide.claim, made.decision.outcome);
        if !charged.is_empty() {
            reservations.push(spend::reservation(&decide.claim, charged));
        }
        settled.push((index, answers, made));
    }
    tx.insert_all(&reservations.iter().collect::<Vec<_>>()).await.noun("reservation")?;
    ledger.write(tx).await?;
    changes.write(tx).await?;
    Ok(settled)
}

/// Adds to the counters that plan limits are compared with.
async fn count_traces(tx: &mut Tx<'_>, traces: &[&Trace]) -> Result<(), StoreError> {
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
