//! Encoding in bfloat16: nearly the same vectors, and refused where nothing could compute so.

use encoder::testing::write_tiny_static_model;
use encoder::vectors::dot;
use indexer::IndexReader;

use super::workplace::{ROWS, Workplace};

const BUILD: [&str; 9] = [
    "build",
    "corpus.jsonl",
    "--device",
    "cpu",
    "--force",
    "--precision",
    "bf16",
    "--backend",
    "torch",
];

fn place() -> Workplace {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    place
}

#[test]
fn vectors_are_nearly_those_of_float32_and_the_model_is_the_same() {
    let place = place();
    place.succeeds(&[&BUILD[..], &["--model", "model"]].concat());
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    let encoder = encoder::open(&place.path("model")).unwrap();
    assert_eq!(
        reader
            .manifest()
            .model
            .fingerprint
            .difference(encoder.fingerprint()),
        None
    );
    let mut farthest = 0.0f32;
    for row in 0..4 {
        let passage = reader.document(row).unwrap().passage();
        let exact = encoder.encode_documents(&[&passage]).unwrap().vectors;
        farthest = farthest.max(1.0 - dot(exact.row(0), reader.vector(row).unwrap()));
    }
    assert!((1e-7..1e-3).contains(&farthest), "1 - cosine {farthest}");
}

#[test]
fn what_cannot_compute_in_bf16_says_so() {
    let place = place();
    write_tiny_static_model(&place.path("words"), 1).unwrap();
    place.fails(
        &[&BUILD[..8], &["candle", "--model", "model"]].concat(),
        &[
            "--precision",
            "candle computes in float32 only",
            "--backend torch",
        ],
    );
    place.fails(
        &[&BUILD[..], &["--model", "words"]].concat(),
        &["--precision", "words is a static model", "leave it out"],
    );
}
