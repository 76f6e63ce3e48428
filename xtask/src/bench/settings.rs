//! `cargo xtask bench word2vec-settings`: what each setting does, one changed at a time.

use super::config::Change;
use super::options::Options;
use super::python::{Python, WORD_VECTORS};
use super::word2vec::{judge, mean, prepare};
use crate::console;
use anyhow::{Result, ensure};

/// Section, key, and the values tried; the base's own value stands in the first row of the table.
const TRIED: [(&str, &str, &[&str]); 12] = [
    ("word2vec", "dimension", &["50", "200", "300"]),
    ("word2vec", "window", &["2", "10"]),
    ("word2vec", "dynamic_window", &["false"]),
    ("word2vec", "epochs", &["1", "10", "20"]),
    ("word2vec", "negatives", &["2", "10", "15"]),
    ("word2vec", "ns_exponent", &["0.0", "0.5", "1.0"]),
    ("word2vec", "sample", &["0.0", "1e-3", "1e-5"]),
    ("word2vec", "learning_rate", &["0.0125", "0.05", "0.1"]),
    ("word2vec", "objective", &["\"hierarchical-softmax\""]),
    ("word2vec", "architecture", &["\"cbow\""]),
    ("data", "min_count", &["2", "20"]),
    ("subwords", "minn", &["3"]),
];

/// Trains with each and prints a table.
pub fn run(options: &Options) -> Result<()> {
    let defaults = Options::default();
    ensure!(
        options.dimensions == defaults.dimensions
            && options.methods == defaults.methods
            && (options.word2vec_c.as_ref(), options.pword2vec.as_ref()) == (None, None),
        "word2vec-settings takes --text, --wordsim, --epochs, --seeds and --threads only"
    );
    let python = Python::install(&WORD_VECTORS)?;
    let (bench, words) = prepare(options, &python)?;
    console::say(&format!("\n{words} words, {} seeds\n", options.seeds));
    console::say("| changed | words/s | UMNSRS-sim | WS-353 | MEN |\n| --- | ---: | ---: | ---: | ---: |");
    let each = |&(section, key, values): &(&'static str, &'static str, &'static [&'static str])| {
        values
            .iter()
            .map(move |value| Some((section, key, *value)))
            .collect::<Vec<_>>()
    };
    let threads = options.threads.last().copied().unwrap_or(1);
    for tried in [None].into_iter().chain(TRIED.iter().flat_map(each)) {
        let (mut scores, mut seconds, mut epochs) = (Vec::new(), 0.0, options.epochs);
        for seed in 1..=options.seeds {
            let mut changes = vec![
                Change::new("word2vec", "epochs", options.epochs),
                Change::new("word2vec", "seed", seed),
            ];
            if let Some((section, key, value)) = tried {
                changes.push(Change::new(section, key, value));
                if key == "epochs" {
                    epochs = value.parse()?;
                }
                if value == "\"cbow\"" {
                    changes.push(Change::new("word2vec", "learning_rate", 0.05));
                }
            }
            let measured = bench.sextant(&changes, threads)?;
            seconds += measured.learn_seconds;
            scores.push(judge(&measured.vectors, &options.wordsim)?);
        }
        let name = tried.map_or("(nothing)".to_owned(), |(section, key, value)| match section {
            "subwords" => "with subwords of 3 to 6".to_owned(),
            _ => format!("{key} = {value}"),
        });
        let [medical, small, large] = mean(&scores).unwrap_or([f64::NAN; 3]);
        let speed = (words * (epochs * options.seeds) as u64) as f64 / seconds;
        console::say(&format!(
            "| {name} | {speed:.0} | {medical:.3} | {small:.3} | {large:.3} |"
        ));
    }
    Ok(())
}
