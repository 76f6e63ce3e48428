//! A folder with any manifest whose checksum is right is an index or an error.
#![no_main]

use indexer::{FORMAT_VERSION, IndexReader, MANIFEST_NAME};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let folder = tempfile::tempdir().unwrap();
    let head = format!("sextant-index {FORMAT_VERSION} {}\n", blake3::hash(body).to_hex());
    std::fs::write(
        folder.path().join(MANIFEST_NAME),
        [head.as_bytes(), body].concat(),
    )
    .unwrap();
    let _ = IndexReader::open(folder.path()).map(|reader| reader.len());
});
