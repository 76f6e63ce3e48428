//! Learning rates by layer against PyTorch's AdamW with a parameter group for each layer, and LoRA against its own
//! gradients.
//!
//! The stored values come from `fixtures/make_tiny_bert.py` and `fixtures/make_tuning.py`.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be read is a failed test"
)]

use std::collections::HashMap;
use std::path::Path;

use encoder::model::ModelFolder;
use encoder_torch::{Lora, TorchEncoder, Tuning, layer_of, trained};
use serde::Deserialize;
use tch::{Device, Kind, Tensor, no_grad};
use trainer::contrastive::optimizer::AdamW;

#[derive(Deserialize)]
struct Reference {
    /// Anchor and positive.
    rows: Vec<[String; 2]>,
    scale: f64,
    rates: Rates,
    lora: Adapted,
}

#[derive(Deserialize)]
struct Rates {
    layer_decay: f64,
    learning_rate: f64,
    weight_decay: f64,
    losses: Vec<f64>,
    parameters: HashMap<String, Changed>,
}

#[derive(Deserialize)]
struct Changed {
    /// L2 norm of what was added to the parameter.
    change: f64,
    /// The first four numbers afterwards.
    first: Vec<f64>,
}

#[derive(Deserialize)]
struct Adapted {
    rank: usize,
    alpha: f64,
    loss: f64,
    /// Of A and B, row after row.
    gradients: HashMap<String, Vec<f64>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("fixtures/tuning.json")).unwrap()
}

fn tiny_bert(tuning: &Tuning) -> TorchEncoder {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-bert");
    TorchEncoder::from_folder(ModelFolder::open(&folder).unwrap(), Device::Cpu, tuning).unwrap()
}

/// Cross entropy of each anchor's own positive among all positives.
fn loss(encoder: &TorchEncoder, reference: &Reference) -> Tensor {
    let vectors = |column: usize| {
        let texts: Vec<&str> = reference.rows.iter().map(|row| row[column].as_str()).collect();
        encoder.embed(&encoder.tokenize(&texts).unwrap(), true).unwrap()
    };
    let scores = vectors(0).matmul(&vectors(1).tr()) * reference.scale;
    let own = Tensor::arange(reference.rows.len() as i64, (Kind::Int64, Device::Cpu));
    scores.cross_entropy_for_logits(&own)
}

#[test]
fn rates_by_layer_follow_pytorchs_parameter_groups() {
    let reference = reference();
    let rates = &reference.rates;
    let encoder = tiny_bert(&Tuning::default());
    let copy = |encoder: &TorchEncoder| -> HashMap<String, Tensor> {
        let variables = encoder.var_store().variables().into_iter();
        variables
            .map(|(name, tensor)| (name, tensor.detach().copy()))
            .collect()
    };
    let before = copy(&encoder);
    let mut optimizer = AdamW::new(encoder.var_store(), rates.weight_decay, rates.layer_decay).unwrap();
    for expected in &rates.losses {
        optimizer.zero_grad().unwrap();
        let loss = loss(&encoder, &reference);
        let difference = (loss.double_value(&[]) - expected).abs();
        assert!(difference < 1e-4 * expected, "{difference} from {expected}");
        loss.backward();
        optimizer.step(rates.learning_rate).unwrap();
    }
    let after = copy(&encoder);
    assert_eq!(rates.parameters.len(), after.len());
    for (name, expected) in &rates.parameters {
        // A key's bias moves all scores of a softmax alike: its gradient is rounding alone, which Adam scales up.
        if name.ends_with("key.bias") {
            continue;
        }
        let change = (&after[name] - &before[name]).norm().double_value(&[]);
        let difference = (change - expected.change).abs();
        assert!(
            difference < 1e-3 * expected.change,
            "{name}: {change} instead of {}",
            expected.change
        );
        for (i, &expected) in expected.first.iter().enumerate() {
            let found = after[name].view(-1).double_value(&[i as i64]);
            assert!(
                (found - expected).abs() < 1e-4,
                "{name}[{i}]: {found} instead of {expected}"
            );
        }
    }
}

/// What the fixture has for A (sine) and B (cosine).
fn fill(parameters: &[(String, Tensor)]) {
    for (name, parameter) in parameters {
        let number = layer_of(name).unwrap() as f64;
        let numbers = Tensor::arange(parameter.numel() as i64, (Kind::Float, Device::Cpu)) + (1.0 + number);
        let values = if name.ends_with("lora_A") {
            numbers.sin()
        } else {
            numbers.cos()
        } / 4.0;
        no_grad(|| parameter.shallow_clone().copy_(&values.view_as(parameter)));
    }
}

#[test]
fn loss_and_gradients_with_lora_are_pytorchs() {
    let reference = reference();
    let expected = &reference.lora;
    let encoder = tiny_bert(&Tuning {
        lora: Some(Lora {
            rank: expected.rank,
            alpha: expected.alpha,
            dropout: 0.0,
            targets: vec!["attention.self.query", "attention.self.value"],
            seed: 1,
        }),
        ..Tuning::default()
    });
    let parameters = trained(encoder.var_store());
    fill(&parameters);
    let loss = loss(&encoder, &reference);
    let difference = (loss.double_value(&[]) - expected.loss).abs();
    assert!(
        difference < 1e-5 * expected.loss,
        "{difference} from {}",
        expected.loss
    );
    loss.backward();
    assert_eq!(parameters.len(), expected.gradients.len());
    for (name, parameter) in &parameters {
        let expected = Tensor::from_slice(&expected.gradients[name]);
        let difference = parameter.grad().view(-1) - &expected;
        let (difference, size) = (difference.abs().max(), expected.abs().max());
        let (difference, size) = (difference.double_value(&[]), size.double_value(&[]));
        assert!(difference < 1e-5 + 1e-4 * size, "{name}: {difference} of {size}");
    }
    let others = encoder.var_store().variables().into_iter();
    let mut others = others.filter(|(name, _)| !name.contains("lora"));
    assert!(others.all(|(_, parameter)| !parameter.grad().defined()));
}
