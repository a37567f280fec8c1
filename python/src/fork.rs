//! Keeps a fork from happening in the middle of the SDK's own work.
//!
//! A forked process has only the thread that forked. A lock that another thread held at that moment, of the allocator, the TLS library
//! or the interpreter's bindings, stays held in the child for ever. So before a fork every worker of the runtime and every work thread is
//! parked at a known place, where it holds nothing, and goes on afterwards in the parent. The child leaves the runtime alone and builds its own.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::runtime;

/// Who is busy for longer than this is left alone: a fork must not hang because a request or a scan does.
const PATIENCE: Duration = Duration::from_secs(1);

/// The workers that are parked, while a fork is under way.
///
/// INVARIANT: only locked with the GIL held and never across a call that releases it.
static PARKED: Mutex<Option<Parked>> = Mutex::new(None);

struct Parked {
    barrier: Arc<Barrier>,
    /// Threads that are forking at this moment: the last one lets the workers go.
    forks: usize,
}

#[derive(Default)]
struct Barrier {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    parked: usize,
    over: bool,
}

impl Barrier {
    /// Holds the calling thread until the fork is over.
    fn park(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.parked += 1;
        self.changed.notify_all();
        while !state.over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until so many threads are parked, or for as long as there is patience.
    fn wait_for(&self, threads: usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout_while(state, PATIENCE, |state| state.parked < threads));
    }

    fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.changed.notify_all();
    }
}

/// Parks the workers of this process's runtime. Called before every fork.
#[pyfunction]
pub(crate) fn before_fork(py: Python<'_>) {
    let Some(engine) = runtime::running(py) else { return };
    let runtime::Engine { handle, work_threads, .. } = &engine;
    let others = [&work_threads.questions, &work_threads.deliveries].into_iter().flatten();
    let everybody = runtime::WORKERS + others.clone().count();
    let barrier = {
        let mut parked = PARKED.lock().unwrap_or_else(PoisonError::into_inner);
        let parked = parked.get_or_insert_with(|| {
            let barrier = Arc::new(Barrier::default());
            for _ in 0..runtime::WORKERS {
                let barrier = Arc::clone(&barrier);
                handle.spawn(async move { barrier.park() });
            }
            for thread in others {
                let barrier = Arc::clone(&barrier);
                thread.do_first(move || barrier.park());
            }
            Parked { barrier, forks: 0 }
        });
        parked.forks += 1;
        Arc::clone(&parked.barrier)
    };
    // A worker on its way here may need the GIL.
    py.detach(|| barrier.wait_for(everybody));
}

/// Lets the workers go on. Called after a fork in the parent.
#[pyfunction]
pub(crate) fn after_fork_in_parent(_py: Python<'_>) {
    let mut parked = PARKED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(fork) = parked.as_mut() else { return };
    fork.forks -= 1;
    if fork.forks == 0 {
        fork.barrier.end();
        *parked = None;
    }
}

/// Forgets the parent's workers. Called after a fork in the child.
#[pyfunction]
pub(crate) fn after_fork_in_child(_py: Python<'_>) {
    // Not dropped: the parent's threads are inside it.
    std::mem::forget(PARKED.lock().unwrap_or_else(PoisonError::into_inner).take());
}
