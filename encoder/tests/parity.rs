//! Token ids and vectors equal those of sentence-transformers 6 on difficult texts, and a text alone
//! equals the same text in a batch. The fixtures are made by `fixtures/make_parity.py` and
//! `fixtures/make_truncated.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod fixture;

use std::path::Path;

use encoder::model::ModelFolder;
use fixture::{assert_parity, assert_truncated_parity, base_model, cases, truncated};

#[test]
fn token_ids_equal_those_of_sentence_transformers() {
    let tokenizer = ModelFolder::open(&base_model()).unwrap().tokenizer();
    for case in cases() {
        let found = tokenizer.tokenize("", &[&case.text]).unwrap();
        assert_eq!(found[0].ids, case.ids, "{:?}", case.start());
    }
}

#[test]
fn candle_vectors_equal_those_of_sentence_transformers() {
    assert_parity(&*encoder::open_candle(&base_model()).unwrap());
}

#[test]
fn truncated_vectors_equal_those_of_sentence_transformers() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (name, folder) in [
        ("all-MiniLM-L6-v2", base_model()),
        ("static-words", fixtures.join("static-words")),
        ("static-pieces", fixtures.join("static-pieces")),
    ] {
        let (length, _) = truncated(name);
        assert_truncated_parity(name, &*encoder::open_truncated(&folder, length).unwrap());
    }
}

#[test]
fn over_long_texts_are_counted() {
    let encoder = encoder::open_candle(&base_model()).unwrap();
    let long = "word ".repeat(10_000);
    let encoded = encoder.encode_documents(&["short", &long, "also short"]).unwrap();
    assert_eq!(encoded.truncated, 1);
    assert!(encoded.tokens >= encoder.max_length());
    assert_eq!(encoder.encode_queries(&[]).unwrap().vectors.len(), 0);
}
