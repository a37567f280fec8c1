//! The detectors, for Python. Scanning runs with the GIL released.

use execlave_core::detect::report::report;
use execlave_core::detect::view::views;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};

use crate::convert;

/// What a text holds, as `execlave scan` prints it.
#[pyfunction]
pub(crate) fn scan<'py>(py: Python<'py>, text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let text = convert::to_text(text)?;
    let report = py.detach(|| match serde_json::to_value(report(&text)) {
        Ok(Value::Object(report)) => report,
        _ => Map::new(),
    });
    convert::to_dict(py, &report)
}

/// The readings of a text that are scanned: what was undone, and what is read.
#[pyfunction]
pub(crate) fn readings(
    py: Python<'_>,
    text: &Bound<'_, PyAny>,
) -> PyResult<Vec<(Vec<&'static str>, String)>> {
    let text = convert::to_text(text)?;
    Ok(py.detach(|| {
        views(&text).map(|view| (view.undone().to_vec(), view.text().to_owned())).collect()
    }))
}
