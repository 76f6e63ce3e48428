//! Every loss with its variants, value and gradients, against those that sentence-transformers and PyTorch gave.
//!
//! The stored values come from `fixtures/make_losses.py`.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use serde::Deserialize;
use tch::Tensor;
use trainer::config::{Loss, Train};
use trainer::contrastive::loss::{self, Targets};

#[derive(Deserialize)]
struct Reference {
    scale: f64,
    pairs: usize,
    /// Anchors, positives, then two columns of hard negatives.
    vectors: Vec<Vec<f32>>,
    scores: Vec<f32>,
    /// Vectors of another model, of another length.
    other: Vec<Vec<f32>>,
    /// Vectors of another model, of the same length.
    teacher: Vec<Vec<f32>>,
    variants: Vec<Variant>,
}

#[derive(Debug, Deserialize)]
struct Variant {
    settings: Loss,
    /// Columns that take part.
    columns: usize,
    scores: bool,
    reference: Option<String>,
    loss: f64,
    gradients: Vec<Vec<f32>>,
}

fn tensor(rows: &[Vec<f32>]) -> Tensor {
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, rows[0].len() as i64])
}

#[test]
fn every_variants_value_and_gradients_equal_sentence_transformers() {
    let text = include_str!("fixtures/losses.json");
    let stored: Reference = serde_json::from_str(text).unwrap();
    assert_eq!(stored.variants.len(), 28);
    let train = Train {
        scale: stored.scale,
        ..Train::default()
    };
    for variant in &stored.variants {
        let rows = variant.columns * stored.pairs;
        let vectors = tensor(&stored.vectors[..rows]).set_requires_grad(true);
        let reference = variant.reference.as_deref().map(|name| match name {
            "teacher" => tensor(&stored.teacher[..rows]),
            _ => tensor(&stored.other[..rows]),
        });
        let targets = Targets {
            scores: variant.scores.then(|| Tensor::from_slice(&stored.scores)),
            reference,
        };
        let loss = loss::Loss::new(&train, &variant.settings)
            .of(&vectors, stored.pairs as i64, &targets)
            .unwrap();
        let value = loss.double_value(&[]);
        let close = |difference: f64, of: f64| difference < 1e-5 * of.max(1.0);
        assert!(
            close((value - variant.loss).abs(), variant.loss),
            "{value} for {} with {:?}",
            variant.loss,
            variant.settings
        );
        loss.backward();
        let expected = tensor(&variant.gradients);
        let largest = expected.abs().max().double_value(&[]);
        assert!(largest > 1e-3, "nothing to compare: {:?}", variant.settings);
        let difference = (vectors.grad() - expected).abs().max().double_value(&[]);
        assert!(
            close(difference, largest),
            "gradients differ by {difference} of {largest}: {:?}",
            variant.settings
        );
    }
}
