//! Versions of agents and of their prompts.

use execlave_api::agent_versions::CreateAgentVersion;
use execlave_api::prompt_versions::{CreatePromptVersion, DeployPromptVersion};
use execlave_client::Error;
use execlave_client::prompt_versions::PromptVersion;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

use crate::client::{NativeClient, parse};
use crate::{convert, error, runtime};

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
    ) -> PyResult<Bound<'py, PyAny>> {
        let version: CreateAgentVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let report = async move { client.report_agent_metadata(&agent_id, &version).await };
        convert::to_python(py, &run(py, report)?)
    }

    /// Makes the next version of an agent's prompt.
    fn create<'py>(
        &self,
        py: Python<'py>,
        fields: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let version: CreatePromptVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let made = run(py, async move { client.create_prompt_version(&version).await })?;
        convert::to_python(py, &written(made))
    }

    /// The versions of an agent's prompt, newest first.
    fn list<'py>(&self, py: Python<'py>, agent_id: String) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let found = run(py, async move { client.list_prompt_versions(&agent_id).await })?;
        convert::to_python(py, &found.into_iter().map(written).collect())
    }

    /// The version of an agent's prompt that runs.
    fn current<'py>(
        &self,
        py: Python<'py>,
        agent_id: String,
        environment: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let find = async move { client.current_prompt_version(&agent_id, &environment).await };
        convert::to_python(py, &run(py, find)?.map_or(Value::Null, written))
    }

    /// Lets a version run in an environment, or asks for it.
    fn deploy<'py>(
        &self,
        py: Python<'py>,
        id: String,
        fields: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let deploy: DeployPromptVersion = fields_of(py, fields)?;
        let client = self.client.get().client(py)?;
        let after = run(py, async move { client.deploy_prompt_version(&id, &deploy).await })?;
        convert::to_python(py, &written(after))
    }

    /// Lets a version run again where it ran before.
    fn roll_back<'py>(
        &self,
        py: Python<'py>,
        id: String,
        reason: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.get().client(py)?;
        let after = run(py, async move { client.roll_back_to_prompt_version(&id, &reason).await })?;
        convert::to_python(py, &written(after))
    }
}

/// Waits for a call and maps its error.
fn run<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> PyResult<T> {
    runtime::wait(py, future)?.map_err(|failure| error::to_python(py, &failure))
}

fn fields_of<T: serde::de::DeserializeOwned>(
    py: Python<'_>,
    fields: &Bound<'_, PyDict>,
) -> PyResult<T> {
    parse(py, convert::to_whole_json(fields, error::invalid)?)
}

fn written(version: PromptVersion) -> Value {
    serde_json::to_value(version).unwrap_or_default()
}
