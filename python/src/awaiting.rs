//! How Python waits for the native client: by holding still, or by awaiting.
//!
//! An awaited call runs on the runtime like any other, and completes a future of the caller's event loop. It takes no thread of its own,
//! and cancelling the Python future drops the Rust one.

use execlave_client::Error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;

use crate::{error, runtime};

/// Ends the work that nobody awaits any more.
#[pyclass(frozen)]
struct Canceller(AbortHandle);

#[pymethods]
impl Canceller {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0("cancelled")?.is_truthy()? {
            self.0.abort();
        }
        Ok(())
    }
}

/// Makes what Python gets out of what a call brought.
type Convert<T> = fn(Python<'_>, T) -> PyResult<Py<PyAny>>;
/// Makes the exception for a failure.
type Fail = fn(Python<'_>, &Error) -> PyErr;

/// Runs a call: waits for it, or returns an `asyncio` future of its result.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    awaitable: bool,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: Convert<T>,
) -> PyResult<Bound<'_, PyAny>> {
    run_with(py, awaitable, call, convert, error::to_python)
}

/// The same, with exceptions of its own.
pub(crate) fn run_with<T: Send + 'static>(
    py: Python<'_>,
    awaitable: bool,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: Convert<T>,
    fail: Fail,
) -> PyResult<Bound<'_, PyAny>> {
    if awaitable {
        return begin(py, call, convert, fail);
    }
    let done = runtime::wait(py, call)?.map_err(|failure| fail(py, &failure))?;
    Ok(convert(py, done)?.into_bound(py))
}

/// Hands over what is there already: as it is, or as an `asyncio` future that is complete.
pub(crate) fn done(
    py: Python<'_>,
    awaitable: bool,
    value: Py<PyAny>,
) -> PyResult<Bound<'_, PyAny>> {
    if !awaitable {
        return Ok(value.into_bound(py));
    }
    let future = running_loop(py)?.call_method0("create_future")?;
    future.call_method1("set_result", (value,))?;
    Ok(future)
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING_LOOP
        .import(py, "asyncio", "get_running_loop")?
        .call0()
        .map_err(|_| error::no_event_loop())
}

fn begin<T: Send + 'static>(
    py: Python<'_>,
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: Convert<T>,
    fail: Fail,
) -> PyResult<Bound<'_, PyAny>> {
    let event_loop = running_loop(py)?;
    let future = event_loop.call_method0("create_future")?;
    let runtime::Engine { handle, tasks, .. } = runtime::shared(py)?;
    let (kept_loop, kept_future) = (event_loop.unbind(), future.clone().unbind());
    let task = tasks.spawn_on(
        async move {
            let done = call.await;
            // `None` while the interpreter goes away: nobody awaits anything then.
            Python::try_attach(|py| {
                let done = done.map_err(|failure| fail(py, &failure));
                let done = done.and_then(|value| convert(py, value));
                if let Err(failure) = settle(py, &kept_loop, &kept_future, done) {
                    failure.write_unraisable(py, None);
                }
                // Dropped here, where the interpreter's lock is held.
                drop((kept_loop, kept_future));
            });
        },
        &handle,
    );
    future.call_method1("add_done_callback", (Canceller(task.abort_handle()),))?;
    Ok(future)
}

/// Hands the result to the loop, which may have been closed meanwhile.
fn settle(
    py: Python<'_>,
    event_loop: &Py<PyAny>,
    future: &Py<PyAny>,
    done: PyResult<Py<PyAny>>,
) -> PyResult<()> {
    static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if event_loop.call_method0(py, "is_closed")?.is_truthy(py)? {
        return Ok(());
    }
    let settle = SETTLE.import(py, "execlave._async", "settle")?;
    let (value, failure) = match done {
        Ok(value) => (value, py.None()),
        Err(failure) => (py.None(), failure.into_value(py).into_any()),
    };
    let arguments = (settle, future.clone_ref(py), value, failure);
    let handed = event_loop.call_method1(py, "call_soon_threadsafe", arguments);
    match handed {
        // Closed between the question and the call.
        Err(failure) if failure.is_instance_of::<pyo3::exceptions::PyRuntimeError>(py) => Ok(()),
        other => other.map(drop),
    }
}
