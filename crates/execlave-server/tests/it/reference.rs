//! `docs/reference/errors.md` is the table of codes.

use std::fmt::Write as _;
use std::path::Path;

use execlave_api::error::ErrorCode;

const HEAD: &str = "\
# Error codes

Every answer that is not a success carries `{\"error\": {\"code\", \"message\", \"fields\"?, \"requestId\"}}`; only a block by `enforce`
looks different. A code, once shipped, keeps its meaning. `fields` holds `{\"path\", \"message\"}` for each fault in the request;
`requestId` finds it in the server's log.

| code | status | meaning |
|---|---|---|
";

#[test]
fn the_page_of_error_codes_is_the_table() {
    let mut page = HEAD.to_owned();
    for code in ErrorCode::ALL {
        writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.status(), code.meaning())
            .expect("writing to a string");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    if option_env!("EXECLAVE_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/errors.md is stale: run EXECLAVE_UPDATE=1 cargo test -p execlave-server"
    );
}
