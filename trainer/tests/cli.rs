//! The command line as a user meets it: exit codes, streams, files left behind.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made is a failed test"
)]

mod check;
mod comparing;
mod contrastive;
mod families;
mod objectives;
mod parts;
mod rounds;
mod tensorboard;
mod word_vectors;
mod workplace;

use std::fs;
use std::time::{Duration, Instant};

use encoder::Encoder;
use encoder_torch::TorchEncoder;
use trainer::config::{self, Config};
use trainer::run_log::Event;
use workplace::{Workplace, stderr, stdout};

/// The events of a run log, or of what `--json` writes.
fn events(log: &str) -> Vec<Event> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn steps(log: &str) -> Vec<(f64, f64)> {
    let step = |event| match event {
        Event::Step { loss, grad_norm, .. } => Some((loss, grad_norm)),
        _ => None,
    };
    events(log).into_iter().filter_map(step).collect()
}

#[test]
fn trains_measures_and_writes_a_model_that_both_backends_read_alike() {
    let place = Workplace::new();
    let output = place.train(&["--config", "small.toml", "--threads", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("base model  ") && stdout(&output).contains("nDCG@10"));
    assert!(stderr(&output).contains("models/small is ready, and models/latest points at it"));

    let model = place.path("models/small");
    let losses = steps(&fs::read_to_string(model.join("run_log.jsonl")).unwrap());
    assert_eq!(losses.len(), 40);
    let mean = |part: &[(f64, f64)]| part.iter().map(|step| step.0).sum::<f64>() / part.len() as f64;
    let (early, late) = (mean(&losses[..5]), mean(&losses[35..]));
    assert!(late < 0.7 * early, "the loss went from {early} to {late}");

    assert_eq!(
        fs::read_link(place.path("models/latest")).unwrap().to_str(),
        Some("small")
    );
    assert!(
        fs::read_to_string(model.join("README.md"))
            .unwrap()
            .contains("| nDCG@10 |")
    );
    let Config::Contrastive(saved) = config::load(&model.join("train_config.toml")).unwrap() else {
        panic!("another kind");
    };
    assert_eq!(saved.train.max_length, Some(32), "what is saved reads back");
    assert_eq!(place.names("models"), ["latest", "small"]);

    let texts = ["what causes a headache", "rest and water", ""];
    let candle = encoder::open_candle(&model)
        .unwrap()
        .encode_documents(&texts)
        .unwrap();
    let torch = TorchEncoder::open(&model, tch::Device::Cpu)
        .unwrap()
        .encode_documents(&texts)
        .unwrap();
    for (a, b) in candle.vectors.as_slice().iter().zip(torch.vectors.as_slice()) {
        assert!((a - b).abs() < 1e-5);
    }
    let base = encoder::open_candle(&place.path("base"))
        .unwrap()
        .encode_documents(&texts)
        .unwrap();
    let moved = base
        .vectors
        .as_slice()
        .iter()
        .zip(candle.vectors.as_slice())
        .any(|(a, b)| (a - b).abs() > 0.01);
    assert!(moved, "training changed the model");
}

#[test]
fn one_thread_and_one_seed_give_the_same_bytes() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 6");
    for out in ["a", "b"] {
        let output = place.train(&["--config", "small.toml", "--threads", "1", "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let weights = |out: &str| fs::read(place.path(out).join("model.safetensors")).unwrap();
    assert!(weights("a") == weights("b"));
    assert!(!place.path("models").exists(), "--out leaves models/ alone");
}

#[test]
fn json_lines_on_stdout_read_back_and_hard_negatives_are_used() {
    let place = Workplace::new();
    place.add_negatives();
    let output = place.train(&["--config", "small.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let events = events(&stdout(&output));
    assert!(
        matches!(
            events.first(),
            Some(Event::Start {
                hard_negatives: 2,
                pairs: 80,
                ..
            })
        ),
        "{:?}",
        events[0]
    );
    // The workplace trains on its evaluation's questions.
    assert!(matches!(events[1], Event::Warning { .. }));
    assert!(matches!(events[2], Event::Evaluation { step: 0, .. }));
    assert!(matches!(
        events.last(),
        Some(Event::Done {
            improved: Some(_),
            ..
        })
    ));
}

#[test]
fn a_run_without_a_development_set_says_so() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 2");
    place.remove_eval();
    let output = place.train(&["--config", "small.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("not measured"));
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_model_that_is_not_better_is_called_that() {
    let place = Workplace::new();
    // A first warm-up step has learning rate 0, so this model is the base model.
    place.set("epochs = 4", "max_steps = 1");
    let output = place.train(&["--config", "small.toml"]);
    assert!(
        stdout(&output).contains("NOT better than the base model"),
        "{}",
        stdout(&output)
    );
}

/// Each refused run exits with 2, says one line that starts with `error: ` and leaves nothing behind.
fn refused(place: &Workplace, arguments: &[&str], parts: &[&str]) {
    let before = place.names(".");
    let output = place.train(arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: "), "{said}");
    for part in parts {
        assert!(last.contains(part), "{part:?} is not in {said}");
    }
    assert_eq!(stdout(&output), "");
    assert_eq!(place.names("."), before);
}

#[test]
fn bad_configurations_are_refused() {
    let place = Workplace::new();
    refused(
        &place,
        &["--config", "none.toml"],
        &["none.toml and configs/none.toml"],
    );
    place.set("batch_size", "batch_sise");
    refused(
        &place,
        &["--config", "small.toml"],
        &[
            "configs/small.toml, line",
            "batch_sise",
            "Did you mean `batch_size`?",
        ],
    );
    place.set("batch_sise = 8", "batch_size = 1");
    refused(
        &place,
        &["--config", "small.toml"],
        &["train.batch_size = 1", "2 to 65536"],
    );
    place.set("batch_size = 1", "batch_size = 8");
    place.set("max_length = 32", "max_length = 4000");
    refused(
        &place,
        &["--config", "small.toml"],
        &["train.max_length = 4000", "3 to 128"],
    );
    place.set("max_length = 4000", "");
    place.set("device = \"cpu\"", "device = \"gpu\"");
    refused(
        &place,
        &["--config", "small.toml"],
        &["device", "auto, cpu, cuda or cuda:N", "gpu"],
    );
    fs::write(place.path("configs/small.toml"), [0xff, 0xfe, 0x00]).unwrap();
    refused(&place, &["--config", "small.toml"], &["not UTF-8"]);
}

#[test]
fn bad_training_data_are_refused() {
    let place = Workplace::new();
    let data = place.path("train.jsonl");
    let good = fs::read_to_string(&data).unwrap();
    let check = |text: &str, parts: &[&str]| {
        fs::write(&data, text).unwrap();
        refused(&place, &["--config", "small.toml"], parts);
    };
    check("", &["train.jsonl", "empty"]);
    check(
        &good.replace("anchor", "question"),
        &["anchor or query", "question, positive"],
    );
    check(
        &(good.clone() + "{\"anchor\":\"x\",\"positive\":null}\n"),
        &["row 81", "column positive", "null"],
    );
    check(&(good.clone() + "{\"anchor\":\"x\",\n"), &["train.jsonl", "81"]);
    check("{\"anchor\":\"x\",\"positive\":\"y\"}\n", &["make no batch"]);
    fs::write(&data, b"{\"anchor\":\"\xff\",\"positive\":\"y\"}\n").unwrap();
    refused(&place, &["--config", "small.toml"], &["train.jsonl", "UTF-8"]);
    fs::write(place.path("not.parquet"), "anchor,positive\na,b\n").unwrap();
    place.set("train.jsonl", "not.parquet");
    refused(&place, &["--config", "small.toml"], &["not.parquet"]);
    place.set("not.parquet", "nowhere.jsonl");
    refused(&place, &["--config", "small.toml"], &["nowhere.jsonl"]);
}

#[test]
fn parquet_pairs_that_are_damaged_in_the_middle_are_refused() {
    let place = Workplace::new();
    let data = place.path("train.parquet");
    place.write_parquet_pairs("train.parquet", 3000);
    let read = |path| encoder::tables::open(path).unwrap().collect::<Vec<_>>();
    assert!(read(&data).iter().all(Result::is_ok), "it was sound");
    let mut bytes = fs::read(&data).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 200..middle + 200].fill(0xff);
    fs::write(&data, bytes).unwrap();
    place.set("train.jsonl", "train.parquet");
    refused(
        &place,
        &["--config", "small.toml"],
        &["train.parquet", "expected", "found", "damaged"],
    );
}

#[test]
fn a_bad_base_model_is_refused() {
    let place = Workplace::new();
    let weights = place.path("base/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    refused(&place, &["--config", "small.toml"], &["model.safetensors"]);
    place.set("base_model = \"base\"", "base_model = \"elsewhere\"");
    refused(&place, &["--config", "small.toml"], &["elsewhere"]);
}

#[test]
fn cuda_where_there_is_none_is_refused() {
    if std::path::Path::new("/proc/driver/nvidia").exists() {
        return;
    }
    let place = Workplace::new();
    refused(
        &place,
        &["--config", "small.toml", "--device", "cuda"],
        &["cuda:0", "--device cpu"],
    );
}

#[test]
fn a_model_that_is_there_is_kept_without_force_and_replaced_with_it() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 2");
    assert!(place.train(&["--config", "small.toml"]).status.success());
    let weights = place.path("models/small/model.safetensors");
    let first = fs::read(&weights).unwrap();
    refused(&place, &["--config", "small.toml"], &["models/small", "--force"]);
    place.set("max_steps = 2", "max_steps = 3");
    let output = place.train(&["--config", "small.toml", "--force"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(fs::read(&weights).unwrap() != first);
    assert_eq!(place.names("models"), ["latest", "small"]);
}

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let place = Workplace::new();
    place.remove_eval();
    place.poison_weights();
    refused(
        &place,
        &["--config", "small.toml"],
        &["step 1: the loss is NaN", "learning_rate"],
    );
}

#[test]
fn ctrl_c_leaves_what_was_there_and_a_checkpoint_and_exits_with_130() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 2");
    assert!(place.train(&["--config", "small.toml"]).status.success());
    let weights = fs::read(place.path("models/small/model.safetensors")).unwrap();
    place.set("max_steps = 2", "max_steps = 1000000");
    place.remove_eval();
    let mut child = place.spawn(&["--config", "small.toml", "--force"]);
    let unfinished = || {
        place
            .names("models")
            .into_iter()
            .find(|name| name.ends_with(".unfinished"))
    };
    let logged = || {
        let log = place.path("models").join(unfinished()?).join("run_log.jsonl");
        fs::read_to_string(log).ok().filter(|log| steps(log).len() > 3)
    };
    let began = Instant::now();
    while logged().is_none() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the training does not start"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    workplace::interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.names("models"), [".small.checkpoint", "latest", "small"]);
    assert!(fs::read(place.path("models/small/model.safetensors")).unwrap() == weights);
}

#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 2");
    fs::create_dir(place.path("full")).unwrap();
    // A small file system of its own; where the system forbids making one, there is nothing to test with.
    let Some(output) =
        place.train_on_small_disk("full", "100k", &["--config", "small.toml", "--out", "full/model"])
    else {
        eprintln!("skipped: no mount namespace can be made here");
        return;
    };
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("No space left on device"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "", "the folder is empty again");
}

#[test]
fn the_committed_configurations_are_valid() {
    let configs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let mut names = Vec::new();
    for entry in fs::read_dir(configs).unwrap() {
        let path = entry.unwrap().path();
        let config = config::load(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(config.name(), name);
        names.push(name);
    }
    names.sort();
    assert_eq!(
        names,
        ["glove", "hpo", "medical", "medical-words", "medquad", "words"]
    );
}
