//! The packages of the workspace and their direct dependencies, from `cargo metadata`.

use serde_json::Value;
use std::process::Command;

use crate::tree;

/// One package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// As in its `Cargo.toml`.
    pub name: String,
    /// The folder it lives in, relative to the workspace root.
    pub folder: String,
    /// What it needs to be built; tests may need more.
    pub dependencies: Vec<String>,
    /// What only its tests need.
    pub test_dependencies: Vec<String>,
}

/// Every package of the workspace.
///
/// # Panics
/// If `cargo metadata` fails or answers something else than packages.
pub fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(tree::root())
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("the metadata lists packages");
    packages.iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let manifest = text(&value["manifest_path"]);
    let root = tree::root();
    let folder = manifest
        .strip_prefix(&*root.to_string_lossy())
        .and_then(|path| path.strip_suffix("/Cargo.toml"))
        .expect("a member lives under the workspace root")
        .trim_start_matches('/')
        .to_owned();
    let dependencies = value["dependencies"].as_array().expect("a package lists dependencies");
    let named = |for_tests: bool| {
        dependencies
            .iter()
            .filter(|dependency| (dependency["kind"] == "dev") == for_tests)
            .map(|dependency| text(&dependency["name"]))
            .collect()
    };
    Package {
        name: text(&value["name"]),
        folder,
        dependencies: named(false),
        test_dependencies: named(true),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("the metadata names things with strings").to_owned()
}
