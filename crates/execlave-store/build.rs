//! Rebuilds the crate when a migration is added: the migrator embeds the directory.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
