//! `train check`, and the same look before a training.

use std::fs;

use serde_json::{Value, json};

use crate::refused;
use crate::workplace::{Workplace, stderr, stdout};

fn checked(place: &Workplace, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = place.train(&[&["check", "--config", "small.toml", "--json"], arguments].concat());
    let report = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    (output.status.code(), report)
}

fn problems(report: &Value, severity: &str) -> Vec<String> {
    let problems = report["problems"].as_array().unwrap().iter();
    problems
        .filter(|problem| problem["severity"] == severity)
        .map(|problem| problem["text"].as_str().unwrap().to_owned())
        .collect()
}

fn rows(count: usize) -> Vec<Value> {
    let row = |i| json!({"anchor": format!("question {i}"), "positive": format!("answer number {i}")});
    (0..count).map(row).collect()
}

#[test]
fn leaked_questions_are_a_warning_that_only_strict_takes_for_an_error() {
    let place = Workplace::new();
    let (code, report) = checked(&place, &[]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        report["leakage"]["equal"], 80,
        "the workplace trains on its questions"
    );
    assert_eq!((&report["pairs"], &report["steps"]), (&json!(80), &json!(40)));
    assert_eq!(report["files"][0]["anchor"], "anchor");
    assert!(report["seconds"].as_f64().unwrap() > 0.0 && report["memory_bytes"].as_u64().unwrap() > 0);
    assert!(problems(&report, "warning")[0].contains("80 of 80 evaluation questions"));
    assert_eq!(checked(&place, &["--strict"]).0, Some(2));
    assert!(!place.path("models").exists(), "nothing is written");
}

#[test]
fn sound_data_pass_strictly_and_the_text_names_columns_and_steps() {
    let place = Workplace::new();
    place.replace_pairs(&rows(40));
    let output = place.train(&["check", "--config", "small.toml", "--strict"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for part in [
        "file        train.jsonl: 40 pairs; anchor = \"anchor\", positive = \"positive\", no hard negatives",
        "batches     5 in the first epoch, of 8.0 pairs on average",
        "training    20 steps; about ",
        "no problems found",
    ] {
        assert!(
            stdout(&output).contains(part),
            "{part:?} is not in {}",
            stdout(&output)
        );
    }
}

#[test]
fn rounds_count_with_all_their_steps_and_the_negatives_that_will_be_mined() {
    let place = Workplace::new();
    let (_, once) = checked(&place, &[]);
    place.set("[eval]", "[mine]\nrounds = 3\n[eval]");
    let (code, report) = checked(&place, &[]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!((&report["rounds"], &report["steps"]), (&json!(3), &json!(120)));
    assert!(report["memory_bytes"].as_u64() > once["memory_bytes"].as_u64());
}

#[test]
fn cut_texts_and_pairs_that_are_there_twice_are_counted() {
    let place = Workplace::new();
    let mut data = rows(40);
    data.push(json!({"anchor": "Question 3?", "positive": "answer NUMBER 3"}));
    data[0]["positive"] = "rest and water ".repeat(40).into();
    place.replace_pairs(&data);
    let (_, report) = checked(&place, &[]);
    assert_eq!(
        (&report["pairs_twice"], &report["texts_cut"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        report["tokens_cut"],
        3 * 40 + 2 - 32,
        "the words and two special tokens, less what is kept"
    );
    let problems = problems(&report, "warning");
    assert!(
        problems
            .iter()
            .any(|text| text.starts_with("1 of 41 rows are there before"))
    );
}

#[test]
fn each_text_is_counted_with_its_own_prompt_and_a_prompt_leaves_room_for_it() {
    let place = Workplace::new();
    place.replace_pairs(&rows(40));
    let (_, bare) = checked(&place, &[]);
    place.append("[prompts]\nquery = \"pain rash \"\ndocument = \"rest \"\n");
    let (_, prompted) = checked(&place, &[]);
    let tokens = |report: &Value| report["tokens"].as_u64().unwrap();
    assert_eq!(tokens(&prompted) - tokens(&bare), 40 * 2 + 40);
    assert_eq!(prompted["texts_cut"], 0);

    let words = |count: usize| "pain ".repeat(count);
    place.set("pain rash ", &words(29));
    assert_eq!(checked(&place, &[]).1["texts_cut"], 40, "the questions alone");
    place.set(&words(29), &words(30));
    refused(
        &place,
        &["check", "--config", "small.toml"],
        &["prompts.query has 32 tokens", "train.max_length = 32"],
    );
}

#[test]
fn what_cannot_be_looked_at_is_one_error() {
    let place = Workplace::new();
    let none = ["check", "--config", "none.toml"];
    refused(&place, &none, &["none.toml and configs/none.toml"]);
    assert_eq!(stderr(&place.train(&none)).lines().count(), 1);
}

#[test]
fn data_that_cannot_be_trained_on_are_errors() {
    let same = json!({"anchor": "a", "positive": "a"});
    let negative = json!({"anchor": "a", "positive": "b", "negative": "b"});
    for (data, expected) in [
        (rows(1), "the 1 training pairs make no batch"),
        (vec![same.clone(), same], "row 1"),
        (vec![negative], "found the text of column positive"),
    ] {
        let place = Workplace::new();
        place.replace_pairs(&data);
        let (code, report) = checked(&place, &[]);
        assert_eq!(code, Some(2));
        let errors = problems(&report, "error");
        assert!(errors.len() == 1 && errors[0].contains(expected), "{errors:?}");
    }
}

#[test]
fn a_row_whose_two_texts_are_the_same_is_left_out_with_a_word() {
    let place = Workplace::new();
    let mut data = rows(40);
    data.insert(1, json!({"anchor": "a", "positive": "a"}));
    place.replace_pairs(&data);
    let (code, report) = checked(&place, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(report["pairs"], 40);
    let warnings = problems(&report, "warning");
    assert!(
        warnings
            .iter()
            .any(|text| text.starts_with("1 rows whose two texts are the same") && text.contains("row 2")),
        "{warnings:?}"
    );
}

#[test]
fn training_says_the_warnings_first_and_keeps_them_in_its_log() {
    let place = Workplace::new();
    place.replace_pairs(&rows(4));
    let output = place.train(&["--config", "small.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let warning = "train.batch_size = 8, but there are 4 pairs";
    assert!(stderr(&output).contains(&format!("warning: {warning}")));
    let log = fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap();
    let line = log
        .lines()
        .find(|line| line.contains("\"type\":\"warning\""))
        .unwrap();
    assert!(line.contains(warning), "{line}");
}

#[test]
fn a_strict_training_stops_at_a_warning_and_a_sound_one_goes_on() {
    const STRICT: [&str; 3] = ["--config", "small.toml", "--strict"];
    let place = Workplace::new();
    place.replace_pairs(&rows(4));
    place.set("epochs = 4", "max_steps = 2");
    refused(&place, &STRICT, &["0 errors and 1 warning", "--strict"]);
    place.replace_pairs(&rows(40));
    let output = place.train(&STRICT);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
