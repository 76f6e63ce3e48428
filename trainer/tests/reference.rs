//! Loss, gradients and ten training steps against the values that PyTorch and sentence-transformers gave.
//!
//! The stored values come from `fixtures/make_tiny_bert.py` and `fixtures/make_reference.py`.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use encoder::Precision;
use encoder::tokens::Tokens;
use encoder_torch::TorchEncoder;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};
use trainer::config::{Loss, Train};
use trainer::contrastive::dataset::Batch;
use trainer::contrastive::loss;
use trainer::contrastive::schedule::LinearSchedule;
use trainer::contrastive::step::Stepper;

#[derive(Deserialize)]
struct Reference {
    /// Anchor, positive and two hard negatives.
    rows: Vec<[String; 4]>,
    /// Loss of all rows as one batch, negatives left out.
    in_batch: f64,
    /// Loss of all rows as one batch.
    hard_negatives: f64,
    settings: Settings,
    /// Loss of each of ten steps, before the step.
    losses: Vec<f64>,
    /// Gradient norm of each step, before clipping.
    norms: Vec<f64>,
}

#[derive(Deserialize)]
struct Settings {
    learning_rate: f64,
    warmup_ratio: f64,
    weight_decay: f64,
    max_grad_norm: f64,
    scale: f64,
    steps: usize,
    batch_size: usize,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn reference() -> Reference {
    serde_json::from_str(&std::fs::read_to_string(fixture("reference.json")).unwrap()).unwrap()
}

fn tiny_bert() -> TorchEncoder {
    // Its configuration has dropout 0, so training mode gives the same values each time.
    TorchEncoder::open(&fixture("tiny-bert"), Device::Cpu).unwrap()
}

/// The first `columns` texts of each row, column after column.
fn tokens(encoder: &TorchEncoder, rows: &[[String; 4]], columns: usize) -> Vec<Tokens> {
    let texts: Vec<&str> = (0..columns)
        .flat_map(|column| rows.iter().map(move |row| row[column].as_str()))
        .collect();
    encoder.tokens(&texts).unwrap()
}

fn batch<'a>(tokens: &[Tokens], pairs: usize, loss: &'a loss::Loss) -> Batch<'a> {
    Batch {
        texts: tokens.to_vec(),
        pairs,
        targets: loss::Targets::default(),
        loss,
        mini_batch_tokens: None,
    }
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().to_kind(Kind::Double).double_value(&[])
}

/// The loss of all rows is within 1e-5 of PyTorch's, and the gradient of every parameter differs from
/// PyTorch's by at most 1e-5 or 1e-5 of that parameter's largest gradient, whichever is more.
fn compare_gradients(columns: usize, expected_loss: f64, file: &str) {
    let encoder = tiny_bert();
    let rows = reference().rows;
    let tokens = tokens(&encoder, &rows, columns);
    let stepper = Stepper::new(&encoder, &Train::default()).unwrap();
    let plain = loss::Loss::new(&Train::default(), &Loss::default());
    let loss = stepper.loss(&batch(&tokens, rows.len(), &plain)).unwrap();
    loss.backward();
    let difference = (loss.double_value(&[]) - expected_loss).abs();
    assert!(difference < 1e-5, "the loss differs by {difference}");

    let expected = Tensor::read_safetensors(fixture(file)).unwrap();
    let variables = encoder.var_store().variables();
    assert_eq!(expected.len(), 37, "BERT with two layers, without pooler");
    assert_eq!(expected.len(), variables.len());
    for (name, expected) in expected {
        let gradient = variables[&name].grad();
        let largest = expected.abs().max().double_value(&[]);
        let difference = largest_difference(&gradient, &expected);
        assert!(
            difference <= 1e-5 * largest.max(1.0),
            "{name}: {difference}, largest gradient {largest}"
        );
    }
}

#[test]
fn loss_and_all_gradients_with_in_batch_negatives_equal_pytorchs() {
    compare_gradients(2, reference().in_batch, "gradients-in-batch.safetensors");
}

#[test]
fn loss_and_all_gradients_with_two_hard_negatives_equal_pytorchs() {
    compare_gradients(
        4,
        reference().hard_negatives,
        "gradients-hard-negatives.safetensors",
    );
}

/// The gradient of every parameter, one after the other, and the loss of all rows with their negatives.
fn gradients(encoder: &TorchEncoder) -> (f64, Vec<(String, Tensor)>) {
    let rows = reference().rows;
    let tokens = tokens(encoder, &rows, 4);
    let stepper = Stepper::new(encoder, &Train::default()).unwrap();
    let plain = loss::Loss::new(&Train::default(), &Loss::default());
    let loss = stepper.loss(&batch(&tokens, rows.len(), &plain)).unwrap();
    loss.backward();
    let variables = encoder.var_store().variables().into_iter();
    let gradients = variables.map(|(name, variable)| (name, variable.grad().copy()));
    (loss.double_value(&[]), gradients.collect())
}

/// bfloat16 has 8 bits of mantissa, one of them implied: a relative error of up to 1/256 in each product's factors. The
/// loss and every gradient keep 32 bits and stay within a few times that of PyTorch's in 32 bits, but for the keys'
/// biases, whose gradients are rounding alone.
#[test]
fn bfloat16_gives_pytorchs_loss_and_gradients_roughly_and_not_exactly() {
    let encoder = tiny_bert().with_precision(Precision::Bf16);
    let (loss, gradients) = gradients(&encoder);
    let expected = reference().hard_negatives;
    let difference = (loss - expected).abs();
    assert!(difference > 1e-6, "{loss} was not computed in bfloat16");
    assert!(difference < 0.01 * expected, "{loss} instead of {expected}");
    let exact = Tensor::read_safetensors(fixture("gradients-hard-negatives.safetensors")).unwrap();
    let exact: HashMap<String, Tensor> = exact.into_iter().collect();
    for (name, gradient) in gradients {
        if name.ends_with("key.bias") {
            continue;
        }
        assert_eq!(gradient.kind(), Kind::Float, "{name}");
        let expected = &exact[&name];
        let difference = (&gradient - expected).norm().double_value(&[]);
        let length = expected.norm().double_value(&[]);
        assert!(difference < 0.05 * length, "{name}: {difference} of {length}");
    }
}

/// Sampler left aside, everything of a step takes part: padding, loss, gradients, clipping, AdamW with its
/// groups, and the schedule. Losses stay within 1e-4 and gradient norms within 1e-3 of theirs, relative.
#[test]
fn ten_steps_follow_sentence_transformers() {
    let Reference {
        rows,
        settings,
        losses,
        norms,
        ..
    } = reference();
    let encoder = tiny_bert();
    let train = Train {
        scale: settings.scale,
        weight_decay: settings.weight_decay,
        max_grad_norm: settings.max_grad_norm,
        ..Train::default()
    };
    let schedule = LinearSchedule::new(settings.learning_rate, settings.steps, settings.warmup_ratio);
    let mut stepper = Stepper::new(&encoder, &train).unwrap();
    let plain = loss::Loss::new(&train, &Loss::default());
    assert_eq!((losses.len(), norms.len()), (10, 10));
    for (step, (loss, norm)) in losses.into_iter().zip(norms).enumerate() {
        let start = step * settings.batch_size % rows.len();
        let tokens = tokens(&encoder, &rows[start..start + settings.batch_size], 4);
        let batch = batch(&tokens, settings.batch_size, &plain);
        let report = stepper.step(&batch, schedule.rate(step)).unwrap();
        let close =
            |found: f64, expected: f64, tolerance: f64| (found - expected).abs() < tolerance * expected;
        assert!(
            close(report.loss, loss, 1e-4),
            "step {step}: loss {} instead of {loss}",
            report.loss
        );
        assert!(
            close(report.grad_norm, norm, 1e-3),
            "step {step}: norm {} instead of {norm}",
            report.grad_norm
        );
    }
}
