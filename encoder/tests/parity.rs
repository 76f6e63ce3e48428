//! Token ids and vectors equal those of sentence-transformers 6 on difficult texts, and a text alone
//! equals the same text in a batch. The fixture is made by `fixtures/make_parity.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

mod fixture;

use encoder::model::ModelFolder;
use fixture::{assert_parity, base_model, cases};

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
fn over_long_texts_are_counted() {
    let encoder = encoder::open_candle(&base_model()).unwrap();
    let long = "word ".repeat(10_000);
    let encoded = encoder.encode_documents(&["short", &long, "also short"]).unwrap();
    assert_eq!(encoded.truncated, 1);
    assert!(encoded.tokens >= encoder.max_length());
    assert_eq!(encoder.encode_queries(&[]).unwrap().vectors.len(), 0);
}
