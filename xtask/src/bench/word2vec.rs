//! `cargo xtask bench word2vec`: word vectors from the same text by every tool, one after the other.

use super::options::Options;
use super::peers::{Bench, Measured, Tool, Training};
use super::python::{Python, WORD_VECTORS};
use super::report::{self, Row};
use crate::{console, setup, workspace};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Word pairs with human scores; the first is medical.
const PAIRS: [&str; 3] = ["UMNSRS-sim.txt", "EN-WS-353-ALL.txt", "EN-MEN-TR-3k.txt"];

/// Trains with every tool and prints the tables.
pub fn run(options: &Options) -> Result<()> {
    let python = Python::install(&WORD_VECTORS)?;
    let (bench, words) = prepare(options, &python)?;
    let rows = rows(&bench, words)?;
    console::say(&format!(
        "\n{words} words, {} passes; words/s are of learning alone, seconds of the whole program\n",
        options.epochs
    ));
    console::say(&report::speed(&rows));
    console::say(&report::quality(&rows));
    Ok(())
}

/// Builds `train` and makes the text; also the number of its words.
pub fn prepare<'a>(options: &'a Options, python: &'a Python) -> Result<(Bench<'a>, u64)> {
    for path in options.text.iter().chain([&options.wordsim]) {
        ensure!(
            path.exists(),
            "{} is not there; --text and --wordsim name others",
            path.display()
        );
    }
    setup::run(setup::Options::default())?;
    console::run(&mut workspace::cargo(&[
        "build",
        "--release",
        "--workspace",
        "--bins",
    ]))?;
    let folder = workspace::programs()?.with_file_name("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let text = folder.join("text.txt");
    let mut arguments = vec![text.display().to_string()];
    arguments.extend(options.text.iter().map(|file| file.display().to_string()));
    let made = python.run("text", &arguments)?;
    let words = made["words"].as_u64().context("the text has no words")?;
    let bench = Bench {
        options,
        python,
        text,
        folder,
    };
    Ok((bench, words))
}

fn rows(bench: &Bench<'_>, words: u64) -> Result<Vec<Row>> {
    let options = bench.options;
    let mut rows = Vec::new();
    for method in &options.methods {
        for &dimension in &options.dimensions {
            for &threads in &options.threads {
                // Other methods are measured on one number of threads: their threads share the same way.
                if method != "skip-gram" && Some(&threads) != options.threads.first() {
                    continue;
                }
                let training = |seed| Training {
                    method: method.clone(),
                    dimension,
                    threads,
                    seed,
                    epochs: options.epochs,
                };
                let is_judged = method != "skip-gram" || Some(&threads) == options.threads.last();
                for tool in Tool::available(options)
                    .into_iter()
                    .filter(|tool| tool.can(method))
                {
                    let row = row(bench, tool, &training, is_judged, words)?;
                    console::note(&report::line(&row));
                    rows.push(row);
                }
            }
        }
    }
    Ok(rows)
}

/// One tool with one setting: its speed with the first seed, its quality as the mean of all.
fn row(
    bench: &Bench<'_>,
    tool: Tool,
    training: &dyn Fn(usize) -> Training,
    is_judged: bool,
    words: u64,
) -> Result<Row> {
    let first = bench.train(tool, &training(1))?;
    let mut scores = Vec::new();
    if is_judged {
        scores.push(judge(&first.vectors, &bench.options.wordsim)?);
        for seed in 2..=bench.options.seeds {
            let more = bench.train(tool, &training(seed))?;
            scores.push(judge(&more.vectors, &bench.options.wordsim)?);
        }
    }
    let Measured {
        learn_seconds,
        seconds,
        peak_mib,
        ..
    } = first;
    let training = training(1);
    Ok(Row {
        tool,
        words_per_second: (words * training.epochs as u64) as f64 / learn_seconds,
        training,
        seconds,
        peak_mib,
        spearman: mean(&scores),
    })
}

/// Spearman's correlation with each file of word pairs; one judge for the vectors of all tools.
pub fn judge(vectors: &Path, wordsim: &Path) -> Result<[f64; 3]> {
    let mut scores = [0.0; 3];
    for (score, file) in scores.iter_mut().zip(PAIRS) {
        let program = workspace::programs()?.join("train");
        let mut command = Command::new(program);
        command
            .arg("words")
            .arg(vectors)
            .arg("--pairs")
            .arg(wordsim.join(file))
            .arg("--json");
        let output = command.output().context("cannot start `train words`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let found = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let spearman = found.filter_map(|line| line["spearman"].as_f64()).next();
        *score = spearman.with_context(|| {
            let message = String::from_utf8_lossy(&output.stderr);
            format!("`train words --pairs {file}` gave no correlation: {message}")
        })?;
    }
    Ok(scores)
}

/// The mean of each score.
pub fn mean(scores: &[[f64; 3]]) -> Option<[f64; 3]> {
    let count = scores.len() as f64;
    let each = |file: usize| scores.iter().map(|score| score[file]).sum::<f64>() / count;
    (!scores.is_empty()).then(|| [each(0), each(1), each(2)])
}
