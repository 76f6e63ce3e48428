//! Event files: what is in them is what the run log says, after a stop too.

mod reader;

use std::fs;

use encoder::ranking::Metrics;
use trainer::run_log::Event;
use trainer_words::Stage;

use crate::contrastive::{RESUME, TRAIN, done, kill_at, long_place};
use crate::workplace::{Workplace, stderr};
use crate::{events, word_vectors};
use reader::{Curves, curves, files};

fn measured(metrics: &Metrics) -> [(&'static str, f64); 5] {
    [
        ("eval/ndcg_at_10", metrics.ndcg_at_10),
        ("eval/mrr_at_10", metrics.mrr_at_10),
        ("eval/recall_at_1", metrics.recall_at_1),
        ("eval/recall_at_10", metrics.recall_at_10),
        ("eval/recall_at_100", metrics.recall_at_100),
    ]
}

/// The curves that the run log of a model gives.
fn logged(place: &Workplace, model: &str) -> Curves {
    let log = fs::read_to_string(place.path(model).join("run_log.jsonl")).unwrap();
    let mut curves = Curves::new();
    let mut add = |name: &str, step: usize, value: f64| {
        curves
            .entry(name.into())
            .or_default()
            .push((step as u64, value as f32));
    };
    for event in events(&log) {
        match event {
            Event::Step {
                step,
                loss,
                learning_rate,
                grad_norm,
                samples_per_second,
                ..
            } => {
                add("train/loss", step, loss);
                add("train/learning_rate", step, learning_rate);
                add("train/grad_norm", step, grad_norm);
                add("train/pairs_per_second", step, samples_per_second);
            }
            Event::Evaluation { step, metrics, .. } => {
                for (name, value) in measured(&metrics) {
                    add(name, step, value);
                }
            }
            _ => {}
        }
    }
    curves
}

#[test]
fn event_files_hold_steps_and_evaluations_and_a_run_from_the_beginning_takes_their_place() {
    let place = Workplace::new();
    let train = |more: &[&str]| {
        let arguments = [&["--config", "small.toml", "--tensorboard", "runs"], more].concat();
        let output = place.train(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    train(&[]);
    let folder = place.path("runs/small");
    let drawn = curves(&folder);
    assert_eq!(drawn["train/loss"].len(), 40);
    assert_eq!(
        drawn["eval/ndcg_at_10"]
            .iter()
            .map(|(step, _)| *step)
            .collect::<Vec<_>>(),
        [0, 20, 40]
    );
    assert_eq!(drawn, logged(&place, "models/small"));
    train(&["--force"]);
    assert_eq!(files(&folder).len(), 2);
    assert_eq!(curves(&folder), logged(&place, "models/small"));
}

#[test]
fn after_a_kill_no_step_is_drawn_twice() {
    let place = long_place();
    place.append("[checkpoint]\nevery_steps = 40\n");
    let runs = ["--tensorboard", "runs"];
    kill_at(&place, &[&TRAIN[..], &runs].concat(), 70);
    kill_at(&place, &[&RESUME[..], &runs].concat(), 110);
    done(&place.train(&[&RESUME[..], &runs].concat()));
    let folder = place.path("runs/small");
    assert_eq!(files(&folder).len(), 3);
    let drawn = curves(&folder);
    assert_eq!(drawn["train/loss"].len(), 1500);
    assert_eq!(drawn, logged(&place, "models/small"));
}

/// The curves that the run log of word vectors gives.
fn logged_of_words(place: &Workplace, model: &str) -> Curves {
    let log = fs::read_to_string(place.path(model).join("run_log.jsonl")).unwrap();
    let (mut curves, mut last) = (Curves::new(), 0);
    for event in word_vectors::events(&log) {
        let told = match event {
            word_vectors::Event::Progress {
                stage: Stage::Learning,
                done,
                loss,
                learning_rate,
                per_second,
                ..
            } => {
                last = done;
                vec![
                    ("train/loss", loss),
                    ("train/learning_rate", Some(learning_rate)),
                    ("train/per_second", Some(per_second)),
                ]
            }
            word_vectors::Event::Evaluation { metrics, .. } => measured(&metrics)
                .map(|(name, value)| (name, Some(value)))
                .to_vec(),
            _ => Vec::new(),
        };
        for (name, value) in told {
            let values = value.map(|value| (last, value as f32));
            curves.entry(name.into()).or_default().extend(values);
        }
    }
    curves.retain(|_, curve| !curve.is_empty());
    curves
}

#[test]
fn event_files_of_word_vectors_hold_what_their_log_says() {
    let place = word_vectors::place();
    let output = place.train(&["--config", "small.toml", "--tensorboard", "runs"]);
    done(&output);
    let drawn = curves(&place.path("runs/small"));
    assert!(!drawn["train/loss"].is_empty());
    assert_eq!(drawn["eval/ndcg_at_10"].len(), 1);
    assert_eq!(drawn, logged_of_words(&place, "models/small"));
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let place = Workplace::new();
    super::refused(
        &place,
        &["--config", "small.toml", "--tensorboard", "corpus.jsonl"],
        &["corpus.jsonl/small", "TensorBoard"],
    );
}
