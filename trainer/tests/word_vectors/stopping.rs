//! Ctrl-C, checkpoints, and going on with them.

use std::fs;
use std::time::{Duration, Instant};

use super::super::refused;
use super::{events, place, text};
use crate::workplace::{Workplace, interrupt, stderr};

/// Seconds of learning on one thread.
fn long_place() -> Workplace {
    let place = place();
    fs::write(place.path("text.txt"), text(4000)).unwrap();
    place.set("epochs = 30", "epochs = 150");
    place.remove_eval();
    place
}

/// Trains and presses Ctrl-C while it learns.
fn stop(place: &Workplace, arguments: &[&str]) {
    let child = place.spawn_with_stderr(arguments);
    let learning = || {
        let folder = place
            .names("models")
            .into_iter()
            .find(|name| name.ends_with(".unfinished"))?;
        let log = fs::read_to_string(place.path("models").join(folder).join("run_log.jsonl")).ok()?;
        log.contains("\"corpus\"").then_some(())
    };
    let began = Instant::now();
    while !place.path("models").is_dir() || learning().is_none() {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the learning does not start"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("models/.small.checkpoint") && said.contains("--resume"),
        "{said}"
    );
}

#[test]
fn a_stopped_training_is_gone_on_with_to_the_same_bytes() {
    let place = long_place();
    let config = ["--config", "small.toml", "--threads", "1"];
    stop(&place, &config);
    assert_eq!(place.names("models"), [".small.checkpoint"]);

    refused(&place, &config, &[".small.checkpoint", "--resume", "--force"]);
    place.set("dimension = 16", "dimension = 17");
    let resume = ["--config", "small.toml", "--threads", "1", "--resume"];
    refused(&place, &resume, &["dimension = 16, now it is 17"]);
    place.set("dimension = 17", "dimension = 16");
    assert_eq!(
        place.names("models"),
        [".small.checkpoint"],
        "nothing was lost by that"
    );

    let output = place.train(&resume);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(place.names("models"), ["latest", "small"]);
    let log = events(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap());
    assert!(matches!(
        log[0],
        trainer::word_vectors::event::Event::Start { resumed: true, .. }
    ));

    let whole = [&config[..], &["--out", "whole"]].concat();
    assert_eq!(place.train(&whole).status.code(), Some(0));
    let weights = |model: &str| fs::read(place.path(model).join("model.safetensors")).unwrap();
    assert!(weights("models/small") == weights("whole"));
}

#[test]
fn force_replaces_a_checkpoint_with_a_word() {
    let place = long_place();
    stop(&place, &["--config", "small.toml"]);
    place.set("epochs = 150", "epochs = 2");
    let output = place.train(&["--config", "small.toml", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("replaces this one"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.names("models"), ["latest", "small"]);
}

#[test]
fn there_must_be_something_to_go_on_with() {
    let place = place();
    let resume = ["--config", "small.toml", "--resume"];
    refused(&place, &resume, &[".small.checkpoint", "no checkpoint to resume"]);
}
