//! Vectors cut to their first numbers: by the command line, by the model's folder, and what cannot be.

use encoder::testing::write_tiny_static_model;
use encoder::vectors::dot;
use indexer::IndexReader;
use serde_json::json;

use super::workplace::{ROWS, Workplace, stderr};

const BACKENDS: [(&str, &str); 3] = [("model", "candle"), ("model", "torch"), ("words", "candle")];

/// A BERT in `model` and a static model in `words`, both of 32 numbers.
fn place() -> Workplace {
    let place = Workplace::new();
    write_tiny_static_model(&place.path("words"), 1).unwrap();
    place.write("corpus.jsonl", ROWS);
    place
}

fn say(place: &Workplace, model: &str, config: serde_json::Value) {
    let name = format!("{model}/config_sentence_transformers.json");
    place.write(&name, config.to_string());
}

/// The arguments of a build of `corpus.index`.
fn build<'a>(model: &'a str, backend: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["build", "corpus.jsonl", "--device", "cpu", "--force"];
    [&fixed[..], &["--model", model, "--backend", backend], more].concat()
}

#[test]
fn vectors_are_cut_and_of_unit_length_whatever_the_backend() {
    let place = place();
    for (model, backend) in BACKENDS {
        let said = place.succeeds(&build(model, backend, &["--truncate-dim", "8"]));
        assert!(said.contains("4 documents, 8 of 32 dimensions"), "{said}");
        let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
        let manifest = reader.manifest();
        assert_eq!(manifest.dimension, 8);
        assert_eq!(manifest.model.fingerprint.truncated_from, Some(32));
        let encoder = encoder::open(&place.path(model)).unwrap();
        for row in 0..4 {
            let passage = reader.document(row).unwrap().passage();
            let whole = encoder.encode_documents(&[&passage]).unwrap().vectors;
            let first = &whole.row(0)[..8];
            let length = dot(first, first).sqrt();
            assert!((dot(first, reader.vector(row).unwrap()) / length - 1.0).abs() < 1e-5);
            assert!((dot(reader.vector(row).unwrap(), reader.vector(row).unwrap()) - 1.0).abs() < 1e-5);
        }
        let info = place.succeeds(&["info"]);
        assert!(info.contains("dimension    8 of 32\n"), "{info}");
        let info = place.json(&["info", "--json"]);
        assert_eq!(
            (&info["dimension"], &info["truncated_from"]),
            (&8.into(), &32.into())
        );
    }
}

#[test]
fn the_folder_says_how_long_and_the_command_line_overrules_it() {
    let place = place();
    for (model, backend) in BACKENDS {
        say(&place, model, json!({"truncate_dim": 16}));
        for (more, expected) in [
            (&[][..], (16, Some(32))),
            (&["--truncate-dim", "4"], (4, Some(32))),
            (&["--truncate-dim", "32"], (32, None)),
        ] {
            place.succeeds(&build(model, backend, more));
            let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
            let fingerprint = &reader.manifest().model.fingerprint;
            assert_eq!((fingerprint.dimension, fingerprint.truncated_from), expected);
        }
    }
}

#[test]
fn a_length_that_no_vector_has_is_refused() {
    let place = place();
    for (model, backend) in BACKENDS {
        say(&place, model, json!({}));
        for length in ["0", "33"] {
            place.fails(
                &build(model, backend, &["--truncate-dim", length]),
                &[model, "truncate_dim from 1 to 32", &format!("found {length}")],
            );
        }
        say(&place, model, json!({"truncate_dim": 33}));
        place.fails(
            &build(model, backend, &[]),
            &["config_sentence_transformers.json", "from 1 to 32", "found 33"],
        );
    }
}

#[test]
fn a_length_that_the_model_was_not_trained_for_is_warned_of() {
    let place = place();
    for (model, backend) in BACKENDS {
        say(&place, model, json!({"matryoshka_dims": [8, 16]}));
        for (length, warns) in [("8", false), ("16", false), ("32", false), ("12", true)] {
            let output = place
                .command(&build(model, backend, &["--truncate-dim", length]))
                .output()
                .unwrap();
            let said = stderr(&output);
            let warned = said.contains(&format!(
                "warning: vectors are cut to {length} numbers, but {model} was trained to be cut to 16 or 8;"
            ));
            assert_eq!((output.status.code(), warned), (Some(0), warns), "{said}");
        }
    }
}
