//! The worked example of `docs/reference/audit-log.md` is what this code does, and is right by what the page itself says.

use std::path::Path;

use execlave_core::audit::ExportVerifier;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{entries, key, lines};

fn fenced<'a>(page: &'a str, kind: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{kind}\n")).expect("a fenced block");
    rest.split_once("```").expect("its end").0
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    Sha256::digest(parts.concat()).to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).expect("a digit")).collect()
}

#[test]
fn the_documented_example_is_what_is_written_and_follows_from_the_page() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/audit-log.md");
    let page = std::fs::read_to_string(path).expect("the page is readable");
    let export = fenced(&page, "jsonl");
    let written = String::from_utf8(lines(&entries(2), &key()).concat()).expect("UTF-8");
    assert_eq!(export, written);
    let mut verifier = ExportVerifier::new(None, Vec::new());
    for line in export.split_inclusive('\n') {
        verifier.line(line.as_bytes()).expect("whole");
    }
    verifier.finish().expect("whole");

    // Step by step, as somebody would who has nothing but the page.
    let parts: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let preimage = fenced(&page, "json").trim_end();
    let first = sha256(&[&[0; 32], preimage.as_bytes()]);
    assert_eq!(parts[1]["hash"], hexadecimal(&first));
    let without_hash = export.lines().nth(1).expect("the first entry");
    let hash = format!("\"hash\":\"{}\",", hexadecimal(&first));
    assert_eq!(preimage, without_hash.replace(&hash, ""));
    let leaves: Vec<Vec<u8>> = parts[1..=2]
        .iter()
        .map(|entry| {
            let hash = entry["hash"].as_str().expect("text");
            let bytes: Vec<u8> = (0..64)
                .step_by(2)
                .map(|place| u8::from_str_radix(&hash[place..place + 2], 16).expect("hexadecimal"))
                .collect();
            sha256(&[&[0], &bytes])
        })
        .collect();
    let listed: Vec<String> = fenced(&page, "text").lines().map(str::to_owned).collect();
    assert_eq!(listed, leaves.iter().map(|leaf| hexadecimal(leaf)).collect::<Vec<_>>());
    let root = sha256(&[&[1], &leaves[0], &leaves[1]]);
    assert_eq!(parts[3]["rootHash"], hexadecimal(&root));
}
