//! The files of the workspace, as a reader of a fresh clone would see them.
//!
//! Walks by hand instead of asking git, because a source archive has no `.git` and must be tidy too.

use std::fs;
use std::path::{Path, PathBuf};

/// What tools made, not what people wrote. In a git worktree `.git` is a file.
const NOT_OURS: &[&str] = &[
    ".git",
    "target",
    "corpus",
    "artifacts",
    ".build",
    "execlave-data",
    "node_modules",
    "vendor",
    "__pycache__",
    ".venv",
];

/// One text file.
#[derive(Debug)]
pub struct SourceFile {
    /// Relative to the workspace root, with `/` between parts.
    pub path: String,
    /// Everything in it.
    pub text: String,
}

impl SourceFile {
    /// The end of the name after the last dot, or nothing.
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|part| part.to_str()).unwrap_or("")
    }

    /// The name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The workspace root.
///
/// # Panics
/// If this crate has been moved out of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is a folder of the workspace").to_path_buf()
}

/// Every UTF-8 file of the workspace, sorted by path.
///
/// # Panics
/// If a folder cannot be read: a rule that was not checked is a broken rule.
pub fn files() -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the workspace can be read") {
            let entry = entry.expect("a folder of the workspace can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().expect("a file of the workspace has a type");
            if is_made_by_a_tool(&name) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                let relative = entry.path();
                let relative = relative.strip_prefix(&root).expect("the walk began at the root");
                found
                    .push(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn is_made_by_a_tool(name: &str) -> bool {
    NOT_OURS.contains(&name) || name.ends_with("_cache") || name.ends_with(".egg-info")
}
