//! Models of which a part is trained: which parameters have gradients, and what these are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    dead_code,
    reason = "a test may fail loudly"
)]

#[path = "../../tests/fixture/architectures.rs"]
mod fixture;

use std::collections::BTreeMap;

use encoder::model::ModelFolder;
use encoder_torch::{TorchEncoder, Tuning, layer_of};
use fixture::{NAMES, folder};
use tch::{Device, Kind, Tensor};

/// The gradients that a training's pass gives, of the parameters that have any.
fn gradients(name: &str, tuning: &Tuning) -> BTreeMap<String, Tensor> {
    let tuning = Tuning {
        dropout: Some(0.0),
        ..tuning.clone()
    };
    let folder = ModelFolder::open(&folder(name)).unwrap();
    let model = TorchEncoder::from_folder(folder, Device::Cpu, &tuning).unwrap();
    let batch = model.tokenize(&["fever", "a sore throat and a cough"]).unwrap();
    let weights = Tensor::arange(16, (Kind::Float, Device::Cpu)) / 16.0;
    let vectors = model.embed(&batch, true).unwrap();
    (vectors * weights).sum(Kind::Float).backward();
    let variables = model.var_store().variables().into_iter();
    let gradients = variables.map(|(name, tensor)| (name, tensor.grad()));
    let defined = gradients.filter(|(_, gradient)| gradient.defined());
    // That of the words is sparse.
    defined
        .map(|(name, gradient)| (name, gradient.to_dense(None::<Kind>, false)))
        .collect()
}

#[test]
fn what_is_frozen_has_no_gradients_and_what_is_not_has_those_of_the_whole_model() {
    let frozen = |freeze_embeddings, freeze_layers| Tuning {
        freeze_embeddings,
        freeze_layers,
        ..Tuning::default()
    };
    for name in NAMES {
        let whole = gradients(name, &Tuning::default());
        for (tuning, lowest) in [
            (frozen(true, 0), Some(0)),
            (frozen(false, 1), Some(1)),
            (frozen(true, 1), Some(1)),
        ] {
            let part = gradients(name, &tuning);
            let mut expected = names(&whole);
            expected.retain(|name| layer_of(name) >= lowest);
            assert_eq!(names(&part), expected, "{name}, {tuning:?}");
            assert!(!expected.is_empty());
            for (parameter, gradient) in &part {
                let difference = (gradient - &whole[parameter]).abs().max().double_value(&[]);
                assert!(
                    difference <= 1e-6,
                    "{name}, {tuning:?}, {parameter}: {difference}"
                );
            }
        }
    }
}

fn names(gradients: &BTreeMap<String, Tensor>) -> Vec<String> {
    gradients.keys().cloned().collect()
}
