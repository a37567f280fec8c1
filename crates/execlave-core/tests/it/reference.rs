//! The reference pages that are made from this crate's own tables and files, and proved fresh.

use std::path::Path;

mod detectors;
mod policies;

/// A page of `docs/reference` is what it is made from; with `EXECLAVE_UPDATE` set it is written anew.
fn is_fresh(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if option_env!("EXECLAVE_UPDATE").is_some() {
        std::fs::write(&path, page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/{name} is stale: run EXECLAVE_UPDATE=1 cargo test -p execlave-core"
    );
}
