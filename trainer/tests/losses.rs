//! The ranking loss's variants, value and gradients, against those that sentence-transformers and PyTorch gave.
//!
//! The stored values come from `fixtures/make_losses.py`.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use serde::Deserialize;
use tch::Tensor;
use trainer::config::{Direction, Hardness, Loss, Softmax, Train};

#[derive(Deserialize)]
struct Reference {
    scale: f64,
    anchors: Vec<Vec<f32>>,
    /// Positives, then two columns of hard negatives.
    documents: Vec<Vec<f32>>,
    variants: Vec<Variant>,
}

#[derive(Debug, Deserialize)]
struct Variant {
    directions: Vec<Direction>,
    softmax: Softmax,
    hardness: Option<Hardness>,
    hardness_strength: f64,
    /// Columns of documents that take part.
    columns: usize,
    matryoshka: Vec<usize>,
    loss: f64,
    anchor_gradients: Vec<Vec<f32>>,
    document_gradients: Vec<Vec<f32>>,
}

fn tensor(rows: &[Vec<f32>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, rows[0].len() as i64])
}

#[test]
fn every_variants_value_and_gradients_equal_sentence_transformers() {
    let text = include_str!("fixtures/losses.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert!(reference.variants.len() >= 13);
    let pairs = reference.anchors.len();
    for variant in &reference.variants {
        let documents = &reference.documents[..variant.columns * pairs];
        let vectors = tensor(&[&reference.anchors[..], documents].concat()).set_requires_grad(true);
        let train = Train {
            scale: reference.scale,
            ..Train::default()
        };
        let settings = Loss {
            directions: variant.directions.clone(),
            softmax: variant.softmax,
            hardness: variant.hardness,
            hardness_strength: variant.hardness_strength,
            matryoshka: variant.matryoshka.clone(),
            ..Loss::default()
        };
        let loss = trainer::contrastive::loss::Loss::new(&train, &settings)
            .of(&vectors, pairs as i64)
            .unwrap();
        let value = loss.double_value(&[]);
        assert!((value - variant.loss).abs() < 1e-5, "{value} for {variant:?}");
        loss.backward();
        let expected = tensor(&[&variant.anchor_gradients[..], &variant.document_gradients].concat());
        let difference = (vectors.grad() - expected).abs().max().double_value(&[]);
        assert!(difference < 1e-5, "gradients differ by {difference}: {variant:?}");
    }
}
