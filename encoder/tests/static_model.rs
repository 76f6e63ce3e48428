//! Static models: token ids and vectors equal those of sentence-transformers' `StaticEmbedding`, in every layout
//! that its releases write, and every way in which a folder can be wrong gives one error that names the file.
//! The folders and vectors are made by `fixtures/make_static.py`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::{Path, PathBuf};

use encoder::model::{Architecture, ModelFolder, StaticFolder};
use encoder::vectors::dot;
use serde_json::{Value, json};

const NAMES: [&str; 2] = ["static-words", "static-pieces"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn cases(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_slice(&fs::read(fixtures().join("static.json")).unwrap()).unwrap();
    all[name].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f32> {
    let all = value.as_array().unwrap().iter();
    all.map(|number| number.as_f64().unwrap() as f32).collect()
}

/// A copy of a fixture, to be changed.
fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixtures().join(name)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// The layout of sentence-transformers before 5: a folder and another class path for the table.
fn into_a_folder_of_its_own(folder: &Path) {
    fs::create_dir(folder.join("0_StaticEmbedding")).unwrap();
    for name in ["model.safetensors", "tokenizer.json"] {
        fs::rename(folder.join(name), folder.join("0_StaticEmbedding").join(name)).unwrap();
    }
    let path = folder.join("modules.json");
    let mut modules: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    modules[0]["path"] = json!("0_StaticEmbedding");
    modules[0]["type"] = json!("sentence_transformers.models.StaticEmbedding");
    fs::write(path, modules.to_string()).unwrap();
}

fn assert_parity(folder: &Path, name: &str) {
    let encoder = encoder::open(folder).unwrap();
    let cases = cases(name);
    let texts: Vec<&str> = cases.iter().map(|case| case["text"].as_str().unwrap()).collect();
    for (role, encoded) in [
        ("query", encoder.encode_queries(&texts).unwrap()),
        ("document", encoder.encode_documents(&texts).unwrap()),
    ] {
        for (case, ours) in cases.iter().zip(encoded.vectors.rows()) {
            let theirs = numbers(&case[role]);
            let largest = theirs
                .iter()
                .fold(1.0_f32, |largest, value| largest.max(value.abs()));
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let difference = (ours - theirs).abs();
                assert!(
                    difference <= 2e-6 * largest,
                    "{name} {role} {}: {ours} {theirs}",
                    case["text"]
                );
            }
            let length = dot(&theirs, &theirs).sqrt() * dot(ours, ours).sqrt();
            assert!(
                length == 0.0 || dot(ours, &theirs) / length >= 0.99999,
                "{}",
                case["text"]
            );
        }
    }
}

#[test]
fn token_ids_equal_those_of_static_embedding() {
    for name in NAMES {
        let tokenizer = StaticFolder::open(&fixtures().join(name)).unwrap().tokenizer();
        for case in cases(name) {
            let found = tokenizer.tokenize("", &[case["text"].as_str().unwrap()]).unwrap();
            assert_eq!(json!(found[0].ids), case["ids"], "{name} {}", case["text"]);
        }
    }
}

#[test]
fn vectors_equal_those_of_static_embedding_in_both_layouts() {
    for name in NAMES {
        assert_parity(&fixtures().join(name), name);
        let folder = copy(name);
        into_a_folder_of_its_own(folder.path());
        assert_parity(folder.path(), name);
    }
}

#[test]
fn half_precision_and_model2vec_names_are_read() {
    let folder = copy("static-words");
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let table = file.tensor("embedding.weight").unwrap();
    let halves: Vec<u8> = table
        .data()
        .as_chunks()
        .0
        .iter()
        .flat_map(|&number| half::f16::from_f32(f32::from_le_bytes(number)).to_le_bytes())
        .collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, table.shape().to_vec(), &halves);
    let smaller = safetensors::serialize([("embeddings", view.unwrap())], None).unwrap();
    fs::write(&path, smaller).unwrap();
    let encode = |folder: &Path| {
        encoder::open(folder)
            .unwrap()
            .encode_queries(&["fever and cough"])
            .unwrap()
    };
    let (full, half) = (encode(&fixtures().join("static-words")), encode(folder.path()));
    let cosine = dot(full.vectors.row(0), half.vectors.row(0));
    assert!(cosine > 0.99999 && full.vectors != half.vectors, "{cosine}");
}

#[test]
fn a_text_without_a_known_word_is_zeros() {
    let encoder = encoder::open(&fixtures().join("static-words")).unwrap();
    let encoded = encoder.encode_documents(&["zyzzyva", "", "fever"]).unwrap();
    assert!(
        encoded
            .vectors
            .row(0)
            .iter()
            .chain(encoded.vectors.row(1))
            .all(|value| *value == 0.0)
    );
    assert!((dot(encoded.vectors.row(2), encoded.vectors.row(2)) - 1.0).abs() < 1e-6);
    assert_eq!(encoder.encode_queries(&[]).unwrap().vectors.len(), 0);
}

#[test]
fn texts_are_cut_only_where_the_tokenizer_says_so() {
    let long = "fever ".repeat(1000);
    let encoder = encoder::open(&fixtures().join("static-words")).unwrap();
    assert_eq!(encoder.max_length(), usize::MAX);
    let encoded = encoder.encode_documents(&[&long]).unwrap();
    assert_eq!((encoded.truncated, encoded.tokens), (0, 1000));
    let encoder = encoder::open(&fixtures().join("static-pieces")).unwrap();
    assert_eq!(encoder.max_length(), 64);
    let encoded = encoder.encode_documents(&[&long, "fever"]).unwrap();
    assert_eq!((encoded.truncated, encoded.tokens), (1, 65));
}

#[test]
fn the_fingerprint_names_the_architecture_and_notices_every_part() {
    let words = encoder::open(&fixtures().join("static-words")).unwrap();
    let fingerprint = words.fingerprint();
    let rows = StaticFolder::open(&fixtures().join("static-words"))
        .unwrap()
        .table()
        .rows;
    assert_eq!(fingerprint.architecture, format!("static {rows}x12"));
    assert_eq!(
        (fingerprint.pooling.as_str(), fingerprint.normalize),
        ("mean", true)
    );
    let difference = |change: &dyn Fn(&Path)| {
        let folder = copy("static-words");
        change(folder.path());
        let other = encoder::open(folder.path()).unwrap();
        fingerprint
            .difference(other.fingerprint())
            .map(|difference| difference.field)
    };
    assert_eq!(
        difference(&into_a_folder_of_its_own),
        None,
        "the layout does not matter"
    );
    assert_eq!(
        difference(&|folder| flip_the_last_bit(&folder.join("model.safetensors"))),
        Some("weights")
    );
    let spaced = |folder: &Path| {
        let path = folder.join("tokenizer.json");
        fs::write(&path, fs::read_to_string(&path).unwrap() + "\n").unwrap();
    };
    assert_eq!(difference(&spaced), Some("tokenizer"));
    let bare = |folder: &Path| {
        edit(folder, "modules.json", |modules| {
            modules.as_array_mut().unwrap().truncate(1)
        })
    };
    assert_eq!(difference(&bare), Some("normalize"));
}

fn flip_the_last_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 0x40;
    fs::write(path, bytes).unwrap();
}

fn edit(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(name);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
}

/// Lets `spoil` change a good folder, and expects the words in the error.
fn refused(spoil: impl FnOnce(&Path), words: &[&str]) {
    let folder = copy("static-words");
    spoil(folder.path());
    let error = encoder::open(folder.path()).err().expect("an error").to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
}

#[test]
fn damaged_folders_are_refused_by_name() {
    refused(
        |folder| fs::remove_file(folder.join("modules.json")).unwrap(),
        &[
            "expected a model folder",
            "config.json",
            "found a folder without modules.json",
        ],
    );
    refused(
        |folder| fs::write(folder.join("modules.json"), "{").unwrap(),
        &["modules.json"],
    );
    for name in ["model.safetensors", "tokenizer.json"] {
        refused(
            |folder| fs::remove_file(folder.join(name)).unwrap(),
            &[name, "cannot be read"],
        );
        refused(|folder| fs::write(folder.join(name), "{").unwrap(), &[name]);
    }
    let cut = |folder: &Path| {
        let path = folder.join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 4]).unwrap();
    };
    refused(cut, &["model.safetensors", "bytes", "cut off"]);
    let more = |folder: &Path| {
        edit(folder, "tokenizer.json", |tokenizer| {
            let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
            vocabulary.insert("more".into(), json!(vocabulary.len()));
        })
    };
    refused(more, &["tokenizer.json", "vocabulary", "another model"]);
    let damaged = |folder: &Path| {
        let path = folder.join("model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - 3 * 12 * 4; // before the phrase's row and that of unknown words: the last word's
        bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        fs::write(path, bytes).unwrap();
    };
    let folder = copy("static-words");
    damaged(folder.path());
    let encoder = encoder::open(folder.path()).unwrap();
    let error = encoder
        .encode_documents(&["fever", "x²"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("x²") && error.contains("not finite"), "{error}");
}

/// A file of one tensor of zeros.
fn write_tensor(folder: &Path, name: &str, kind: safetensors::Dtype, shape: &[usize]) {
    let data = vec![0; shape.iter().product::<usize>() * kind.bitsize() / 8];
    let view = safetensors::tensor::TensorView::new(kind, shape.to_vec(), &data).unwrap();
    let file = safetensors::serialize([(name, view)], None).unwrap();
    fs::write(folder.join("model.safetensors"), file).unwrap();
}

#[test]
fn other_tables_are_refused_by_name() {
    use safetensors::Dtype::{F32, F64, I8};
    let table = |name: &'static str, kind, shape: &'static [usize]| {
        move |folder: &Path| write_tensor(folder, name, kind, shape)
    };
    let file = "model.safetensors";
    refused(table("other", F32, &[2, 3]), &[file, "embedding.weight", "other"]);
    refused(
        table("embedding.weight", F64, &[2, 3]),
        &[file, "F64", "F32 or F16"],
    );
    refused(table("embeddings", I8, &[2, 3]), &[file, "I8"]);
    refused(table("embedding.weight", F32, &[6]), &[file, "[6]"]);
    refused(table("embedding.weight", F32, &[0, 3]), &[file, "[0, 3]"]);
    refused(
        table("embedding.weight", F32, &[5, 3]),
        &["tokenizer.json", "5 tokens"],
    );
    refused(
        table("embedding.weight", F32, &[5000, 3]),
        &["tokenizer.json", "5000 tokens"],
    );
}

#[test]
fn the_architectures_are_told_apart() {
    let words = fixtures().join("static-words");
    assert_eq!(Architecture::of(&words).unwrap(), Architecture::Static);
    let error = ModelFolder::open(&words).err().unwrap().to_string();
    assert!(
        error.contains("modules.json") && error.contains("static") && error.contains("BERT"),
        "{error}"
    );
    let bert = tempfile::tempdir().unwrap();
    encoder::testing::write_tiny_model(bert.path(), 3).unwrap();
    assert_eq!(Architecture::of(bert.path()).unwrap(), Architecture::Bert);
    assert!(encoder::open(bert.path()).is_ok());
    let error = StaticFolder::open(bert.path()).err().unwrap().to_string();
    assert!(
        error.contains("modules.json") && error.contains("StaticEmbedding"),
        "{error}"
    );
}
