//! Versions of agents and of their prompts.

use execlave_api::agent_versions::CreateAgentVersion;
use execlave_api::prompt_versions::{CreatePromptVersion, DeployPromptVersion};
use execlave_client::prompt_versions::PromptVersion;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

use crate::client::{NativeClient, parse};
use crate::{awaiting, convert};

/// What `execlave.Agent` and `execlave.PromptVersion` call. Versions come back as the server wrote them.
#[pyclass(module = "execlave._native", frozen)]
#[derive(Debug)]
pub struct NativeVersions {
    client: Py<NativeClient>,
}

#[pymethods]
impl NativeVersions {
    #[new]
    fn new(client: Py<NativeClient>) -> Self {
        Self { client }
    }

    /// Records an agent's registration as its next version.
    fn report<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let version: CreateAgentVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let call = async move { client.report_agent_metadata(&agent_id, &version).await };
        awaiting::run(py, awaitable, call, any)
    }

    /// Makes the next version of an agent's prompt.
    fn create<'py>(
        &self,
        py: Python<'py>,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let version: CreatePromptVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let call = async move { client.create_prompt_version(&version).await.map(written) };
        awaiting::run(py, awaitable, call, any)
    }

    /// The versions of an agent's prompt, newest first.
    fn list<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let call = async move {
            let found = client.list_prompt_versions(&agent_id).await?;
            Ok(found.into_iter().map(written).collect())
        };
        awaiting::run(py, awaitable, call, any)
    }

    /// The version of an agent's prompt that runs.
    fn current<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        environment: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let call = async move {
            let found = client.current_prompt_version(&agent_id, &environment).await?;
            Ok(found.map_or(Value::Null, written))
        };
        awaiting::run(py, awaitable, call, any)
    }

    /// Lets a version run in an environment, or asks for it.
    fn deploy<'py>(
        &self,
        py: Python<'py>,
        id: String,
        fields: &Bound<'py, PyDict>,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let deploy: DeployPromptVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let call = async move { client.deploy_prompt_version(&id, &deploy).await.map(written) };
        awaiting::run(py, awaitable, call, any)
    }

    /// Lets a version run again where it ran before.
    fn roll_back<'py>(
        &self,
        py: Python<'py>,
        id: String,
        reason: String,
        awaitable: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let call =
            async move { client.roll_back_to_prompt_version(&id, &reason).await.map(written) };
        awaiting::run(py, awaitable, call, any)
    }
}

fn fields_of<T: serde::de::DeserializeOwned>(
    py: Python<'_>,
    fields: &Bound<'_, PyDict>,
) -> PyResult<T> {
    parse(py, convert::to_json(fields)?)
}

fn any(py: Python<'_>, value: Value) -> PyResult<Py<PyAny>> {
    Ok(convert::to_python(py, &value)?.unbind())
}

fn written(version: PromptVersion) -> Value {
    serde_json::to_value(version).unwrap_or_default()
}
