//! Ctrl-C, kill -9, checkpoints, and going on with them, for a training on pairs.

use std::fs;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use trainer::run_log::Event;

use super::{events, refused, steps};
use crate::workplace::{Workplace, interrupt, stderr, stdout};

pub const TRAIN: [&str; 4] = ["--config", "small.toml", "--threads", "1"];
pub const RESUME: [&str; 5] = ["--config", "small.toml", "--threads", "1", "--resume"];

/// Seconds of training on one thread, with dropout and a few measurements.
pub fn long_place() -> Workplace {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 1500");
    place.set("learning_rate = 5e-3", "learning_rate = 1e-3\ndropout = 0.2");
    place.set("every_steps = 20", "every_steps = 400");
    place
}

/// What the unfinished run has logged.
pub(super) fn log(place: &Workplace) -> Option<String> {
    let names = fs::read_dir(place.path("models")).ok()?;
    let unfinished = names
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.to_string_lossy().ends_with(".unfinished"))?;
    fs::read_to_string(unfinished.join("run_log.jsonl")).ok()
}

/// Trains until `count` steps are logged.
fn train_until(place: &Workplace, arguments: &[&str], count: usize) -> Child {
    let mut child = place.spawn_with_stderr(arguments);
    let began = Instant::now();
    loop {
        let lines = log(place).map_or(0, |log| log.matches("{\"type\":\"step\"").count());
        if lines >= count {
            return child;
        }
        let ended = child.try_wait().unwrap().is_some();
        assert!(
            !ended,
            "ended before step {count}: {}",
            stderr(&child.wait_with_output().unwrap())
        );
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "step {count} does not come"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Trains until `count` steps are logged and presses Ctrl-C.
pub(super) fn stop_at(place: &Workplace, arguments: &[&str], count: usize) {
    let child = train_until(place, arguments, count);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    let told = said.contains("models/.small.checkpoint") && said.contains("--resume");
    assert!(told, "{said}");
    assert_eq!(place.names("models"), [".small.checkpoint"]);
}

/// Trains until `count` steps are logged and kills the program.
pub(super) fn kill_at(place: &Workplace, arguments: &[&str], count: usize) {
    let mut child = train_until(place, arguments, count);
    child.kill().unwrap();
    child.wait().unwrap();
}

pub(super) fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
}

/// The uninterrupted training gives the same losses, gradient norms, measurements and weights.
pub(super) fn compare_with_whole(place: &Workplace) {
    done(&place.train(&[&TRAIN[..], &["--out", "whole"]].concat()));
    let weights = |model: &str| fs::read(place.path(model).join("model.safetensors")).unwrap();
    assert!(weights("models/small") == weights("whole"), "other weights");
    let log = |model: &str| fs::read_to_string(place.path(model).join("run_log.jsonl")).unwrap();
    let (resumed, whole) = (log("models/small"), log("whole"));
    assert_eq!(steps(&whole).len(), 1500);
    assert_eq!(steps(&resumed), steps(&whole));
    let measured = |log: &str| -> Vec<(usize, f64)> {
        let evaluation = |event| match event {
            Event::Evaluation { step, metrics, .. } => Some((step, metrics.ndcg_at_10)),
            _ => None,
        };
        events(log).into_iter().filter_map(evaluation).collect()
    };
    let measurements = measured(&whole);
    assert_eq!(measured(&resumed), measurements);
    let compared = |log: &str, name: &str| {
        let compared = events(log)
            .into_iter()
            .filter(|event| matches!(event, Event::Compared(_)));
        // The models' names are those of their places.
        let lines = compared.map(|event| serde_json::to_string(&event).unwrap().replace(name, "NAME"));
        lines.collect::<Vec<String>>()
    };
    let (resumed, whole) = (compared(&resumed, "models/small"), compared(&whole, "whole"));
    assert_eq!(resumed.len() > 4, !measurements.is_empty(), "{resumed:?}");
    assert_eq!(resumed, whole);
}

#[test]
fn stopped_with_ctrl_c_at_any_moment_it_goes_on_to_the_same_bits() {
    let place = long_place();
    stop_at(&place, &TRAIN, 1);
    for step in [2, 90, 399, 400, 1201] {
        stop_at(&place, &RESUME, step);
    }
    done(&place.train(&RESUME));
    assert_eq!(place.names("models"), ["latest", "small"]);
    compare_with_whole(&place);
}

#[test]
fn killed_at_any_moment_it_goes_on_from_the_last_checkpoint_to_the_same_bits() {
    let place = long_place();
    place.append("[checkpoint]\nevery_steps = 40\n");
    kill_at(&place, &TRAIN, 60);
    refused(&place, &TRAIN, &[".small.checkpoint", "--resume", "--force"]);
    for step in [80, 121, 900, 1401] {
        kill_at(&place, &RESUME, step);
    }
    done(&place.train(&RESUME));
    assert_eq!(place.names("models"), ["latest", "small"]);
    compare_with_whole(&place);
}

#[test]
fn a_checkpoint_of_another_training_or_a_damaged_one_is_refused() {
    let place = long_place();
    refused(&place, &RESUME, &[".small.checkpoint", "no checkpoint to resume"]);
    stop_at(&place, &TRAIN, 5);
    place.set("batch_size = 8", "batch_size = 9");
    refused(&place, &RESUME, &["train.batch_size = 8, now it is 9"]);
    place.set("batch_size = 9", "batch_size = 8");
    let pooling = fs::read_to_string(place.path("base/1_Pooling/config.json")).unwrap();
    let other = pooling.replace("mode_mean_tokens", "mode_cls_token");
    assert_ne!(other, pooling);
    fs::write(place.path("base/1_Pooling/config.json"), other).unwrap();
    refused(&place, &RESUME, &["base model's pooling = mean, now it is cls"]);
    fs::write(place.path("base/1_Pooling/config.json"), pooling).unwrap();
    let data = fs::read_to_string(place.path("train.jsonl")).unwrap();
    fs::write(place.path("train.jsonl"), data.replacen("rest", "sleep", 1)).unwrap();
    refused(&place, &RESUME, &["training data", "now it is"]);
    fs::write(place.path("train.jsonl"), data).unwrap();

    let path = place.path("models/.small.checkpoint/learning");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    refused(&place, &RESUME, &["learning", "cut or damaged", "--force"]);
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 4;
    fs::write(&path, changed).unwrap();
    refused(&place, &RESUME, &["learning", "checksum"]);

    fs::write(&path, whole).unwrap();
    place.set("max_steps = 1500", "max_steps = 3");
    let output = place.train(&[&TRAIN[..], &["--force"]].concat());
    done(&output);
    assert!(
        stderr(&output).contains("replaces this one"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.names("models"), ["latest", "small"]);
}

#[test]
fn a_model_that_cannot_be_written_is_written_by_resuming_and_nothing_is_learned_twice() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 3");
    place.remove_eval();
    fs::create_dir(place.path("full")).unwrap();
    // Room for the checkpoint, which has the weights and two moments, and for half of the model.
    let weights = fs::metadata(place.path("base/model.safetensors")).unwrap().len();
    let size = format!("{}k", 7 * weights / 2 / 1024 + 16);
    let arguments = ["--config", "small.toml", "--out", "full/model"];
    let Some(output) = place.resume_on_grown_disk("full", &size, &arguments) else {
        eprintln!("skipped: no mount namespace can be made here");
        return;
    };
    done(&output);
    let said = stderr(&output);
    for part in [
        "No space left on device",
        "what was learned is in full/.model.checkpoint",
        "going on after step 3 of 3",
        "full/model is ready",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert_eq!(stdout(&output), "model\n");
}

#[test]
fn a_divergence_names_its_batch_and_leaves_the_checkpoint_from_before_as_it_is() {
    let place = long_place();
    place.remove_eval();
    let data = fs::read_to_string(place.path("train.jsonl")).unwrap();
    let long = format!(
        "{{\"anchor\":\"{}\",\"positive\":\"water\"}}\n",
        "rest ".repeat(25)
    );
    fs::write(place.path("train.jsonl"), data + &long).unwrap();
    place.poison_position(20);
    // The sentence of the end, and the step that it names.
    let diverged = |arguments: &[&str], parts: &[&str]| -> usize {
        let output = place.train(arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let last = said.lines().last().unwrap();
        let common = ["the loss is NaN", "diverged", "the pairs ", "81", "in epoch 1"];
        for part in common.iter().chain(parts) {
            assert!(last.contains(part), "{part:?} is not in {said}");
        }
        let step = last.split("step ").nth(1).unwrap();
        step.split(':').next().unwrap().parse().unwrap()
    };
    let step = diverged(&TRAIN, &["no checkpoint from before"]);
    assert!(
        step > 1,
        "another seed has to put the long pair into a later batch"
    );
    assert!(!place.path("models").exists());

    place.append("[checkpoint]\nevery_steps = 1\n");
    let kept = format!("of step {}, is in models/.small.checkpoint", step - 1);
    diverged(&TRAIN, &[&kept]);
    let path = place.path("models/.small.checkpoint/learning");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(diverged(&RESUME, &[&kept]), step);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_eq!(place.names("models"), [".small.checkpoint"]);
}
