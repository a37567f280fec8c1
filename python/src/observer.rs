//! Tells Python what happens in the background.
//!
//! Each message runs on a thread of its own, for two reasons: the callback is a user's code and may take its time, and it may call back
//! into the client, which a thread of the runtime could not wait for.

use std::fmt;

use execlave_client::{Observer, RejectedTrace};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// An object with the methods `traces_rejected`, `traces_lost` and `agent_status_changed`.
pub(crate) struct PythonObserver {
    target: Py<PyAny>,
    handle: Handle,
    tasks: TaskTracker,
}

impl PythonObserver {
    pub(crate) fn new(target: Py<PyAny>, handle: Handle, tasks: TaskTracker) -> Self {
        Self { target, handle, tasks }
    }

    /// Calls a method of the target, unless the interpreter is going away.
    fn tell<F>(&self, method: &'static str, arguments: F)
    where
        F: FnOnce(Python<'_>) -> PyResult<Vec<Py<PyAny>>> + Send + 'static,
    {
        let target = Python::try_attach(|py| self.target.clone_ref(py));
        let Some(target) = target else { return };
        let call = move || {
            Python::try_attach(|py| {
                let called = arguments(py).and_then(|arguments| {
                    let arguments = pyo3::types::PyTuple::new(py, arguments)?;
                    target.call_method1(py, method, arguments)
                });
                if let Err(error) = called {
                    error.write_unraisable(py, None);
                }
            });
        };
        self.tasks.spawn_blocking_on(call, &self.handle);
    }
}

impl Observer for PythonObserver {
    fn traces_rejected(&self, rejected: &[RejectedTrace]) {
        let rejected = rejected.to_vec();
        self.tell("traces_rejected", move |py| {
            Ok(vec![rejections(py, &rejected)?.into_pyobject(py)?.into_any().unbind()])
        });
    }

    fn traces_lost(&self, count: usize, reason: &str) {
        let reason = reason.to_owned();
        self.tell("traces_lost", move |py| {
            Ok(vec![
                count.into_pyobject(py)?.into_any().unbind(),
                reason.into_pyobject(py)?.into_any().unbind(),
            ])
        });
    }

    fn agent_status_changed(&self, agent_id: &str, status: &str, reason: Option<&str>) {
        let (agent_id, status) = (agent_id.to_owned(), status.to_owned());
        let reason = reason.map(str::to_owned);
        self.tell("agent_status_changed", move |py| {
            Ok(vec![
                agent_id.into_pyobject(py)?.into_any().unbind(),
                status.into_pyobject(py)?.into_any().unbind(),
                reason.into_pyobject(py)?.into_any().unbind(),
            ])
        });
    }
}

impl fmt::Debug for PythonObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PythonObserver")
    }
}

/// Refused traces as the dicts of `flush()["rejected"]`.
pub(crate) fn rejections<'py>(
    py: Python<'py>,
    rejected: &[RejectedTrace],
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    rejected
        .iter()
        .map(|trace| {
            let dict = PyDict::new(py);
            dict.set_item("traceId", &trace.trace_id)?;
            dict.set_item("code", &trace.code)?;
            dict.set_item("message", &trace.message)?;
            Ok(dict)
        })
        .collect()
}
