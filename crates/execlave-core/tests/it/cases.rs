//! Reads case files.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// Every TOML file of a folder of `testdata`, as JSON, with its name.
pub(crate) fn files(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder of cases exists");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    assert!(!paths.is_empty(), "no cases in {}", folder.display());
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// One file.
pub(crate) fn file(path: &str) -> Value {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path))
}

fn name(path: &Path) -> String {
    path.file_stem().expect("has a name").to_string_lossy().into_owned()
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("the file is readable");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The tables of one kind.
pub(crate) fn tables<'a>(file: &'a Value, kind: &str) -> Vec<&'a Map<String, Value>> {
    let list = file.get(kind).and_then(Value::as_array);
    list.into_iter().flatten().map(|table| table.as_object().expect("a table")).collect()
}

/// A list that may be left out.
pub(crate) fn list(table: &Map<String, Value>, key: &str) -> Vec<Value> {
    table.get(key).map(|value| value.as_array().expect("a list").clone()).unwrap_or_default()
}

/// Refuses keys that no runner looks at: a misspelt expectation would be no expectation.
pub(crate) fn only(table: &Map<String, Value>, known: &[&str]) {
    for key in table.keys() {
        assert!(known.contains(&key.as_str()), "unknown key `{key}` in {table:?}");
    }
}
