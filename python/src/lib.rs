//! The Python extension: the Rust SDK under a Python face.
//!
//! Registers the native types and nothing else. What a Python programmer sees is written in Python, in `execlave/`.

use pyo3::prelude::*;

mod awaiting;
mod client;
mod convert;
mod detect;
mod error;
mod fork;
mod identity;
mod observer;
mod runtime;
mod trace;
mod versions;

/// The native half of the package `execlave`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::client::{NativeClient, descriptor_hash};
    #[pymodule_export]
    use crate::detect::{readings, scan};
    #[pymodule_export]
    use crate::fork::{after_fork_in_child, after_fork_in_parent, before_fork};
    #[pymodule_export]
    use crate::runtime::close;
    #[pymodule_export]
    use crate::trace::NativeTrace;
    #[pymodule_export]
    use crate::versions::NativeVersions;

    use pyo3::prelude::{Bound, PyModule, PyModuleMethods as _, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))
    }
}
