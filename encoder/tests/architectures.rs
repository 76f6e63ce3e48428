//! BERT's relatives give sentence-transformers' token ids and vectors, whatever names their files have for the
//! parameters. The fixtures are made by `fixtures/make_architectures.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

#[path = "fixture/architectures.rs"]
mod fixture;

use std::fs;
use std::path::Path;

use encoder::model::{Architecture, ModelFolder, note_on_raw};
use fixture::{NAMES, assert_parity, cases, folder};
use safetensors::tensor::{Dtype, TensorView};

/// A copy of a fixture's files, without its subfolders.
fn copy(name: &str) -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, target.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    target
}

/// Writes the weights again under other names, as another type.
fn rewrite(folder: &Path, name: &dyn Fn(&str) -> String, kind: Dtype) {
    let path = folder.join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let convert = |data: &[u8]| -> Vec<u8> {
        let numbers = data.as_chunks().0.iter();
        let numbers = numbers.map(|&bytes| f32::from_le_bytes(bytes));
        match kind {
            Dtype::F16 => numbers
                .flat_map(|x| half::f16::from_f32(x).to_le_bytes())
                .collect(),
            Dtype::F64 => numbers.flat_map(|x| f64::from(x).to_le_bytes()).collect(),
            _ => data.to_vec(),
        }
    };
    let tensors: Vec<_> = file
        .iter()
        .map(|(old, view)| (name(old), view.shape().to_vec(), convert(view.data())))
        .collect();
    let views = tensors
        .iter()
        .map(|(name, shape, data)| (name, TensorView::new(kind, shape.clone(), data).unwrap()));
    fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn token_ids_equal_those_of_sentence_transformers() {
    for name in NAMES {
        let folder = ModelFolder::open(&folder(name)).unwrap();
        assert_eq!((folder.max_length(), folder.bert().longest_text()), (40, 40));
        for case in cases(name) {
            let found = folder.tokenizer().tokenize("", &[&case.text]).unwrap();
            assert_eq!(found[0].ids, case.ids, "{name}, {:?}", case.text);
        }
        let padding = usize::from(name.contains("roberta") || name == "mpnet");
        assert_eq!(folder.tokenizer().pad_id() as usize, padding);
    }
}

#[test]
fn candle_vectors_equal_those_of_sentence_transformers() {
    for name in NAMES {
        let encoder = encoder::open_candle(&folder(name)).unwrap();
        assert_parity(name, &*encoder);
        let architecture = &encoder.fingerprint().architecture;
        assert!(
            architecture.starts_with(&format!("{name} 2x16")),
            "{architecture}"
        );
    }
}

#[test]
fn every_usual_name_of_a_parameter_is_found() {
    let roberta = copy("roberta");
    let bare = |name: &str| name.strip_prefix("roberta.").unwrap_or(name).to_owned();
    rewrite(roberta.path(), &bare, Dtype::F32);
    assert_parity("roberta", &*encoder::open(roberta.path()).unwrap());
    let first = |name: &str| {
        let name = name.replace("LayerNorm.weight", "LayerNorm.gamma");
        name.replace("LayerNorm.bias", "LayerNorm.beta")
    };
    rewrite(roberta.path(), &first, Dtype::F32);
    assert_parity("roberta", &*encoder::open(roberta.path()).unwrap());
    let distilbert = copy("distilbert");
    fs::remove_file(distilbert.path().join("modules.json")).unwrap();
    rewrite(
        distilbert.path(),
        &|name| format!("distilbert.{name}"),
        Dtype::F32,
    );
    assert_parity("distilbert", &*encoder::open(distilbert.path()).unwrap());
}

#[test]
fn half_precision_is_read_and_other_numbers_are_refused() {
    let roberta = copy("roberta");
    rewrite(roberta.path(), &str::to_owned, Dtype::F16);
    let halves = encoder::open(roberta.path()).unwrap();
    let full = encoder::open(&folder("roberta")).unwrap();
    let encode = |encoder: &dyn encoder::Encoder| encoder.encode_queries(&["fever"]).unwrap().vectors;
    let cosine = encoder::vectors::dot(encode(&*halves).row(0), encode(&*full).row(0));
    assert!(cosine > 0.999, "{cosine}");
    let wide = copy("roberta");
    rewrite(wide.path(), &str::to_owned, Dtype::F64);
    let error = ModelFolder::open(wide.path()).err().unwrap().to_string();
    assert!(
        error.contains("F64") && error.contains("F32, F16, BF16"),
        "{error}"
    );
}

#[test]
fn a_raw_model_gets_mean_pooling_and_unit_vectors() {
    let raw = folder("roberta");
    assert_eq!(Architecture::of(&raw).unwrap(), Architecture::Bert);
    let opened = ModelFolder::open(&raw).unwrap();
    assert_eq!((opened.pooling().name(), opened.normalize()), ("mean", true));
    let note = note_on_raw(&raw).unwrap();
    assert!(
        note.contains("mean pooling") && note.contains("modules.json"),
        "{note}"
    );
    assert_eq!(note_on_raw(&folder("bert")), None);
}

#[test]
fn files_of_older_models_are_named_with_the_way_to_convert_them() {
    let error = |present: &str, missing: &str| {
        let folder = copy("roberta");
        fs::write(folder.path().join(present), "").unwrap();
        fs::remove_file(folder.path().join(missing)).unwrap();
        ModelFolder::open(folder.path()).err().unwrap().to_string()
    };
    let tokenizer = error("vocab.txt", "tokenizer.json");
    assert!(
        tokenizer.contains("vocab.txt") && tokenizer.contains("AutoTokenizer.from_pretrained"),
        "{tokenizer}"
    );
    let weights = error("pytorch_model.bin", "model.safetensors");
    assert!(
        weights.contains("pytorch_model.bin") && weights.contains("save_pretrained"),
        "{weights}"
    );
}
