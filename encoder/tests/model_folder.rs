//! Every way in which a model folder can be wrong gives one error that names the file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::path::Path;

use encoder::model::ModelFolder;
use serde_json::{Value, json};

/// Makes a good folder, lets `spoil` change it, and expects the words in the error.
fn refused(spoil: impl FnOnce(&Path), words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    encoder::testing::write_tiny_model(folder.path(), 3).unwrap();
    ModelFolder::open(folder.path()).expect("a good folder");
    spoil(folder.path());
    let error = encoder::open_candle(folder.path())
        .err()
        .expect("an error")
        .to_string();
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
}

fn edit(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(name);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
}

#[test]
fn missing_files_are_named() {
    refused(
        |folder| fs::remove_file(folder.join("modules.json")).unwrap(),
        &["expected a model folder", "a folder without modules.json"],
    );
    for name in [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "1_Pooling/config.json",
    ] {
        refused(
            |folder| fs::remove_file(folder.join(name)).unwrap(),
            &[name, "cannot be read"],
        );
    }
    let error = ModelFolder::open(Path::new("no/such/model"))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("no/such/model"), "{error}");
}

#[test]
fn damaged_weights_are_named() {
    let spoil = |change: fn(&mut Vec<u8>)| {
        move |folder: &Path| {
            let path = folder.join("model.safetensors");
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            fs::write(&path, bytes).unwrap();
        }
    };
    refused(
        spoil(|bytes| bytes.truncate(bytes.len() - 100)),
        &["model.safetensors", "bytes", "cut off"],
    );
    refused(
        spoil(|bytes| bytes.truncate(4)),
        &["model.safetensors", "only 4 bytes"],
    );
    refused(spoil(|bytes| bytes[7] = 0x7f), &["model.safetensors", "header"]);
    refused(spoil(|bytes| bytes[20] = 0xff), &["model.safetensors"]);
    refused(
        spoil(|bytes| bytes.extend([0; 8])),
        &["model.safetensors", "bytes"],
    );
}

#[test]
fn weights_of_another_shape_are_named() {
    refused(
        |folder| {
            edit(folder, "config.json", |config| {
                config["intermediate_size"] = json!(128)
            })
        },
        &[
            "model.safetensors",
            "intermediate.dense.weight",
            "[128, 32]",
            "[64, 32]",
        ],
    );
    refused(
        |folder| {
            edit(folder, "config.json", |config| {
                config["num_hidden_layers"] = json!(3)
            })
        },
        &["model.safetensors", "encoder.layer.2", "no such tensor"],
    );
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let grow = |folder: &Path| {
        edit(folder, "tokenizer.json", |tokenizer| {
            let vocabulary = tokenizer["model"]["vocab"].as_object_mut().unwrap();
            let next = vocabulary.len();
            vocabulary.insert("zzz".into(), json!(next));
        });
    };
    refused(grow, &["tokenizer.json", "vocabulary"]);
    let pad = |folder: &Path| {
        edit(folder, "tokenizer.json", |tokenizer| {
            tokenizer["padding"] = json!({"strategy": "BatchLongest", "direction": "Right",
                "pad_to_multiple_of": null, "pad_id": 99_999, "pad_type_id": 0, "pad_token": "[PAD]"});
        });
    };
    refused(pad, &["tokenizer.json", "99999"]);
    let bare = |folder: &Path| {
        edit(folder, "tokenizer.json", |tokenizer| {
            tokenizer["post_processor"] = Value::Null
        });
    };
    refused(bare, &["tokenizer.json", "special tokens"]);
    refused(
        |folder| fs::write(folder.join("tokenizer.json"), "{}").unwrap(),
        &["tokenizer.json", "Hugging Face"],
    );
}

#[test]
fn what_is_not_supported_is_named() {
    let config = |key: &'static str, value: Value| {
        move |folder: &Path| edit(folder, "config.json", |config| config[key] = value)
    };
    refused(
        config("model_type", json!("t5")),
        &[
            "config.json",
            "architecture",
            "t5",
            "bert, roberta, xlm-roberta, distilbert, mpnet",
        ],
    );
    refused(
        config("hidden_act", json!("relu")),
        &["config.json", "activation", "relu"],
    );
    refused(
        config("position_embedding_type", json!("relative_key")),
        &["relative_key"],
    );
    refused(
        config("num_attention_heads", json!(5)),
        &["config.json", "num_attention_heads"],
    );
    refused(config("hidden_size", json!(0)), &["config.json", "0"]);
    refused(
        |folder| {
            edit(folder, "modules.json", |modules| {
                let dense = json!({"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"});
                modules.as_array_mut().unwrap().insert(2, dense);
            });
        },
        &["modules.json", "Dense"],
    );
    refused(
        |folder| {
            let config = json!({"embedding_dimension": 32, "pooling_mode": "lasttoken"});
            fs::write(folder.join("1_Pooling/config.json"), config.to_string()).unwrap();
        },
        &["1_Pooling/config.json", "lasttoken", "mean, cls, max"],
    );
    refused(
        |folder| {
            edit(folder, "sentence_bert_config.json", |config| {
                config["max_seq_length"] = json!(100_000)
            })
        },
        &["sentence_bert_config.json", "max_seq_length", "100000"],
    );
}

#[test]
fn a_folder_that_says_truncate_dim_gives_the_beginnings_of_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let say = |config: Value| {
        let path = folder.path().join("config_sentence_transformers.json");
        fs::write(path, config.to_string()).unwrap();
    };
    for write in [
        encoder::testing::write_tiny_model,
        encoder::testing::write_tiny_static_model,
    ] {
        write(folder.path(), 3).unwrap();
        say(json!({}));
        let whole = encoder::open(folder.path()).unwrap();
        say(json!({"truncate_dim": 8}));
        let cut = encoder::open(folder.path()).unwrap();
        assert_eq!((whole.dimension(), cut.dimension()), (32, 8));
        let texts = ["fever and cough", "heart"];
        let (long, short) = (
            whole.encode_queries(&texts).unwrap().vectors,
            cut.encode_queries(&texts).unwrap().vectors,
        );
        for (long, short) in long.rows().zip(short.rows()) {
            let length = long[..8].iter().map(|value| value * value).sum::<f32>().sqrt();
            for (long, short) in long.iter().zip(short) {
                assert!((long / length - short).abs() < 1e-6);
            }
        }
        let difference = whole.fingerprint().difference(cut.fingerprint()).unwrap();
        assert_eq!(difference.field, "dimension");
        assert_eq!(
            (difference.left.as_str(), difference.right.as_str()),
            ("32", "8 of 32")
        );
        for (asked, kept) in [(4, 4), (32, 32), (100, 32)] {
            let other = encoder::open_truncated(folder.path(), asked).unwrap();
            assert_eq!(other.dimension(), kept, "whatever the folder says");
        }
        assert_eq!(
            encoder::open_truncated(folder.path(), 32).unwrap().fingerprint(),
            whole.fingerprint()
        );
        for wrong in [0, 33] {
            say(json!({"truncate_dim": wrong}));
            let error = encoder::open(folder.path()).err().unwrap().to_string();
            let found = format!("from 1 to 32, the numbers that this model computes, found {wrong}");
            assert!(
                error.contains("config_sentence_transformers.json") && error.contains(&found),
                "{error}"
            );
        }
    }
}

#[test]
fn prompts_are_put_before_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    encoder::testing::write_tiny_model(folder.path(), 3).unwrap();
    let plain = encoder::open_candle(folder.path()).unwrap();
    let config = json!({"prompts": {"query": "query: ", "passage": "passage: "}});
    fs::write(
        folder.path().join("config_sentence_transformers.json"),
        config.to_string(),
    )
    .unwrap();
    let prompted = encoder::open_candle(folder.path()).unwrap();
    let row = |encoded: encoder::Result<encoder::Encoded>| encoded.unwrap().vectors.row(0).to_vec();
    assert_eq!(
        row(prompted.encode_queries(&["fever"])),
        row(plain.encode_queries(&["query: fever"]))
    );
    assert_eq!(
        row(prompted.encode_documents(&["fever"])),
        row(plain.encode_documents(&["passage: fever"]))
    );
    let difference = plain.fingerprint().difference(prompted.fingerprint()).unwrap();
    assert_eq!(difference.field, "query_prompt");
}
