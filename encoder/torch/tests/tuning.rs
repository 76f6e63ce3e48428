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

use encoder::Encoder;
use encoder::model::{ModelFolder, RELATIVE_POSITIONS};
use encoder_torch::{Lora, TorchEncoder, Tuning, layer_of, trained};
use fixture::{NAMES, folder};
use tch::{Device, Kind, Tensor, no_grad};

fn open(name: &str, tuning: &Tuning) -> TorchEncoder {
    let folder = ModelFolder::open(&folder(name)).unwrap();
    TorchEncoder::from_folder(folder, Device::Cpu, tuning).unwrap()
}

/// The gradients that a training's pass gives, of the parameters that have any.
fn gradients(name: &str, tuning: &Tuning) -> BTreeMap<String, Tensor> {
    let tuning = Tuning {
        dropout: Some(0.0),
        ..tuning.clone()
    };
    let model = open(name, &tuning);
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
            // All layers have relative positions in common, so they are frozen with the first.
            let relative = tuning.freeze_layers == 0;
            expected.retain(|name| layer_of(name) >= lowest || (relative && name == RELATIVE_POSITIONS));
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

fn with_lora(targets: &[&'static str]) -> Tuning {
    Tuning {
        lora: Some(Lora {
            rank: 3,
            alpha: 6.0,
            dropout: 0.0,
            targets: targets.to_vec(),
            seed: 5,
        }),
        ..Tuning::default()
    }
}

const ALL: [&str; 6] = [
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
];

fn vectors(model: &dyn Encoder) -> Vec<f32> {
    let texts = ["fever", "a sore throat and a cough", ""];
    model
        .encode_documents(&texts)
        .unwrap()
        .vectors
        .as_slice()
        .to_vec()
}

#[test]
fn lora_begins_with_the_base_models_vectors_to_the_bit() {
    for name in NAMES {
        let base = vectors(&TorchEncoder::open(&folder(name), Device::Cpu).unwrap());
        assert_eq!(vectors(&open(name, &with_lora(&ALL))), base, "{name}");
    }
}

#[test]
fn only_loras_parameters_have_gradients_also_those_of_one_target_alone() {
    for name in NAMES {
        for target in ALL {
            let names = names(&gradients(name, &with_lora(&[target])));
            let expected: Vec<String> = (0..2)
                .flat_map(|layer| {
                    ["A", "B"].map(|part| format!("encoder.layer.{layer}.{target}.lora_{part}"))
                })
                .collect();
            assert_eq!(names, expected, "{name}");
        }
        let mut upper = with_lora(&ALL);
        upper.freeze_layers = 1;
        let names = names(&gradients(name, &upper));
        assert_eq!(names.len(), 12, "{name}");
        assert!(names.iter().all(|name| layer_of(name) == Some(1)), "{names:?}");
    }
}

#[test]
fn a_model_saved_with_lora_is_an_ordinary_folder_with_the_same_vectors() {
    for name in NAMES {
        let model = open(name, &with_lora(&ALL));
        no_grad(|| {
            for (i, (_, parameter)) in trained(model.var_store()).iter().enumerate() {
                let numbers = Tensor::arange(parameter.numel() as i64, (Kind::Float, Device::Cpu)) + i as f64;
                let mut parameter = parameter.shallow_clone();
                parameter.copy_(&(numbers.sin() / 8.0).view_as(&parameter));
            }
        });
        let saved = tempfile::tempdir().unwrap();
        model.save(saved.path()).unwrap();
        let names = |folder| {
            ModelFolder::open(folder)
                .unwrap()
                .tensor_names()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(saved.path()), names(&folder(name)), "{name}");
        let (here, base) = (
            vectors(&model),
            vectors(&TorchEncoder::open(&folder(name), Device::Cpu).unwrap()),
        );
        let largest = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest(&here, &base) > 0.01, "{name}: LoRA changes the vectors");
        let torch = vectors(&TorchEncoder::open(saved.path(), Device::Cpu).unwrap());
        let candle = vectors(&*encoder::open_candle(saved.path()).unwrap());
        assert!(
            largest(&here, &torch) < 1e-5,
            "{name}: {}",
            largest(&here, &torch)
        );
        assert!(
            largest(&here, &candle) < 1e-5,
            "{name}: {}",
            largest(&here, &candle)
        );
    }
}
