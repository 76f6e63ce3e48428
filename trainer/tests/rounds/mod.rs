//! Rounds of mining and training.

use std::fs;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use encoder::tables;
use serde_json::{Value, json};

use super::contrastive::{compare_with_whole, done, log, stop_at};
use super::{refused, steps};
use crate::workplace::{Workplace, interrupt, stderr, stdout};

const TRAIN: [&str; 4] = ["--config", "small.toml", "--threads", "1"];
const RESUME: [&str; 5] = ["--config", "small.toml", "--threads", "1", "--resume"];

/// `rounds` rounds of `steps` steps each, with dropout.
fn place(rounds: usize, steps: usize) -> Workplace {
    let place = Workplace::new();
    place.set("epochs = 4", &format!("max_steps = {steps}"));
    place.set("learning_rate = 5e-3", "learning_rate = 1e-3\ndropout = 0.2");
    let mine = format!("[mine]\nrounds = {rounds}\nnegatives = 2\nrelative_margin = 0.0\n[eval]");
    place.set("[eval]", &mine);
    place
}

/// The events of a kind, of a log or of what `--json` writes.
fn events(log: &str, kind: &str) -> Vec<Value> {
    let events = log.lines().map(|line| serde_json::from_str(line).unwrap());
    events.filter(|event: &Value| event["type"] == kind).collect()
}

/// The texts of all rows of a table. The cosines beside them depend on the number of threads in their last digits.
fn rows(place: &Workplace, file: &str) -> Vec<Vec<String>> {
    let rows = tables::open(&place.path(file)).unwrap();
    let texts = |(name, value): (&String, &Value)| (!name.starts_with("score")).then(|| value.to_string());
    rows.map(|row| row.unwrap().values.iter().filter_map(texts).collect())
        .collect()
}

#[test]
fn each_round_is_told_and_only_the_model_is_left() {
    let place = place(2, 20);
    let output = place.train(&[&TRAIN[..], &["--json"]].concat());
    done(&output);
    let told = stdout(&output);
    assert_eq!(events(&told, "start")[0]["steps"], 40);
    assert_eq!(events(&told, "start")[0]["hard_negatives"], 2);
    let mining = events(&told, "mining");
    assert_eq!(mining.len(), 2);
    assert_eq!(mining[1], json!({"type": "mining", "round": 2, "rounds": 2}));
    let rounds = events(&told, "round");
    assert_eq!(rounds.len(), 2);
    let of = |key: &str| [&rounds[0][key], &rounds[1][key]].map(Value::as_u64);
    assert_eq!(of("before"), [Some(0), Some(20)]);
    assert_eq!(of("steps"), [Some(20); 2]);
    assert!(
        of("pairs")
            .iter()
            .all(|&pairs| pairs > Some(40) && pairs <= Some(80))
    );
    let numbers: Vec<u64> = events(&told, "step")
        .iter()
        .map(|step| step["step"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    // The base model once, and the end of each round.
    assert_eq!(events(&told, "evaluation").len(), 3);
    for part in [
        "round 1 of 2",
        "round 2 of 2: ",
        "mining 2 hard negatives for each of 80 pairs",
    ] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
    assert_eq!(place.names("models"), ["latest", "small"]);
    let names = place.names("models/small");
    assert!(!names.iter().any(|name| name.ends_with("parquet")), "{names:?}");
    let card = fs::read_to_string(place.path("models/small/README.md")).unwrap();
    assert!(
        card.contains("2 for each pair, mined in 2 rounds") && card.contains("40 steps"),
        "{card}"
    );
}

/// Round 2 is what `train mine` with the model of round 1, and a training of that model on what was found, come to.
#[test]
fn the_second_round_trains_on_what_the_model_of_the_first_takes_for_answers() {
    let place = place(1, 300);
    place.remove_eval();
    // So short that it changes what is mined.
    place.set("max_length = 32", "max_length = 10");
    let config = fs::read_to_string(place.path("configs/small.toml")).unwrap();
    let write = |name: &str, changes: &[(&str, &str)]| {
        let mut text = config.clone();
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replace(old, new);
        }
        fs::write(place.path(&format!("configs/{name}.toml")), text).unwrap();
    };
    done(&place.train(&[&TRAIN[..], &["--out", "first"]].concat()));
    for (model, out) in [("base", "one.parquet"), ("first", "two.parquet")] {
        let mine = ["mine", "--config", "small.toml", "--model", model, "--out", out];
        done(&place.train(&mine));
    }
    assert_ne!(rows(&place, "one.parquet"), rows(&place, "two.parquet"));

    write("small", &[("rounds = 1", "rounds = 2")]);
    stop_at(&place, &TRAIN, 301);
    for (number, by_hand) in [(1, "one.parquet"), (2, "two.parquet")] {
        let mined = format!("models/.small.checkpoint/negatives-{number}.parquet");
        assert_eq!(rows(&place, &mined), rows(&place, by_hand));
    }
    done(&place.train(&RESUME));

    let seed = 42_u32.wrapping_add(0x9e37_79b9);
    write(
        "second",
        &[
            ("base_model = \"base\"", "base_model = \"first\""),
            ("train.jsonl", "two.parquet"),
            ("rounds = 1\n", ""),
            ("dropout = 0.2", &format!("dropout = 0.2\nseed = {seed}")),
        ],
    );
    done(&place.train(&["--config", "second.toml", "--threads", "1", "--out", "second"]));
    let weights = |model: &str| fs::read(place.path(model).join("model.safetensors")).unwrap();
    assert!(weights("models/small") == weights("second"), "other weights");
}

/// Trains until a line of the log has `part`.
fn train_until(place: &Workplace, arguments: &[&str], part: &str) -> Child {
    let mut child = place.spawn_with_stderr(arguments);
    let began = Instant::now();
    while !log(place).is_some_and(|log| log.contains(part)) {
        let ended = child.try_wait().unwrap().is_some();
        assert!(!ended, "{}", stderr(&child.wait_with_output().unwrap()));
        assert!(began.elapsed() < Duration::from_secs(120), "{part} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn stop_in_mining(place: &Workplace, arguments: &[&str], round: usize) -> Output {
    let child = train_until(
        place,
        arguments,
        &format!("{{\"type\":\"mining\",\"round\":{round}"),
    );
    interrupt(&child);
    child.wait_with_output().unwrap()
}

/// Texts enough that mining takes a second.
fn write_corpus(place: &Workplace) {
    let parts = ["heart", "lung", "skin", "liver"];
    let remedies = ["rest", "water", "drug", "test", "food"];
    let text = |i: usize| {
        let (part, remedy) = (parts[i % 4], remedies[i / 4 % 5]);
        json!({"id": i.to_string(), "text": format!("for the {part} a {remedy} and {i} may help")})
    };
    let lines = (0..10_000).map(|i| text(i).to_string() + "\n");
    fs::write(place.path("many.jsonl"), lines.collect::<String>()).unwrap();
    place.set("rounds = ", "corpus = \"many.jsonl\"\ndepth = 10000\nrounds = ");
}

#[test]
fn stopped_in_the_mining_or_the_training_of_any_round_it_goes_on_to_the_same_bits() {
    let place = place(3, 500);
    write_corpus(&place);
    place.set("every_steps = 20", "every_steps = 200");
    let stopped = stop_in_mining(&place, &TRAIN, 1);
    assert_eq!(stopped.status.code(), Some(130), "{}", stderr(&stopped));
    assert!(
        stderr(&stopped).contains("models/.small.checkpoint"),
        "{}",
        stderr(&stopped)
    );
    stop_at(&place, &RESUME, 3);
    let resumed = place.names("models/.small.checkpoint");
    assert_eq!(resumed, ["learning", "negatives-1.parquet"]);
    let stopped = stop_in_mining(&place, &RESUME, 2);
    assert_eq!(stopped.status.code(), Some(130), "{}", stderr(&stopped));
    stop_at(&place, &RESUME, 501);
    stop_at(&place, &RESUME, 1200);
    let output = place.train(&RESUME);
    done(&output);
    assert!(
        stderr(&output).contains("going on after step 1"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.names("models"), ["latest", "small"]);
    compare_with_whole(&place);
}

#[test]
fn killed_in_any_round_it_goes_on_to_the_same_bits() {
    let place = place(3, 500);
    write_corpus(&place);
    place.set(
        "every_steps = 20",
        "every_steps = 0\n[checkpoint]\nevery_steps = 400",
    );
    for (arguments, part) in [
        (&TRAIN[..], "{\"type\":\"mining\",\"round\":1"),
        (&RESUME, "\"step\":250,"),
        (&RESUME, "{\"type\":\"mining\",\"round\":2"),
        (&RESUME, "\"step\":900,"),
        (&RESUME, "\"step\":1001,"),
    ] {
        let mut child = train_until(&place, arguments, part);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // A file that is there whole is taken as it is.
    let output = place.train(&RESUME);
    done(&output);
    assert!(
        stderr(&output).contains("the hard negatives are there"),
        "{}",
        stderr(&output)
    );
    compare_with_whole(&place);
}

#[test]
fn negatives_that_are_not_those_of_the_checkpoint_are_refused() {
    let place = place(2, 300);
    stop_at(&place, &TRAIN, 301);
    let file = place.path("models/.small.checkpoint/negatives-2.parquet");
    let other = place.path("models/.small.checkpoint/negatives-1.parquet");
    fs::copy(&other, &file).unwrap();
    refused(
        &place,
        &RESUME,
        &["hard negatives of round 2", "found others", "--force"],
    );
    fs::write(&file, "PAR1").unwrap();
    refused(&place, &RESUME, &["negatives-2.parquet", "--force"]);
    fs::remove_file(&file).unwrap();
    refused(&place, &RESUME, &["negatives-2.parquet", "--force"]);
    place.set("rounds = 2", "rounds = 3");
    refused(&place, &RESUME, &["mine.rounds = 2, now it is 3"]);
}

#[test]
fn rounds_that_cannot_be_are_refused() {
    let place = place(0, 20);
    refused(&place, &TRAIN, &["mine.rounds = 0", "1 to 100"]);
    place.set("rounds = 0", "rounds = 2\nmin_score = 1.0");
    refused(&place, &TRAIN, &["no pair has 2 hard negatives", "loosen [mine]"]);
    place.set("min_score = 1.0", "");
    place.add_negatives();
    refused(&place, &TRAIN, &["negative_1, negative_2", "negatives = []"]);
    place.set("[data]", "[data]\nnegatives = []");
    done(&place.train(&TRAIN));
}

#[test]
fn each_data_set_whose_loss_learns_from_negatives_is_mined_for() {
    let place = place(2, 200);
    place.remove_eval();
    let scored = r#"{"anchor":"chest pain","positive":"rest","score":0.9}
{"anchor":"eye rash","positive":"food","score":0.1}
{"anchor":"skin rash","positive":"water","score":0.4}
"#;
    fs::write(place.path("scored.jsonl"), scored).unwrap();
    place.set(
        "[data]\ntrain = \"train.jsonl\"",
        "[[data]]\ntrain = \"train.jsonl\"\n[data.loss]\nkind = \"triplet\"\n[[data]]\ntrain = \"scored.jsonl\"\n\
         [data.loss]\nkind = \"cosent\"\n[[data]]\ntrain = \"train.jsonl\"",
    );
    stop_at(&place, &TRAIN, 201);
    let mined = ["1-1", "1-3", "2-1", "2-3"].map(|name| format!("negatives-{name}.parquet"));
    let names = place.names("models/.small.checkpoint");
    assert_eq!(names[0], "learning");
    assert_eq!(names[1..], mined);
    done(&place.train(&RESUME));
    let log = fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap();
    assert_eq!(steps(&log).len(), 400);
}
