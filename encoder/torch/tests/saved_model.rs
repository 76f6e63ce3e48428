//! A folder that this crate saved gives sentence-transformers the vectors that it gives us. What Python
//! made of it is stored by `fixtures/make_saved_model.py`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may fail loudly")]

use encoder::vectors::dot;
use encoder_torch::TorchEncoder;
use serde_json::Value;

#[test]
fn sentence_transformers_gets_our_vectors_from_a_saved_folder() {
    let (made, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    encoder::testing::write_tiny_model(made.path(), 7).unwrap();
    TorchEncoder::open(made.path(), tch::Device::Cpu)
        .unwrap()
        .save(saved.path())
        .unwrap();

    let fixture: Value = serde_json::from_str(include_str!("fixtures/saved_model.json")).unwrap();
    for (name, stored) in fixture["files"].as_object().unwrap() {
        let written: Value =
            serde_json::from_slice(&std::fs::read(saved.path().join(name)).unwrap()).unwrap();
        assert_eq!(
            &written, stored,
            "{name} is no longer what Python read: make the fixture again"
        );
    }
    let texts: Vec<&str> = fixture["texts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect();
    let ours = encoder::open_candle(saved.path())
        .unwrap()
        .encode_documents(&texts)
        .unwrap()
        .vectors;
    let theirs = fixture["vectors"].as_array().unwrap();
    assert_eq!(theirs.len(), ours.len());
    for ((text, ours), theirs) in texts.iter().zip(ours.rows()).zip(theirs) {
        let theirs: Vec<f32> = theirs
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap() as f32)
            .collect();
        let cosine = dot(ours, &theirs);
        assert!(cosine >= 0.99999, "{text:?}: cosine {cosine}");
    }
}
