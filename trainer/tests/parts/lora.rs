//! LoRA through the program.

use std::fs;

use tch::Tensor;

use super::changed_by_training;
use crate::contrastive::{RESUME, TRAIN, compare_with_whole, done, long_place, stop_at};
use crate::families::{BASES, start_from};
use crate::refused;
use crate::workplace::{Workplace, stderr};

fn add(place: &Workplace, lora: &str) {
    place.set("[eval]", &format!("[lora]\n{lora}\n[eval]"));
}

#[test]
fn only_the_targets_change_and_the_model_is_an_ordinary_folder() {
    for base in BASES {
        let place = Workplace::new();
        if let Some(name) = base {
            start_from(&place, name);
        }
        place.set("epochs = 4", "max_steps = 5");
        add(&place, "targets = [\"value\", \"output\"]");
        let expected: Vec<String> = (0..2)
            .flat_map(|layer| {
                ["attention.self.value", "output.dense"]
                    .map(|part| format!("encoder.layer.{layer}.{part}.weight"))
            })
            .collect();
        assert_eq!(changed_by_training(&place), expected, "{base:?}");
        let config = fs::read_to_string(place.path("models/small/train_config.toml")).unwrap();
        assert!(
            config.contains("[lora]") && config.contains("rank = 8"),
            "{config}"
        );
    }
}

#[test]
fn it_learns_and_says_how_little_is_trained() {
    let place = Workplace::new();
    place.set("learning_rate = 5e-3", "learning_rate = 2e-2");
    add(&place, "");
    let output = place.train(&TRAIN);
    done(&output);
    assert!(
        stderr(&output).contains("parameters are trained"),
        "{}",
        stderr(&output)
    );
    let card = fs::read_to_string(place.path("models/small/README.md")).unwrap();
    let told =
        "LoRA and merged: rank 8, alpha 16, dropout 0, in `attention.self.query`, `attention.self.value`";
    assert!(card.contains(told), "{card}");
    let losses = crate::steps(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap());
    let mean = |part: &[(f64, f64)]| part.iter().map(|step| step.0).sum::<f64>() / part.len() as f64;
    let (early, late) = (mean(&losses[..5]), mean(&losses[35..]));
    assert!(late < 0.8 * early, "the loss went from {early} to {late}");
}

#[test]
fn stopped_with_lora_it_goes_on_to_the_same_bits_from_a_checkpoint_of_its_parameters_alone() {
    let place = long_place();
    add(&place, "dropout = 0.1");
    stop_at(&place, &TRAIN, 3);
    stop_at(&place, &RESUME, 700);
    let stored = Tensor::read_safetensors(place.path("models/.small.checkpoint/learning")).unwrap();
    let lora = |name: &str| name.ends_with(".lora_A") || name.ends_with(".lora_B");
    let others: Vec<&str> = stored
        .iter()
        .map(|(name, _)| &**name)
        .filter(|name| !lora(name))
        .collect();
    assert!(
        others.iter().all(|name| ["log", "rankings"].contains(name)),
        "{others:?}"
    );
    // Two targets in two layers: A and B as weights, two moments and best weights.
    assert_eq!(stored.len(), 8 * 4 + others.len());
    place.set("dropout = 0.1", "dropout = 0.1\nrank = 4");
    refused(&place, &RESUME, &["lora.rank = 8, now it is 4"]);
    place.set("rank = 4", "rank = 8");
    done(&place.train(&RESUME));
    compare_with_whole(&place);
}

#[test]
fn what_cannot_be_adapted_is_refused() {
    for (lora, parts) in [
        ("rank = 0", ["lora.rank = 0", "1 or more"]),
        ("rank = 33", ["lora.rank = 33", "1 to 32"]),
        ("targets = [\"querry\"]", ["`querry`", "Did you mean `query`?"]),
    ] {
        let place = Workplace::new();
        add(&place, lora);
        refused(&place, &TRAIN, &parts);
    }
    let place = Workplace::new();
    place.set("epochs = 4", "freeze_embeddings = true");
    add(&place, "");
    refused(&place, &TRAIN, &["train.freeze_embeddings", "[lora]"]);
}

#[test]
fn a_round_goes_on_with_what_lora_learned_in_the_round_before() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 5");
    add(
        &place,
        "targets = [\"value\"]\n[mine]\nrounds = 2\nnegatives = 2\nrelative_margin = 0.0",
    );
    let expected = [0, 1].map(|layer| format!("encoder.layer.{layer}.attention.self.value.weight"));
    assert_eq!(changed_by_training(&place), expected);
    let log = fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap();
    assert_eq!(crate::steps(&log).len(), 10);
}

#[test]
fn gradients_in_parts_change_no_more_than_rounding() {
    let trained = |loss: &str| {
        let place = Workplace::new();
        place.remove_eval();
        place.set("epochs = 4", "max_steps = 20\ndropout = 0.0");
        place.append(&format!("[lora]\nrank = 4\n{loss}"));
        done(&place.train(&TRAIN));
        crate::steps(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap())
    };
    let (plain, parts) = (trained(""), trained("[loss]\nmini_batch_tokens = 64\n"));
    assert_eq!((plain.len(), parts.len()), (20, 20));
    for (plain, parts) in plain.iter().zip(&parts) {
        assert!(
            (plain.0 - parts.0).abs() < 1e-4 * plain.0,
            "{plain:?} and {parts:?}"
        );
        assert!(
            (plain.1 - parts.1).abs() < 1e-3 * plain.1,
            "{plain:?} and {parts:?}"
        );
    }
    assert_ne!(plain[0].0, plain[19].0, "nothing was learned");
}
