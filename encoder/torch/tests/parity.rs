//! libtorch's vectors equal those of sentence-transformers and of the candle backend, and a saved
//! model gives the same vectors in both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

#[path = "../../tests/fixture/mod.rs"]
mod fixture;

use std::collections::BTreeMap;

use encoder::model::ModelFolder;
use encoder::{Encoder, Precision};
use encoder_torch::{TorchEncoder, Tuning};
use fixture::{assert_parity, assert_truncated_parity, base_model, cases, truncated};
use tch::Device;

fn largest_difference(a: &dyn Encoder, b: &dyn Encoder) -> f32 {
    let cases = cases();
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let (a, b) = (
        a.encode_documents(&texts).unwrap().vectors,
        b.encode_documents(&texts).unwrap().vectors,
    );
    a.as_slice()
        .iter()
        .zip(b.as_slice())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn torch_vectors_equal_those_of_sentence_transformers() {
    assert_parity(&*encoder_torch::open(&base_model(), Device::Cpu).unwrap());
}

#[test]
fn truncated_vectors_equal_those_of_sentence_transformers_and_what_is_trained_is_whole() {
    let (length, _) = truncated("all-MiniLM-L6-v2");
    let folder = ModelFolder::open(&base_model()).unwrap();
    let folder = folder.with_truncate_dim(length).unwrap();
    let model = TorchEncoder::from_folder(folder, Device::Cpu, &Tuning::default()).unwrap();
    assert_truncated_parity("all-MiniLM-L6-v2", &model);
    let batch = model.tokenize(&["fever", "a sore throat"]).unwrap();
    assert_eq!(model.embed(&batch, false).unwrap().size(), [2, 384]);
}

#[test]
fn both_backends_agree_to_1e_5_per_component() {
    let torch = encoder_torch::open(&base_model(), Device::Cpu).unwrap();
    let candle = encoder::open_candle(&base_model()).unwrap();
    let difference = largest_difference(&*torch, &*candle);
    assert!(difference <= 1e-5, "{difference}");
    assert_eq!(torch.fingerprint(), candle.fingerprint());
}

/// The fused forward pass against rust-bert's own: vectors and the gradient of every parameter.
#[test]
fn fused_attention_gives_rust_berts_vectors_and_gradients() {
    let model = TorchEncoder::open(&base_model(), Device::Cpu).unwrap();
    let batch = model
        .tokenize(&[
            "What are the symptoms of diabetes?",
            "fever",
            "a sore throat and a rash",
        ])
        .unwrap();
    let gradients = |vectors: &tch::Tensor| {
        let weights = tch::Tensor::arange(384, (tch::Kind::Float, Device::Cpu)) / 384.0;
        (vectors * weights).sum(tch::Kind::Float).backward();
        let take = |parameter: &mut tch::Tensor| {
            let gradient = parameter.grad().copy();
            parameter.zero_grad();
            gradient
        };
        let parameters: BTreeMap<String, tch::Tensor> = model.var_store().variables().into_iter().collect();
        parameters
            .into_iter()
            .map(|(name, mut parameter)| (name, take(&mut parameter)))
            .collect::<Vec<_>>()
    };
    let fused = model.embed(&batch, false).unwrap();
    let reference = model.embed_by_rust_bert(&batch).unwrap();
    assert!((&fused - &reference).abs().max().double_value(&[]) <= 1e-6);
    let (fused, reference) = (gradients(&fused), gradients(&reference));
    assert_eq!(fused.len(), 101);
    for ((name, fused), (other, reference)) in fused.iter().zip(&reference) {
        assert_eq!(name, other);
        let (difference, size) = (fused - reference, reference.abs().max().double_value(&[]));
        let difference = difference.abs().max().double_value(&[]);
        assert!(difference <= 1e-5 + 1e-4 * size, "{name}: {difference} of {size}");
    }
}

/// Each pooling, with and without normalization, on a model of random weights.
#[test]
fn backends_agree_for_every_pooling() {
    for pooling in ["mean", "cls", "max"] {
        for normalize in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            encoder::testing::write_tiny_model(folder.path(), 1).unwrap();
            let config = serde_json::json!({"embedding_dimension": 32, "pooling_mode": pooling});
            std::fs::write(folder.path().join("1_Pooling/config.json"), config.to_string()).unwrap();
            if !normalize {
                let path = folder.path().join("modules.json");
                let mut modules: Vec<serde_json::Value> =
                    serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                modules.pop();
                std::fs::write(&path, serde_json::Value::from(modules).to_string()).unwrap();
            }
            let torch = encoder_torch::open(folder.path(), Device::Cpu).unwrap();
            let candle = encoder::open_candle(folder.path()).unwrap();
            let difference = largest_difference(&*torch, &*candle);
            assert!(
                difference <= 1e-5,
                "{pooling}, normalize {normalize}: {difference}"
            );
        }
    }
}

#[test]
fn a_saved_model_gives_the_same_vectors() {
    let (folder, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    encoder::testing::write_tiny_model(folder.path(), 7).unwrap();
    let model = TorchEncoder::open(folder.path(), Device::Cpu).unwrap();
    model.save(saved.path()).unwrap();
    let again = encoder::open_candle(saved.path()).unwrap();
    assert!(largest_difference(&model, &*again) <= 1e-5);
    assert_eq!(again.max_length(), model.max_length());
}

#[test]
fn a_saved_model_keeps_what_it_says_about_lengths() {
    let (folder, saved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    encoder::testing::write_tiny_model(folder.path(), 7).unwrap();
    let read = ModelFolder::open(folder.path()).unwrap();
    let read = read.with_truncate_dim(8).unwrap().with_matryoshka(&[8, 16]);
    let model = TorchEncoder::from_folder(read, Device::Cpu, &Tuning::default()).unwrap();
    model.save(saved.path()).unwrap();
    let again = ModelFolder::open(saved.path()).unwrap();
    assert_eq!((again.dimensions().kept(), again.dimensions().full()), (8, 32));
    assert_eq!(again.dimensions().matryoshka(), [16, 8]);
    let again = encoder::open_candle(saved.path()).unwrap();
    assert!(largest_difference(&model, &*again) <= 1e-5);
    let mut here = model.fingerprint().clone();
    here.weights.clone_from(&again.fingerprint().weights);
    assert_eq!(again.fingerprint().difference(&here), None);
}

#[test]
fn bfloat16_gives_nearly_the_same_vectors_settled_or_not() {
    let folder = tempfile::tempdir().unwrap();
    encoder::testing::write_tiny_model(folder.path(), 7).unwrap();
    let open = || TorchEncoder::open(folder.path(), Device::Cpu).unwrap();
    let exact = open();
    let rough = open().with_precision(Precision::Bf16);
    let settled = open().with_precision(Precision::Bf16).settled().unwrap();
    let difference = largest_difference(&exact, &rough);
    assert!((1e-6..0.02).contains(&difference), "{difference}");
    assert_eq!(largest_difference(&rough, &settled), 0.0);
    assert_eq!(largest_difference(&exact, &open().settled().unwrap()), 0.0);
}

#[test]
fn backends_agree_for_another_layer_norm_epsilon() {
    let folder = tempfile::tempdir().unwrap();
    encoder::testing::write_tiny_model(folder.path(), 1).unwrap();
    let path = folder.path().join("config.json");
    let config = std::fs::read_to_string(&path).unwrap().replace("1e-12", "0.1");
    std::fs::write(&path, config).unwrap();
    let torch = encoder_torch::open(folder.path(), Device::Cpu).unwrap();
    let candle = encoder::open_candle(folder.path()).unwrap();
    let difference = largest_difference(&*torch, &*candle);
    assert!(difference <= 1e-5, "{difference}");
}
