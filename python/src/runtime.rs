//! The Tokio runtime that all clients of a process share, and how Python code waits on it.
//!
//! A fork copies the process without the runtime's threads: what is left of the runtime in the child looks alive and never does
//! anything again. So the runtime belongs to a process id, and the child builds its own. The old one is forgotten rather than
//! dropped, since dropping it would wait for threads that do not exist.
//!
//! Beside the workers there are two threads for what takes long to compute, so that no scan of a trace stands between a question and its
//! answer. They are the only others: the runtime's blocking threads cannot be brought to rest before a fork.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use execlave_client::{WorkThread, WorkThreads};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Threads that do the work of all clients.
pub(crate) const WORKERS: usize = 2;
/// How often a wait looks whether Python wants to interrupt it.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
const EXIT_PATIENCE: Duration = Duration::from_secs(10);

/// INVARIANT: only locked with the GIL held and never across a call that releases it, so no thread can hold it at the moment of a
/// fork.
static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

/// Calls that wait at this moment. In a forked child this counts the parent's as well, which does no harm.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// One call that waits.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Shared {
    process: u32,
    runtime: Runtime,
    tasks: TaskTracker,
    work_threads: WorkThreads,
}

/// What a client runs on.
pub(crate) struct Engine {
    pub(crate) handle: Handle,
    pub(crate) tasks: TaskTracker,
    pub(crate) work_threads: WorkThreads,
}

/// This process's threads, which are started if there are none.
pub(crate) fn shared(_py: Python<'_>) -> PyResult<Engine> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stale) = shared.take_if(|shared| shared.process != std::process::id()) {
        std::mem::forget(stale);
    }
    if shared.is_none() {
        let started = Shared::start().map_err(|error| {
            PyRuntimeError::new_err(format!("the background threads cannot be started: {error}"))
        })?;
        *shared = Some(started);
    }
    let shared = shared.as_ref().ok_or_else(|| PyRuntimeError::new_err("no runtime"))?;
    Ok(shared.engine())
}

/// This process's threads, if it has any.
pub(crate) fn running(_py: Python<'_>) -> Option<Engine> {
    let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let own = shared.as_ref().filter(|shared| shared.process == std::process::id());
    own.map(Shared::engine)
}

impl Shared {
    fn start() -> io::Result<Self> {
        let work_threads = WorkThreads {
            questions: Some(WorkThread::start("execlave-ask")?),
            deliveries: Some(WorkThread::start("execlave-send")?),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("execlave")
            .enable_all()
            .build()?;
        let tasks = TaskTracker::new();
        Ok(Self { process: std::process::id(), runtime, tasks, work_threads })
    }

    fn engine(&self) -> Engine {
        Engine {
            handle: self.runtime.handle().clone(),
            tasks: self.tasks.clone(),
            work_threads: self.work_threads.clone(),
        }
    }
}

/// Waits for a future without holding the GIL, and lets Ctrl-C through: the future is then dropped. It runs on a worker, never on the
/// caller's thread, so that a fork finds it at rest.
pub(crate) fn wait<F>(py: Python<'_>, future: F) -> PyResult<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let handle = shared(py)?.handle;
    let _waiting = Waiting::begin();
    let mut task = AbortOnDropHandle::new(handle.spawn(future));
    loop {
        let done = py.detach(|| {
            handle.block_on(async { tokio::time::timeout(SIGNAL_INTERVAL, &mut task).await })
        });
        match done {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(broken)) => std::panic::resume_unwind(broken.into_panic()),
            Err(_) => py.check_signals()?,
        }
    }
}

/// Ends the runtime: waits for the tasks of clients that were dropped without a shutdown, then joins the threads. The GIL is released
/// meanwhile, since a task may need it to call back.
#[pyfunction]
pub(crate) fn close(py: Python<'_>) {
    let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(shared) = shared else { return };
    if shared.process != std::process::id() {
        std::mem::forget(shared);
        return;
    }
    py.detach(|| {
        shared.tasks.close();
        // Running out of patience is fine: the process ends.
        let _ = shared
            .runtime
            .block_on(async { tokio::time::timeout(EXIT_PATIENCE, shared.tasks.wait()).await });
        if WAITING.load(Ordering::SeqCst) == 0 {
            shared.runtime.shutdown_timeout(Duration::from_secs(1));
        } else {
            // A daemon thread is still inside a call, and a runtime must not end under it. The process ends, and both with it.
            std::mem::forget(shared.runtime);
        }
    });
}
