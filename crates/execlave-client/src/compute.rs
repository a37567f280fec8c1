//! Where long computations run: never where questions wait for their turn.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The threads for what takes longer to compute. By default there are none, and the runtime's blocking threads do it; a process that forks
/// gives some that it can bring to rest.
#[derive(Clone, Debug, Default)]
pub struct WorkThreads {
    /// For what somebody waits for: large decisions, and policies that arrive.
    pub questions: Option<WorkThread>,
    /// For traces, which may take their time: scrubbing, scanning, compressing, writing to disk.
    pub deliveries: Option<WorkThread>,
}

/// A thread that does one thing after the other. It ends with the last handle.
#[derive(Clone)]
pub struct WorkThread {
    owner: Arc<Owner>,
}

struct Owner {
    jobs: Arc<Jobs>,
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Jobs {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    first: VecDeque<Job>,
    others: VecDeque<Job>,
    is_over: bool,
}

impl WorkThread {
    /// Starts one.
    pub fn start(name: &str) -> io::Result<Self> {
        let jobs = Arc::new(Jobs::default());
        let own = Arc::clone(&jobs);
        std::thread::Builder::new().name(name.to_owned()).spawn(move || own.work())?;
        Ok(Self { owner: Arc::new(Owner { jobs }) })
    }

    /// Does this next, before everything that waits already.
    pub fn do_first(&self, job: impl FnOnce() + Send + 'static) {
        self.owner.jobs.lock().first.push_back(Box::new(job));
        self.owner.jobs.changed.notify_one();
    }

    fn do_in_turn(&self, job: impl FnOnce() + Send + 'static) {
        self.owner.jobs.lock().others.push_back(Box::new(job));
        self.owner.jobs.changed.notify_one();
    }
}

impl fmt::Debug for WorkThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkThread")
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.jobs.lock().is_over = true;
        self.jobs.changed.notify_one();
    }
}

impl Jobs {
    /// Does what comes, until there is nobody left from whom something could come.
    fn work(&self) {
        while let Some(job) = self.next() {
            // Whoever waits for the result learns that there is none; the next one gets theirs.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }

    fn next(&self) -> Option<Job> {
        let mut lines = self.lock();
        loop {
            let next = lines.first.pop_front().or_else(|| lines.others.pop_front());
            if next.is_some() || lines.is_over {
                return next;
            }
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Computes something that takes a while, elsewhere. What nobody waits for any more is not begun. `None` only when it panicked, or the
/// runtime is being shut down.
pub(crate) async fn compute<T: Send + 'static>(
    thread: Option<&WorkThread>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let Some(thread) = thread else { return tokio::task::spawn_blocking(work).await.ok() };
    let (give, take) = oneshot::channel();
    thread.do_in_turn(move || {
        if !give.is_closed() {
            let _ = give.send(work());
        }
    });
    take.await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_thing_after_the_other_what_is_urgent_first_and_a_panic_costs_itself_alone() {
        let thread = WorkThread::start("test").expect("a thread");
        let (let_go, wait) = mpsc::channel::<()>();
        let (note, noted) = mpsc::channel();
        let first = note.clone();
        thread.do_in_turn(move || {
            first.send("under way").expect("somebody who listens");
            let _ = wait.recv();
        });
        assert_eq!(noted.recv(), Ok("under way"));
        for (name, is_urgent) in [("in turn", false), ("urgent", true)] {
            let note = note.clone();
            let job = move || note.send(name).expect("somebody who listens");
            if is_urgent { thread.do_first(job) } else { thread.do_in_turn(job) }
        }
        let_go.send(()).expect("the thread");
        assert_eq!(compute(Some(&thread), || panic!("on purpose")).await, None::<()>);
        assert_eq!(compute(Some(&thread), || 7).await, Some(7));
        assert_eq!(noted.try_iter().collect::<Vec<_>>(), ["urgent", "in turn"]);
    }
}
