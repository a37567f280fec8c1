//! One trace under way. Values are converted when they are set: what an application changes afterwards does not change what was
//! recorded, and nothing Python-shaped travels to another thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use execlave_api::traces::{EffectEvidence, TraceStatus};
use execlave_client::trace::{Ending, Trace};
use pyo3::prelude::*;
use serde_json::Value;

use crate::client::NativeClient;
use crate::convert;

/// The trace that `execlave.Trace` wraps. Setters do nothing once it is finished.
#[pyclass(module = "execlave._native", frozen)]
#[derive(Debug)]
pub struct NativeTrace {
    client: Py<NativeClient>,
    trace_id: String,
    agent_id: Option<String>,
    environment: Option<String>,
    /// `None` once finished. Locked only after everything that runs Python code is done.
    trace: Mutex<Option<Trace>>,
}

#[pymethods]
impl NativeTrace {
    #[getter]
    fn trace_id(&self) -> &str {
        &self.trace_id
    }

    #[getter]
    fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref()
    }

    #[getter]
    fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    #[getter]
    fn finished(&self) -> bool {
        self.lock().is_none()
    }

    fn set_input(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = some(convert::to_json(value)?);
        self.change(|trace| trace.body.input = value);
        Ok(())
    }

    fn set_output(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = some(convert::to_json(value)?);
        self.change(|trace| trace.body.output = value);
        Ok(())
    }

    fn set_model(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::to_text(value)?;
        self.change(|trace| trace.body.model_name = Some(value));
        Ok(())
    }

    fn set_session_id(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::to_text(value)?;
        self.change(|trace| trace.body.session_id = Some(value));
        Ok(())
    }

    fn set_user_id(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::to_text(value)?;
        self.change(|trace| trace.body.user_id = Some(value));
        Ok(())
    }

    fn set_parent_trace_id(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::to_text(value)?;
        self.change(|trace| trace.body.parent_trace_id = Some(value));
        Ok(())
    }

    fn set_span_type(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = convert::to_text(value)?;
        self.change(|trace| trace.body.span_type = Some(value));
        Ok(())
    }

    #[pyo3(signature = (prompt, completion))]
    fn set_tokens(&self, prompt: Option<i64>, completion: Option<i64>) {
        self.change(|trace| trace.set_tokens(prompt, completion));
    }

    fn set_cost(&self, usd: f64) {
        self.change(|trace| trace.body.cost_usd = Some(usd));
    }

    fn set_duration(&self, ms: i64) {
        self.change(|trace| trace.body.duration_ms = Some(ms));
    }

    fn add_metadata(&self, more: &Bound<'_, PyAny>) -> PyResult<()> {
        let more = convert::to_map(more)?;
        self.change(|trace| trace.add_metadata(more));
        Ok(())
    }

    fn add_tags(&self, more: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        let more = more.iter().map(convert::to_text).collect::<PyResult<Vec<_>>>()?;
        self.change(|trace| trace.add_tags(more));
        Ok(())
    }

    /// Stops the clock and hands the trace over. Returns whether this call finished it. A status that no trace can have is recorded as
    /// an error that says so.
    #[pyo3(signature = (*, status, error_message, error_type, effect_evidence))]
    fn finish(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        error_message: Option<&Bound<'_, PyAny>>,
        error_type: Option<&Bound<'_, PyAny>>,
        effect_evidence: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let text = |value: Option<&Bound<'_, PyAny>>| value.map(convert::to_text).transpose();
        let mut ending = Ending {
            status: TraceStatus::Error,
            error_message: text(error_message)?,
            error_type: text(error_type)?,
            effect_evidence: effect_evidence.map(evidence).transpose()?,
        };
        let status = convert::to_text(status)?;
        if let Ok(known) = serde_json::from_value(Value::from(status.as_str())) {
            ending.status = known;
        } else {
            ending.error_type.get_or_insert_with(|| "UnknownStatus".to_owned());
            ending.error_message.get_or_insert_with(|| {
                format!("finish() was given the status `{status}`, which no trace can have")
            });
        }
        let client = self.client.get().client(py)?;
        let Some(trace) = self.lock().take() else { return Ok(false) };
        client.record(trace.finish(ending));
        Ok(true)
    }
}

impl NativeTrace {
    pub(crate) fn new(trace: Trace, client: Py<NativeClient>) -> Self {
        Self {
            client,
            trace_id: trace.body.trace_id.clone(),
            agent_id: trace.body.agent_id.clone(),
            environment: trace.body.environment.clone(),
            trace: Mutex::new(Some(trace)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Trace)) {
        if let Some(trace) = &mut *self.lock() {
            change(trace);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trace>> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An unset field is absent on the wire, never `null`.
fn some(value: Value) -> Option<Value> {
    (!value.is_null()).then_some(value)
}

/// The fields of `effect_evidence`, already checked by `execlave.trace`.
fn evidence(fields: &Bound<'_, PyAny>) -> PyResult<EffectEvidence> {
    let mut fields = convert::to_map(fields)?;
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    Ok(EffectEvidence {
        basis: text("basis").unwrap_or_default(),
        acknowledgement_id: text("acknowledgementId"),
        effect_ref: text("effectRef"),
        confirmed_at: text("confirmedAt"),
        detail: text("detail"),
    })
}
