//! The native client: reads settings, waits without the GIL, and follows the process through a fork.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use execlave_api::agents::RegisterAgent;
use execlave_api::enforce::EnforceRequest;
use execlave_api::resolutions::AddResolution;
use execlave_api::tool_baselines::ReportBaseline;
use execlave_client::{
    Allowed, ApiKey, AtOnce, Client, Config, Error, FailMode, FlushReport, Knowledge, Occurrence,
    Privacy, RegisteredAgent,
};
use execlave_core::json;
use execlave_core::redact::{Hash, HashKey};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::observer::{PythonObserver, rejections};
use crate::trace::NativeTrace;
use crate::{awaiting, convert, error, identity, runtime};

/// The client that `execlave.Execlave` wraps.
#[pyclass(module = "execlave._native", frozen)]
#[derive(Debug)]
pub struct NativeClient {
    settings: Config,
    observer: Py<PyAny>,
    /// INVARIANT: only locked with the GIL held and never across a call that releases it, so that a fork cannot leave it locked.
    current: Mutex<Current>,
}

/// The client of one process.
#[derive(Debug)]
struct Current {
    process: u32,
    client: Client,
}

#[pymethods]
impl NativeClient {
    #[new]
    #[pyo3(signature = (*, api_key, base_url, otlp_endpoint, otlp_only, environment, api_version, user_agent, stamp_identity, sign_requests, timeout,
        outage_closed, plan_limit_closed, privacy, hash_key, scan_injections, batch_size, flush_interval, spool_dir, spool_bytes, poll_interval,
        approval_interval, approval_timeout, heartbeat_interval, report_bypasses, local_decisions, bundle_ttl, observer))]
    fn new(
        py: Python<'_>,
        api_key: &str,
        base_url: Option<&str>,
        otlp_endpoint: Option<&str>,
        otlp_only: bool,
        environment: String,
        api_version: Option<String>,
        user_agent: String,
        stamp_identity: bool,
        sign_requests: bool,
        timeout: f64,
        outage_closed: bool,
        plan_limit_closed: bool,
        privacy: (bool, bool, bool, bool, bool, bool, bool),
        hash_key: Option<Vec<u8>>,
        scan_injections: bool,
        batch_size: usize,
        flush_interval: Option<f64>,
        spool_dir: Option<PathBuf>,
        spool_bytes: u64,
        poll_interval: Option<f64>,
        approval_interval: f64,
        approval_timeout: f64,
        heartbeat_interval: f64,
        report_bypasses: bool,
        local_decisions: (bool, bool),
        bundle_ttl: f64,
        observer: Py<PyAny>,
    ) -> PyResult<Self> {
        let mode = |closed| if closed { FailMode::Closed } else { FailMode::Open };
        let (enabled, input, output, metadata, hash, keys, names) = privacy;
        let hashing = hash_key.map_or(Hash::Plain, |key| Hash::Keyed(HashKey::new(key)));
        let mut settings =
            Config::new(ApiKey::new(api_key).map_err(|fault| invalid("api_key", &fault))?);
        if let Some(base_url) = base_url {
            settings.base_url = base_url.parse().map_err(|fault| invalid("base_url", &fault))?;
        }
        settings.otlp_endpoint = otlp_endpoint
            .map(str::parse)
            .transpose()
            .map_err(|fault| invalid("otlp_endpoint", &fault))?;
        settings.otlp_only = otlp_only;
        "python".clone_into(&mut settings.language);
        settings.spool_dir = spool_dir;
        settings.spool_bytes = spool_bytes;
        settings.report_bypasses = report_bypasses;
        settings.environment = environment;
        settings.api_version = api_version;
        settings.user_agent = user_agent;
        settings.stamp_identity = stamp_identity;
        settings.sign_requests = sign_requests;
        settings.timeout = seconds("request_timeout_seconds", timeout)?;
        settings.on_outage = mode(outage_closed);
        settings.on_plan_limit = mode(plan_limit_closed);
        settings.privacy = Privacy { enabled, input, output, metadata, hash, hashing, keys, names };
        settings.scan_injections = scan_injections;
        settings.batch_size = batch_size;
        settings.flush_interval =
            flush_interval.map(|every| seconds("flush_interval_seconds", every)).transpose()?;
        settings.poll_interval =
            poll_interval.map(|every| seconds("poll_interval_seconds", every)).transpose()?;
        settings.approval_interval = seconds("approval_poll_interval_seconds", approval_interval)?;
        settings.approval_timeout = seconds("approval_timeout_seconds", approval_timeout)?;
        settings.heartbeat_interval = seconds("heartbeat_interval_seconds", heartbeat_interval)?;
        (settings.local_decisions, settings.ask_server_first) = local_decisions;
        settings.bundle_ttl = Duration::try_from_secs_f64(bundle_ttl)
            .map_err(|fault| invalid("policy_cache_ttl_seconds", &fault))?;
        let current = start(py, &settings, &observer, Knowledge::default())?
            .map_err(|failure| error::to_python(py, &failure))?;
        Ok(Self { settings, observer, current: Mutex::new(current) })
    }

    /// Whether the server answers.
    fn ping<'py>(&self, py: Python<'py>, awaitable: bool) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        awaiting::run(py, awaitable, async move { Ok(client.ping().await) }, |py, answers| {
            answers.into_py_any(py)
        })
    }

    /// Registers an agent from the fields of the request; returns what the SDK remembers of it.
    fn register_agent<'py>(
        &self,
        py: Python<'py>,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let body: RegisterAgent =
            parse(py, Value::Object(convert::to_whole_map(fields, error::invalid)?))?;
        let call = async move { client.register_agent(&body).await };
        awaiting::run(py, awaitable, call, |py, agent| agent_dict(py, &agent))
    }

    /// Asks whether an action may happen, and waits for a person if one must agree. Returns the answer, and the report of a bypass if
    /// nobody decided.
    fn enforce<'py>(
        &self,
        py: Python<'py>,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let whole = convert::to_whole_map(fields, error::unaskable)?;
        let request: EnforceRequest = parse(py, Value::Object(whole))?;
        let convert = |py: Python<'_>, allowed: Allowed| {
            (convert::to_dict(py, &allowed.body)?, bypass_dict(py, &allowed)?).into_py_any(py)
        };
        // On the caller's thread, with the GIL held throughout, so that no fork can come in between.
        match client.enforce_at_once(request) {
            Ok(AtOnce::Allowed(allowed)) => awaiting::done(py, awaitable, convert(py, allowed)?),
            Ok(AtOnce::Undecided(undecided)) => {
                let call = async move { client.enforce_undecided(undecided).await };
                awaiting::run_with(py, awaitable, call, convert, error::to_python_enforcing)
            }
            Err(failure) => Err(error::to_python_enforcing(py, &failure)),
        }
    }

    /// Starts a trace; refuses an agent that is known to be paused.
    #[pyo3(signature = (*, agent_id, environment, trace_id))]
    fn start_trace(
        slf: &Bound<'_, Self>,
        agent_id: Option<&Bound<'_, PyAny>>,
        environment: Option<&Bound<'_, PyAny>>,
        trace_id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<NativeTrace> {
        let py = slf.py();
        let text = |value: Option<&Bound<'_, PyAny>>| value.map(convert::to_text).transpose();
        let (agent_id, environment) = (text(agent_id)?, text(environment)?);
        let trace = slf
            .get()
            .client(py)?
            .start_trace(agent_id.as_deref(), environment.as_deref(), text(trace_id)?)
            .map_err(|failure| error::to_python(py, &failure))?;
        Ok(NativeTrace::new(trace, slf.clone().unbind()))
    }

    /// Sends what is waiting.
    fn flush<'py>(&self, py: Python<'py>, awaitable: bool) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        awaiting::run(py, awaitable, async move { Ok(client.flush().await) }, report_dict)
    }

    /// Sends what is waiting and ends the background work. In a forked process that never used this client there is nothing to do.
    fn shutdown<'py>(&self, py: Python<'py>, awaitable: bool) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client_of_this_process();
        let call = async move {
            match client {
                Some(client) => Ok(client.shutdown().await),
                None => Ok(FlushReport::default()),
            }
        };
        awaiting::run(py, awaitable, call, report_dict)
    }

    /// Asks the server for an agent's status.
    fn check_agent_status<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let call = async move { client.check_agent_status(&agent_id).await };
        awaiting::run(py, awaitable, call, |py, status| status.into_py_any(py))
    }

    /// The last known status of an agent.
    fn known_status(&self, py: Python<'_>, agent_id: &str) -> PyResult<Option<String>> {
        Ok(self.client(py)?.known_status(agent_id, None))
    }

    /// Asks the server whether an approval covers an action.
    fn verify_approval<'py>(
        &self,
        py: Python<'py>,
        approval_id: String,
        action_context: &Bound<'py, PyAny>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let context = convert::to_whole_map(action_context, error::unaskable)?;
        let call = async move { client.verify_approval(&approval_id, context).await };
        awaiting::run(py, awaitable, call, map_dict)
    }

    /// Plan and counted resources.
    fn check_usage<'py>(&self, py: Python<'py>, awaitable: bool) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let call = async move { client.check_usage().await };
        awaiting::run(py, awaitable, call, |py, usage| Ok(convert::to_python(py, &usage)?.unbind()))
    }

    /// Adds to what is known of a trace's outcome.
    fn resolve_trace<'py>(
        &self,
        py: Python<'py>,
        trace_id: String,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let body: AddResolution =
            parse(py, Value::Object(convert::to_whole_map(fields, error::invalid)?))?;
        let call = async move { client.resolve_trace(&trace_id, &body).await };
        awaiting::run(py, awaitable, call, map_dict)
    }

    /// Pins the tools of an agent.
    fn report_tool_baseline<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client(py)?;
        let body: ReportBaseline =
            parse(py, Value::Object(convert::to_whole_map(fields, error::invalid)?))?;
        let call = async move { client.report_tool_baseline(&agent_id, &body).await };
        awaiting::run(py, awaitable, call, map_dict)
    }

    /// A credential that proves which agent it is.
    fn get_agent_credential<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = identity::credential(self.client(py)?, agent_id);
        awaiting::run(py, awaitable, call, map_dict)
    }

    /// Asks whether one agent may call another.
    fn authorize_agent_call<'py>(
        &self,
        py: Python<'py>,
        caller: String,
        target: String,
        action: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = identity::authorize(self.client(py)?, [caller, target, action]);
        awaiting::run(py, awaitable, call, |py, answer| {
            Ok(convert::to_python(py, &answer)?.unbind())
        })
    }

    /// Active agents that can do something.
    #[pyo3(signature = (capability, awaitable))]
    fn discover_agents<'py>(
        &self,
        py: Python<'py>,
        capability: Option<String>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = identity::discover(self.client(py)?, capability);
        awaiting::run(py, awaitable, call, |py, found| Ok(convert::to_python(py, &found)?.unbind()))
    }

    /// The external id of the agent that was registered first.
    #[getter]
    fn default_agent(&self, py: Python<'_>) -> PyResult<Option<String>> {
        Ok(self.client(py)?.default_agent().map(|agent| agent.agent_id))
    }

    /// Whether the client was shut down.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.client(py)?.is_closed())
    }

    /// Traces that will never be delivered.
    #[getter]
    fn lost_traces(&self, py: Python<'_>) -> PyResult<u64> {
        let client = self.client(py)?;
        Ok(py.detach(|| client.lost_traces()))
    }

    /// Traces that wait for delivery.
    #[getter]
    fn waiting_traces(&self, py: Python<'_>) -> PyResult<usize> {
        let client = self.client(py)?;
        Ok(py.detach(|| client.waiting_traces()))
    }

    /// Whether policies are held from which an agent's actions can be decided here.
    fn decides_locally(&self, py: Python<'_>, agent_id: &str) -> PyResult<bool> {
        Ok(self.client(py)?.decides_locally(agent_id, None))
    }

    /// Counts an action that went ahead because whoever stands around this client could not ask.
    fn report_bypass(&self, py: Python<'_>, bypass: &Bound<'_, PyDict>) -> PyResult<()> {
        let client = self.client(py)?;
        let fields = convert::to_map(bypass)?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let status = fields.get("status").and_then(Value::as_u64);
        client.report_bypass(&Occurrence {
            agent_id: text("agentId"),
            reason: text("reason"),
            source: text("source"),
            message: text("message"),
            status: status.and_then(|status| u16::try_from(status).ok()),
            consecutive_failures: None,
        });
        Ok(())
    }

    /// Actions that went ahead without a decision.
    #[getter]
    fn bypass_count(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.client(py)?.bypass_count())
    }
}

impl NativeClient {
    /// The client of this process. In a forked one a new client takes over: it keeps the settings and what is known of the agents, and
    /// starts with an empty buffer, because the traces in the old one are the parent's to send.
    pub(crate) fn client(&self, py: Python<'_>) -> PyResult<Client> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.process == std::process::id() || current.client.is_closed() {
            return Ok(current.client.clone());
        }
        let knowledge = current.client.try_knowledge().unwrap_or_default();
        let started = start(py, &self.settings, &self.observer, knowledge)?;
        let client = match started {
            Ok(own) => {
                let client = own.client.clone();
                // The parent's locks may be held by threads that only it has, and the connections are its own.
                std::mem::forget(std::mem::replace(&mut *current, own));
                client
            }
            Err(failure) => {
                drop(current);
                return Err(error::to_python(py, &failure));
            }
        };
        drop(current);
        py.import("execlave._lifetime")?.call_method0("_in_forked_child")?;
        Ok(client)
    }

    fn client_of_this_process(&self) -> Option<Client> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.process == std::process::id()).then(|| current.client.clone())
    }
}

impl Drop for NativeClient {
    fn drop(&mut self) {
        let current = self.current.get_mut().unwrap_or_else(PoisonError::into_inner);
        if current.process != std::process::id() {
            // Dropping what belongs to another process could wait for it; one more reference keeps it from happening.
            std::mem::forget(current.client.clone());
        }
    }
}

/// Starts a client in this process. Runs no Python code, so that a lock may be held meanwhile.
fn start(
    py: Python<'_>,
    settings: &Config,
    observer: &Py<PyAny>,
    knowledge: Knowledge,
) -> PyResult<Result<Current, Error>> {
    let runtime::Engine { handle, tasks, work_threads } = runtime::shared(py)?;
    let mut config = settings.clone();
    config.tasks = tasks.clone();
    config.work_threads = work_threads;
    let observer = PythonObserver::new(observer.clone_ref(py), handle.clone(), tasks);
    let _context = handle.enter();
    let client = Client::with_observer(config, std::sync::Arc::new(observer), knowledge);
    Ok(client.map(|client| Current { process: std::process::id(), client }))
}

/// The fingerprint of a tool's descriptor.
#[pyfunction]
pub(crate) fn descriptor_hash(descriptor: &Bound<'_, PyAny>) -> PyResult<String> {
    let whole = convert::to_whole_json(descriptor, error::invalid)?;
    Ok(execlave_client::tools::descriptor_hash(&whole))
}

fn map_dict(py: Python<'_>, map: Map<String, Value>) -> PyResult<Py<PyAny>> {
    Ok(convert::to_dict(py, &map)?.into_any().unbind())
}

/// Reads a request out of what Python passed; a fault is named by its place, as the server would.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(py: Python<'_>, value: Value) -> PyResult<T> {
    // Keeping track of the path costs as much again as reading, and most requests are right.
    T::deserialize(&value)
        .or_else(|_| json::parse_value(value))
        .map_err(|fault| error::invalid(py, &fault.path, &fault.message))
}

fn invalid(name: &str, fault: &dyn std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: {fault}"))
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| PyValueError::new_err(format!("{name} must be more than 0, not {value}")))
}

fn agent_dict(py: Python<'_>, agent: &RegisteredAgent) -> PyResult<Py<PyAny>> {
    let dict = PyDict::new(py);
    dict.set_item("id", &agent.id)?;
    dict.set_item("agent_id", &agent.agent_id)?;
    dict.set_item("name", &agent.name)?;
    dict.set_item("environment", &agent.environment)?;
    dict.set_item("status", &agent.status)?;
    Ok(dict.into_any().unbind())
}

fn bypass_dict<'py>(py: Python<'py>, allowed: &Allowed) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(bypass) = &allowed.bypass else { return Ok(None) };
    let mut map = Map::new();
    map.insert("reason".to_owned(), bypass.reason().into());
    map.insert("source".to_owned(), bypass.source.as_str().into());
    map.insert("agentId".to_owned(), bypass.agent_id.as_str().into());
    map.insert("timestamp".to_owned(), bypass.at.to_string().into());
    map.insert("message".to_owned(), bypass.message.as_str().into());
    if let Some(status) = bypass.status {
        map.insert("status".to_owned(), status.into());
    }
    if let Some(failures) = bypass.consecutive_failures {
        map.insert("consecutiveFailures".to_owned(), failures.into());
    }
    convert::to_dict(py, &map).map(Some)
}

fn report_dict(py: Python<'_>, report: FlushReport) -> PyResult<Py<PyAny>> {
    let dict = PyDict::new(py);
    dict.set_item("sent", report.sent)?;
    dict.set_item("rejected", rejections(py, &report.rejected)?)?;
    dict.set_item("undelivered", report.undelivered)?;
    Ok(dict.into_any().unbind())
}
