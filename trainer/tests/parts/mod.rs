//! Trainings that leave a part of the model as it is.

mod lora;

use std::collections::BTreeMap;
use std::path::Path;

use encoder::model::ModelFolder;
use tch::Tensor;

use super::contrastive::{RESUME, TRAIN, compare_with_whole, done, long_place, stop_at};
use super::families::{BASES, start_from};
use super::refused;
use crate::workplace::{Workplace, stderr, stdout};

/// All weights of a model by BERT's names.
fn weights(folder: &Path) -> BTreeMap<String, Vec<f32>> {
    let tensors = Tensor::read_safetensors(folder.join("model.safetensors")).unwrap();
    let in_file: BTreeMap<String, Tensor> = tensors.into_iter().collect();
    let folder = ModelFolder::open(folder).unwrap();
    let values = |(name, stored): (&String, &String)| {
        let values = Vec::try_from(in_file[stored].view(-1)).unwrap();
        (name.clone(), values)
    };
    folder.tensor_names().iter().map(values).collect()
}

/// The weights of the base model (`None`: the workplace's own) that a training of a few steps with `settings` changes.
fn changed(base: Option<&str>, settings: &str) -> Vec<String> {
    let place = Workplace::new();
    if let Some(name) = base {
        start_from(&place, name);
    }
    place.set("epochs = 4", &format!("max_steps = 5\n{settings}"));
    changed_by_training(&place)
}

/// The weights of the base model that training changes.
fn changed_by_training(place: &Workplace) -> Vec<String> {
    done(&place.train(&TRAIN));
    let (before, mut after) = (weights(&place.path("base")), weights(&place.path("models/small")));
    assert_eq!(before.len(), after.len(), "the same tensors as before");
    after.retain(|name, values| {
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        bits(&before[name]) != bits(values)
    });
    after.into_keys().collect()
}

#[test]
fn frozen_weights_are_the_same_to_the_bit_and_all_others_change() {
    for base in BASES {
        let all = changed(base, "");
        let is_embedding = |name: &&String| name.starts_with("embeddings.");
        assert!(all.iter().any(|name| is_embedding(&name)), "{base:?}");
        let mut expected = all.clone();
        expected.retain(|name| !is_embedding(&name));
        assert_eq!(changed(base, "freeze_embeddings = true"), expected, "{base:?}");
        expected.retain(|name| name.starts_with("encoder.layer.1."));
        assert_eq!(changed(base, "freeze_layers = 1"), expected, "{base:?}");
        assert!(expected.len() >= 15, "{base:?}: {expected:?}");
    }
}

#[test]
fn a_model_without_a_layer_that_learns_is_refused() {
    let place = Workplace::new();
    place.set("epochs = 4", "freeze_layers = 2");
    refused(&place, &TRAIN, &["train.freeze_layers = 2", "0 to 1", "2 layers"]);
}

#[test]
fn how_much_is_trained_is_said_and_expected_to_cost_less() {
    let check = |settings: &str| {
        let place = Workplace::new();
        place.set("epochs = 4", settings);
        let output = place.train(&["check", "--config", "small.toml", "--json"]);
        let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let memory = report["memory_bytes"].as_u64();
        (memory.unwrap(), stderr(&output))
    };
    let (whole, said) = check("epochs = 4");
    assert!(!said.contains("parameters are trained"), "{said}");
    let (part, said) = check("epochs = 4\nfreeze_layers = 1");
    assert!(said.contains("parameters are trained"), "{said}");
    assert!(part < whole, "{part} of {whole}");
}

#[test]
fn stopped_with_frozen_parts_and_rates_by_layer_it_goes_on_to_the_same_bits() {
    let place = long_place();
    place.set(
        "dropout = 0.2",
        "dropout = 0.2\nfreeze_embeddings = true\nlayer_decay = 0.8",
    );
    stop_at(&place, &TRAIN, 3);
    stop_at(&place, &RESUME, 700);
    let stored = Tensor::read_safetensors(place.path("models/.small.checkpoint/learning")).unwrap();
    let frozen = |name: &str| name.contains(".embeddings.");
    assert!(
        stored.iter().all(|(name, _)| !frozen(name)),
        "frozen parts have a state"
    );
    place.set("layer_decay = 0.8", "layer_decay = 0.7");
    refused(&place, &RESUME, &["train.layer_decay = 0.8, now it is 0.7"]);
    place.set("layer_decay = 0.7", "layer_decay = 0.8");
    place.set("freeze_embeddings = true", "freeze_layers = 1");
    refused(
        &place,
        &RESUME,
        &["train.freeze_embeddings = true, now it is false"],
    );
    place.set("freeze_layers = 1", "freeze_embeddings = true");
    done(&place.train(&RESUME));
    compare_with_whole(&place);
}
