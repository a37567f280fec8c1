//! Maps the client's errors to Python's, in one place. The classes are defined in `execlave.exceptions`.

use execlave_client::error::Refusal;
use execlave_client::{Error, ErrorKind};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert;

/// The Python exception for an error of the client.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error, "QuotaExceededError").unwrap_or_else(|failure| failure)
}

/// The same for an error of a question about an action, where an exhausted plan has a class of its own.
pub(crate) fn to_python_enforcing(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error, "PlanLimitExceededError").unwrap_or_else(|failure| failure)
}

/// The exception for an argument that no request can be made of.
pub(crate) fn invalid(py: Python<'_>, path: &str, message: &str) -> PyErr {
    let message = if path.is_empty() { message.to_owned() } else { format!("`{path}`: {message}") };
    match plain(py, "ExeclaveError", &format!("Invalid request: {message}")) {
        Ok(instance) => PyErr::from_value(instance.into_bound(py)),
        Err(failure) => failure,
    }
}

/// The exception for an awaitable call outside of `asyncio`.
pub(crate) fn no_event_loop() -> PyErr {
    PyRuntimeError::new_err(
        "no running event loop: the awaitable calls need asyncio. Under trio and others, run the call that waits in a thread, such as \
         `trio.to_thread.run_sync(exe.ping)`",
    )
}

/// The exception for a question that nobody could look at as a whole.
pub(crate) fn unaskable(py: Python<'_>, path: &str, reason: &str) -> PyErr {
    let (path, reason) = (path.to_owned(), reason.to_owned());
    to_python(py, &Error::Unaskable { path, reason })
}

fn build(py: Python<'_>, error: &Error, plan_limit: &str) -> PyResult<PyErr> {
    let make = |class: &str, arguments: &[(&str, Bound<'_, PyAny>)]| -> PyResult<Py<PyAny>> {
        let kwargs = PyDict::new(py);
        for (name, value) in arguments {
            kwargs.set_item(name, value)?;
        }
        Ok(exceptions(py)?.getattr(class)?.call((), Some(&kwargs))?.unbind())
    };
    let text = |text: &str| PyString::new(py, text).into_any();
    let option = |value: &Option<String>| match value {
        Some(value) => text(value),
        None => py.None().into_bound(py),
    };
    let instance = match error {
        Error::Config(invalid) => return Ok(PyValueError::new_err(invalid.to_string())),
        Error::Blocked { violations, decision_id, .. } => {
            let violations = violations
                .iter()
                .map(|violation| convert::to_python(py, violation))
                .collect::<PyResult<Vec<_>>>()?;
            let make = exceptions(py)?.getattr("policy_blocked_error_from_violations")?;
            let blocked = make.call1((violations,))?;
            blocked.setattr("decision_id", option(decision_id))?;
            blocked.unbind()
        }
        Error::AgentPaused { agent_id, reason, .. } => {
            make("AgentPausedError", &[("agent_id", text(agent_id)), ("reason", option(reason))])?
        }
        Error::Denied { approval_id, reason } => make(
            "PolicyDeniedError",
            &[("approval_request_id", text(approval_id)), ("reason", option(reason))],
        )?,
        Error::ApprovalTimeout { approval_id } => {
            make("ApprovalTimeoutError", &[("approval_request_id", text(approval_id))])?
        }
        Error::CertificateMismatch { approval_id, reason } => make(
            "CertificateMismatchError",
            &[("approval_request_id", text(approval_id)), ("reason", text(reason))],
        )?,
        Error::ApprovalUnverified { approval_id, cause } => {
            let cause = to_python(py, cause).into_value(py).into_bound(py).into_any();
            make(
                "ApprovalVerificationError",
                &[("approval_request_id", text(approval_id)), ("cause", cause)],
            )?
        }
        Error::Unaskable { .. } => {
            plain(py, "MetadataContractError", &capitalised(&error.to_string()))?
        }
        Error::Unavailable { consecutive_failures, last_error } => make(
            "EnforcementUnavailableError",
            &[
                ("consecutive_failures", consecutive_failures.into_pyobject(py)?.into_any()),
                ("last_error", text(last_error)),
            ],
        )?,
        Error::PlanLimit { resource, current, max, refusal } => make(
            plan_limit,
            &[
                ("resource", text(resource)),
                ("current", current.into_pyobject(py)?.into_any()),
                ("max", max.into_pyobject(py)?.into_any()),
                (
                    "message",
                    text(&format!(
                        "Plan limit reached: {resource} ({current}/{max}): {}",
                        refusal.message
                    )),
                ),
            ],
        )?,
        Error::TooLarge(refusal) => plain(py, "QuestionTooLargeError", &request_failed(refusal))?,
        Error::Auth(refusal) => plain(py, "ExeclaveAuthError", &request_failed(refusal))?,
        Error::Refused(refusal) => plain(py, "ExeclaveError", &request_failed(refusal))?,
        other => plain(py, "ExeclaveError", &capitalised(&other.to_string()))?,
    };
    let instance = instance.into_bound(py);
    instance.setattr("retryable", error.is_retryable())?;
    if let Some(source) = error.decided_by() {
        instance.setattr("source", source.as_str())?;
    }
    if let Some(refusal) = error.refusal() {
        attach(&instance, refusal, error.kind())?;
    }
    Ok(PyErr::from_value(instance))
}

fn exceptions(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("execlave.exceptions")
}

fn plain(py: Python<'_>, class: &str, message: &str) -> PyResult<Py<PyAny>> {
    Ok(exceptions(py)?.getattr(class)?.call1((message,))?.unbind())
}

fn request_failed(refusal: &Refusal) -> String {
    format!("API request failed ({}): {}", refusal.status, refusal.message)
}

fn capitalised(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What the server said about itself and the request.
fn attach(instance: &Bound<'_, PyAny>, refusal: &Refusal, kind: ErrorKind) -> PyResult<()> {
    instance.setattr("status_code", refusal.status)?;
    instance.setattr("code", refusal.code.as_deref())?;
    instance.setattr("request_id", refusal.request_id.as_deref())?;
    instance.setattr("retry_after", refusal.retry_after.map(|wait| wait.as_secs_f64()))?;
    // A question that was refused here has no answer.
    if kind != ErrorKind::Auth && (kind != ErrorKind::Decision || !refusal.body.is_empty()) {
        instance.setattr("body", &refusal.body)?;
    }
    Ok(())
}
