//! Writes the folder that `tests/fixtures/make_texts.py` reads back with sentence-transformers.
#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    reason = "a tool for making a fixture"
)]

#[path = "../tests/texts_fixture/mod.rs"]
mod texts_fixture;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let folder = Path::new(&arguments[2]);
    std::fs::create_dir_all(folder).unwrap();
    texts_fixture::Fixture::read(Path::new(&arguments[1])).write("sif-1e-3-1", folder);
}
