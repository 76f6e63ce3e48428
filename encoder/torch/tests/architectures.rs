//! BERT's relatives on libtorch: sentence-transformers' vectors, rust-bert's gradients, and a saved folder with the
//! family's own names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

#[path = "../../tests/fixture/architectures.rs"]
mod fixture;

use std::collections::BTreeMap;

use encoder::model::{ModelFolder, RELATIVE_POSITIONS};
use encoder_torch::TorchEncoder;
use fixture::{NAMES, assert_parity, cases, folder};
use tch::{Device, Kind, Tensor};

#[test]
fn torch_vectors_equal_those_of_sentence_transformers() {
    for name in NAMES {
        assert_parity(name, &*encoder_torch::open(&folder(name), Device::Cpu).unwrap());
    }
}

/// rust-bert's LayerNorm has another epsilon than the two RoBERTas; on these weights that is below 1e-4. It takes
/// the token 0 for padding, which has no gradient, where the RoBERTas' padding is 1, in words and in positions (PyTorch's
/// `padding_idx`): those rows are left out.
#[test]
fn vectors_and_gradients_are_those_of_rust_bert() {
    // rust-bert has no relative positions.
    for name in NAMES.into_iter().filter(|name| *name != "mpnet") {
        let model = TorchEncoder::open(&folder(name), Device::Cpu).unwrap();
        let cases = cases(name);
        let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
        let batch = model.tokenize(&texts).unwrap();
        for (tokens, case) in model.tokens(&texts).unwrap().iter().zip(&cases) {
            assert_eq!(tokens.ids, case.ids, "{name}, {:?}", case.text);
        }
        let gradients = |vectors: &Tensor| {
            let weights = Tensor::arange(16, (Kind::Float, Device::Cpu)) / 16.0;
            (vectors * weights).sum(Kind::Float).backward();
            let parameters: BTreeMap<String, Tensor> = model.var_store().variables().into_iter().collect();
            let taken = parameters.into_iter().map(|(name, mut parameter)| {
                let gradient = parameter.grad().copy();
                parameter.zero_grad();
                (name, gradient)
            });
            taken.collect::<Vec<_>>()
        };
        let ours = model.embed(&batch, false).unwrap();
        let reference = model.embed_by_rust_bert(&batch).unwrap();
        let difference = (&ours - &reference).abs().max().double_value(&[]);
        assert!(difference <= 1e-4, "{name}: {difference}");
        for ((parameter, ours), (_, reference)) in gradients(&ours).iter().zip(gradients(&reference)) {
            let rows = |gradient: &Tensor| match name.contains("roberta")
                && parameter.ends_with("_embeddings.weight")
            {
                true if gradient.size()[0] > 2 => gradient.narrow(0, 2, gradient.size()[0] - 2),
                _ => gradient.shallow_clone(),
            };
            let (ours, reference) = (rows(ours), rows(&reference));
            let size = reference.abs().max().double_value(&[]);
            let difference = (ours - reference).abs().max().double_value(&[]);
            assert!(
                difference <= 1e-4 + 1e-3 * size,
                "{name}, {parameter}: {difference} of {size}"
            );
        }
    }
}

/// The gradient that PyTorch finds, through texts of several lengths in one padded batch.
#[test]
fn relative_positions_get_pytorchs_gradient() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/fixtures/architectures/cases.json")).unwrap();
    let expected: Vec<f64> = serde_json::from_value(fixture["mpnet_gradient"].clone()).unwrap();
    let model = TorchEncoder::open(&folder("mpnet"), Device::Cpu).unwrap();
    let cases = cases("mpnet");
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let vectors = model.embed(&model.tokenize(&texts).unwrap(), false).unwrap();
    let weights = Tensor::arange(16, (Kind::Float, Device::Cpu)) / 16.0;
    (vectors * weights).sum(Kind::Float).backward();
    let gradient = model.var_store().variables()[RELATIVE_POSITIONS].grad();
    let found: Vec<f64> = (&gradient.view(-1).to_kind(Kind::Double)).try_into().unwrap();
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(0.0, |size, x| f64::max(size, x.abs()));
    assert!(size > 1e-3, "{expected:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * size, "{found} {expected}");
    }
}

#[test]
fn a_saved_model_has_its_familys_names_and_gives_the_same_vectors() {
    for name in NAMES {
        let saved = tempfile::tempdir().unwrap();
        let model = TorchEncoder::open(&folder(name), Device::Cpu).unwrap();
        model.save(saved.path()).unwrap();
        assert_parity(name, &*encoder::open_candle(saved.path()).unwrap());
        let again = ModelFolder::open(saved.path()).unwrap();
        let query = &again.tensor_names()["encoder.layer.1.attention.self.query.weight"];
        let expected = match name {
            "distilbert" => "transformer.layer.1.attention.q_lin.weight",
            "mpnet" => "encoder.layer.1.attention.attn.q.weight",
            _ => "encoder.layer.1.attention.self.query.weight",
        };
        assert_eq!(query, expected, "{name}");
        assert_eq!(again.max_length(), 40);
        assert!(saved.path().join("modules.json").exists(), "{name}");
    }
}
