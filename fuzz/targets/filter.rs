//! Any text is a filter or an error with three lines.
#![no_main]

use indexer_bm25::Filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Filter::parse(text) {
        assert_eq!(error.to_string().lines().count(), 3);
    }
});
