//! Losses other than the plain ranking loss, several data sets, prompts.

use std::fs;

use serde_json::json;

use super::contrastive::{compare_with_whole, done, stop_at};
use super::{refused, steps};
use crate::workplace::{Workplace, stderr};

const TRAIN: [&str; 4] = ["--config", "small.toml", "--threads", "1"];

/// Steps of a tiny model without measurements, and a second model beside it.
fn place(loss: &str) -> Workplace {
    let place = Workplace::new();
    place.add_negatives();
    place.remove_eval();
    encoder::testing::write_tiny_model(&place.path("other"), 8).unwrap();
    place.append(&format!("[loss]\n{loss}\n"));
    place
}

/// Questions with right and wrong answers, their scores in a column of its own.
fn write_scored(place: &Workplace, column: &str) {
    let pairs = fs::read_to_string(place.path("train.jsonl")).unwrap();
    let pairs: Vec<serde_json::Value> = pairs
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let row = |(number, pair): (usize, &serde_json::Value)| {
        let right = number % 2 == 0;
        let answer = &pairs[(number + usize::from(!right) * 41) % pairs.len()]["positive"];
        json!({"sentence1": pair["anchor"], "sentence2": answer, column: if right { 1.0 } else { 0.1 }})
    };
    let lines = pairs.iter().enumerate().map(|pair| row(pair).to_string() + "\n");
    fs::write(place.path("scored.jsonl"), lines.collect::<String>()).unwrap();
}

/// The mean loss of the first and of the last five steps.
fn early_and_late(place: &Workplace) -> (f64, f64) {
    let log = fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap();
    let losses = steps(&log);
    assert!(losses.len() >= 40, "{} steps", losses.len());
    let mean = |part: &[(f64, f64)]| part.iter().map(|step| step.0).sum::<f64>() / part.len() as f64;
    (mean(&losses[..5]), mean(&losses[losses.len() - 5..]))
}

#[test]
fn every_loss_is_learned_by() {
    for (loss, scored) in [
        ("kind = \"cosent\"", true),
        ("kind = \"cosine\"\nmatryoshka = [16]", true),
        ("kind = \"triplet\"", false),
        (
            "kind = \"triplet\"\ndistance = \"euclidean\"\nmargin = 1.0",
            false,
        ),
        ("kind = \"margin_mse\"\nteacher = \"other\"", false),
        (
            "kind = \"distillation\"\nteacher = \"other\"\nmini_batch_tokens = 64",
            false,
        ),
        ("guide = \"other\"\nguide_margin = 0.05", false),
    ] {
        let place = place(loss);
        if scored {
            write_scored(&place, "score");
            place.set("train.jsonl", "scored.jsonl");
            place.set("epochs = 4", "epochs = 30");
        }
        done(&place.train(&TRAIN));
        let (early, late) = early_and_late(&place);
        assert!(late < 0.85 * early, "{loss}: from {early} to {late}");
    }
}

#[test]
fn several_data_sets_are_mixed_each_with_its_loss_and_a_stop_changes_nothing() {
    let place = place("");
    write_scored(&place, "similarity");
    place.set(
        "[data]\ntrain = \"train.jsonl\"",
        "[[data]]\ntrain = \"train.jsonl\"\n[[data]]\ntrain = \"scored.jsonl\"\n[data.loss]\nkind = \"cosent\"",
    );
    place.set("epochs = 4", "max_steps = 1500");
    stop_at(&place, &TRAIN, 100);
    let resumed = place.train(&[&TRAIN[..], &["--resume"]].concat());
    done(&resumed);
    assert!(
        stderr(&resumed).contains("160 pairs in 2 data sets"),
        "{}",
        stderr(&resumed)
    );
    compare_with_whole(&place);
    let (early, late) = early_and_late(&place);
    assert!(late < early, "from {early} to {late}");
    let card = fs::read_to_string(place.path("models/small/README.md")).unwrap();
    assert!(
        card.contains("multiple-negatives ranking") && card.contains("CoSENT"),
        "{card}"
    );
}

#[test]
fn prompts_are_saved_with_the_model() {
    let place = place("");
    place.append("[prompts]\nquery = \"question: \"\ndocument = \"answer: \"\n");
    done(&place.train(&TRAIN));
    let saved = fs::read_to_string(place.path("models/small/config_sentence_transformers.json")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(
        saved["prompts"],
        json!({"query": "question: ", "document": "answer: "})
    );
}

#[test]
fn plain_texts_are_enough_for_distillation() {
    let place = place("kind = \"distillation\"\nteacher = \"other\"");
    place.set("epochs = 4", "max_steps = 3");
    let columns = "train = \"train.jsonl\"\nanchor = \"anchor\"\npositive = \"anchor\"\nnegatives = []";
    place.set("train = \"train.jsonl\"", columns);
    done(&place.train(&TRAIN));
}

#[test]
fn lengths_that_the_model_does_not_have_are_refused_by_check_and_training() {
    let place = place("matryoshka = [32]");
    for arguments in [&TRAIN[..], &["check", "--config", "small.toml"]] {
        refused(
            &place,
            arguments,
            &["loss.matryoshka = 32", "below the 32 numbers"],
        );
    }
}

#[test]
fn a_teacher_of_another_dimension_and_a_guide_that_is_not_there_are_refused() {
    let short = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../encoder/tests/fixtures/static-words"
    );
    let other = place(&format!("kind = \"distillation\"\nteacher = \"{short}\""));
    refused(&other, &TRAIN, &["loss.teacher", "numbers", "margin_mse"]);
    let missing = place("guide = \"nowhere\"");
    refused(&missing, &TRAIN, &["nowhere"]);
}
