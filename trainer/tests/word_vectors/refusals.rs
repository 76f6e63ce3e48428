//! What nothing can be learned from, and settings that make no sense.

use std::fs;

use super::super::refused;
use super::place;
use crate::workplace::{Workplace, stderr};

fn check(place: &Workplace, parts: &[&str]) {
    refused(place, &["--config", "small.toml"], parts);
}

#[test]
fn bad_settings_are_refused_before_any_work() {
    let place = place();
    place.set("epochs = 30", "epochs = 30\nlearning_rat = 0.1");
    check(
        &place,
        &[
            "configs/small.toml, line 12",
            "learning_rat",
            "Did you mean `learning_rate`?",
        ],
    );
    place.set("learning_rat = 0.1", "learning_rate = 3");
    check(
        &place,
        &["word2vec.learning_rate", "above 0 and at most 1", "found 3"],
    );
    place.set("learning_rate = 3", "");
    place.set("[output]", "[glove]\n[output]");
    check(&place, &["line 13", "`glove` belongs to kind = \"glove\""]);
    place.set("[glove]", "[subwords]\nminn = 7\nmaxn = 3");
    check(&place, &["subwords.minn", "maxn (3)", "found 7"]);
    place.set("minn = 7\nmaxn = 3", "");
    place.set("device = \"cpu\"", "device = \"cuda\"");
    check(&place, &["subwords", "on the CPU alone", "device = \"cpu\""]);
    place.set("device = \"cuda\"", "device = \"tpu\"");
    check(&place, &["device", "cuda:N", "tpu"]);
    place.set("device = \"tpu\"", "device = \"cpu\"");
    refused(
        &place,
        &["--config", "small.toml", "--strict"],
        &["--strict", "word vectors"],
    );
}

#[test]
fn text_that_nothing_can_be_learned_from_is_refused() {
    let place = place();
    let text = place.path("text.txt");
    for (content, parts) in [
        ("", ["no word", "text.txt"]),
        (" \n --- \n", ["no word", "text.txt"]),
        (
            "one two three four\n",
            ["of 4 distinct words none was seen 2 times", "min_count"],
        ),
        ("one\none\ntwo\ntwo\n", ["no sentence has two words", "min_count"]),
    ] {
        fs::write(&text, content).unwrap();
        check(&place, &parts);
    }
    fs::write(&text, b"the heart\nthe \xff\xfe heart\n").unwrap();
    check(&place, &["text.txt", "UTF-8"]);
    let binary: Vec<u8> = (0..40_000_u32)
        .flat_map(|n| (n * 2_654_435_761).to_le_bytes())
        .collect();
    fs::write(&text, binary).unwrap();
    check(&place, &["text.txt"]);
}

#[test]
fn files_that_are_not_there_or_not_what_they_seem_are_refused() {
    let place = place();
    fs::write(place.path("broken.gz"), b"\x1f\x8b\x08\x00 this is no gzip data").unwrap();
    fs::write(place.path("pairs.jsonl"), "{}\n").unwrap();
    place.write_parquet_pairs("pairs.parquet", 10);
    for (name, parts) in [
        ("broken.gz", ["broken.gz", ""]),
        ("pairs.jsonl", ["pairs.jsonl", "Parquet"]),
        ("pairs.parquet", ["pairs.parquet", "text"]),
        ("nowhere.txt", ["nowhere.txt", "check the path"]),
        ("no*match.txt", ["no*match.txt", "check the path"]),
        ("base", ["base", "folder"]),
    ] {
        let config = super::CONFIG.replace("text.txt", name);
        fs::write(place.path("configs/small.toml"), config).unwrap();
        check(&place, &parts);
    }
    place.set("\"base\"", "[]");
    check(&place, &["data.text", "at least one file"]);
}

#[test]
fn a_development_set_that_is_not_there_is_said_before_the_text_is_read() {
    let place = place();
    fs::remove_file(place.path("qrels.tsv")).unwrap();
    check(&place, &["qrels.tsv"]);
}

#[test]
fn a_model_that_is_there_is_kept_without_force() {
    let place = place();
    assert!(place.train(&["--config", "small.toml"]).status.success());
    check(&place, &["models/small", "--force"]);
    assert!(
        place
            .train(&["--config", "small.toml", "--force"])
            .status
            .success()
    );
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let place = place();
    fs::create_dir(place.path("full")).unwrap();
    for size in ["16k", "60k"] {
        let arguments = ["--config", "small.toml", "--out", "full/model"];
        let Some(output) = place.train_on_small_disk("full", size, &arguments) else {
            eprintln!("skipped: no mount namespace can be made here");
            return;
        };
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(crate::workplace::stdout(&output), "", "the folder is empty again");
    }
}
