//! `cargo xtask bench train`: the same steps on the same pairs by this project and by sentence-transformers' trainer.
//!
//! Both shuffle with their own seeds, so their batches differ, and a tool's tokens are counted in its own. Timed are the
//! steps behind the warm-up, with no measurement and no saving between them; sentence-transformers tokenizes within
//! its steps, this project once before the first one.

use super::options::TrainOptions;
use super::report::{self, Row};
use super::speed::{Speed, objects};
use super::work::Work;
use crate::{console, workspace};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// This project first: the report takes the others' speed in relation to it.
const TOOLS: [Tool; 2] = [Tool::Sextant, Tool::SentenceTransformers];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Sextant,
    SentenceTransformers,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Tool::Sextant => "Sextant",
            Tool::SentenceTransformers => "sentence-transformers",
        }
    }
}

/// What is trained, and for how long.
#[derive(Debug, Clone, PartialEq)]
struct Setting {
    batch: usize,
    max_length: usize,
    /// Texts in a mini-batch where the loss is the cached one.
    mini_batch: Option<usize>,
    warm_up: usize,
    steps: usize,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loss = if self.mini_batch.is_some() {
            "cached"
        } else {
            "plain"
        };
        write!(f, "{} | {} | {loss}", self.batch, self.max_length)
    }
}

/// Trains with both tools and prints the table.
pub fn run(options: &TrainOptions) -> Result<()> {
    let work = Work::prepare(&options.common, "--pairs", &options.pairs)?;
    let bench = Bench {
        options,
        pairs: work.folder.join("pairs.jsonl"),
        work,
    };
    let made = bench
        .work
        .prepare_in_python("pairs", &json!({"file": options.pairs, "out": bench.pairs}))?;
    let mut rows = Vec::new();
    for setting in settings(options) {
        rows.extend(bench.rows(&setting)?);
    }
    console::say(&format!(
        "\n{} pairs, {} steps after {} of warm-up, {}\n",
        made["rows"],
        options.steps,
        options.warm_up,
        options.common.in_words("seeds")
    ));
    console::say(&report::training(&rows));
    Ok(())
}

/// All batches at all lengths, and the cached loss at the first length.
fn settings(options: &TrainOptions) -> Vec<Setting> {
    let lengths = &options.common.max_lengths;
    let plain = lengths.iter().flat_map(|&max_length| {
        options.common.batches.iter().map(move |&batch| Setting {
            batch,
            max_length,
            mini_batch: None,
            warm_up: options.warm_up,
            steps: options.steps,
        })
    });
    let cached = options
        .cached
        .zip(lengths.first())
        .map(|(batch, &max_length)| Setting {
            batch,
            max_length,
            mini_batch: Some(options.mini_batch),
            warm_up: 1,
            steps: options.cached_steps,
        });
    plain.chain(cached).collect()
}

struct Bench<'a> {
    options: &'a TrainOptions,
    work: Work<'a>,
    /// The pairs, the same for both tools.
    pairs: PathBuf,
}

impl Bench<'_> {
    /// Both tools with one setting, in turn.
    fn rows(&self, setting: &Setting) -> Result<Vec<Row>> {
        let mut rows = TOOLS.map(|tool| Row::new(setting.to_string(), tool.name()));
        for seed in 1..=self.options.common.turns {
            let folders = TOOLS.map(|tool| self.work.folder.join(tool.name()));
            for ((tool, row), folder) in TOOLS.iter().zip(&mut rows).zip(&folders) {
                let speed = match tool {
                    Tool::Sextant => self.ours(setting, seed, folder)?,
                    Tool::SentenceTransformers => self.theirs(setting, seed, folder)?,
                };
                console::note(&report::line(row, &speed));
                row.speeds.push(speed);
            }
            if let Some(eval) = self.judged(setting) {
                for (row, quality) in rows.iter_mut().zip(qualities(&folders, eval)?) {
                    row.qualities.push(quality);
                }
            }
        }
        Ok(rows.into())
    }

    /// The development set, where the models are measured: the cached loss takes too few steps to learn anything.
    fn judged(&self, setting: &Setting) -> Option<&Path> {
        self.options
            .eval
            .as_deref()
            .filter(|_| setting.mini_batch.is_none())
    }

    fn ours(&self, setting: &Setting, seed: usize, folder: &Path) -> Result<Speed> {
        let config = self.work.folder.join("bench-train.toml");
        std::fs::write(&config, self.config(setting, seed))
            .with_context(|| format!("cannot write {}", config.display()))?;
        let (config, out) = (config.display().to_string(), folder.display().to_string());
        let words = [
            "--config", &config, "--out", &out, "--force", "--json", "--device",
        ];
        let device = [self.options.common.device.as_str()];
        let watched = self.work.run("train", &[&words[..], &device].concat())?;
        speed_of_steps(&watched, setting.warm_up)
    }

    fn config(&self, setting: &Setting, seed: usize) -> String {
        let text = |path: &Path| format!("{:?}", path.display().to_string());
        let cached = setting.mini_batch.map_or_else(String::new, |texts| {
            format!("[loss]\nmini_batch_tokens = {}\n", texts * setting.max_length)
        });
        format!(
            "kind = \"contrastive\"\nname = \"bench\"\nbase_model = {}\n[data]\ntrain = {}\n[train]\nmax_steps = {}\n\
             batch_size = {}\nmax_length = {}\nlearning_rate = 2e-5\nwarmup_ratio = 0.1\nweight_decay = 0.01\n\
             max_grad_norm = 1.0\nscale = 20\nseed = {seed}\nprecision = {:?}\n{cached}",
            text(&self.work.model),
            text(&self.pairs),
            setting.warm_up + setting.steps,
            setting.batch,
            setting.max_length,
            self.options.common.precision,
        )
    }

    fn theirs(&self, setting: &Setting, seed: usize, folder: &Path) -> Result<Speed> {
        let settings = json!({
            "model": self.work.model,
            "pairs": self.pairs,
            "folder": folder,
            "batch": setting.batch,
            "max_length": setting.max_length,
            "mini_batch": setting.mini_batch,
            "warm_up": setting.warm_up,
            "steps": setting.steps,
            "seed": seed,
            "save": self.judged(setting).is_some(),
        });
        self.work
            .measure_peer(Tool::SentenceTransformers.name(), "train", settings)
    }
}

/// From the events of the steps behind the warm-up.
fn speed_of_steps(watched: &Value, warm_up: usize) -> Result<Speed> {
    let output = watched["output"].as_str().unwrap_or_default();
    let steps = objects(output, "step");
    let read = |step: &Value| {
        let number = |name: &str| step[name].as_f64();
        let pairs = number("pairs")?;
        Some([pairs, number("tokens")?, pairs / number("samples_per_second")?])
    };
    let read: Option<Vec<[f64; 3]>> = steps.iter().skip(warm_up).map(read).collect();
    let read = read.filter(|steps| !steps.is_empty());
    let read = read.with_context(|| format!("`train` told no steps:\n{output}"))?;
    let sum = |i: usize| read.iter().map(|step| step[i]).sum::<f64>();
    Ok(Speed::new(sum(0), sum(1), sum(2), watched))
}

/// nDCG@10 of both models, by one judge.
fn qualities(folders: &[PathBuf; 2], eval: &Path) -> Result<[f64; 2]> {
    let mut command = Command::new(workspace::programs()?.join("train"));
    command.arg("compare").args(folders);
    let output = console::capture(command.arg("--eval").arg(eval).arg("--json"))?;
    let metrics = objects(&output, "metric");
    let metric = metrics.iter().find(|metric| metric["name"] == "nDCG@10");
    let of = |name: &str| metric.and_then(|metric| metric[name].as_f64());
    let found = of("a").zip(of("b"));
    ensure!(found.is_some(), "`train compare` told no nDCG@10:\n{output}");
    let (a, b) = found.unwrap_or_default();
    Ok([a, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_does_not_count() {
        let step = |pairs: usize, tokens: usize, rate: f64| {
            json!({"type": "step", "pairs": pairs, "tokens": tokens, "samples_per_second": rate}).to_string()
        };
        let output = [
            step(8, 100, 1.0),
            "note".to_owned(),
            step(8, 100, 4.0),
            step(4, 60, 4.0),
        ]
        .join("\n");
        let speed = speed_of_steps(&json!({"output": output, "peak_mib": 1.0}), 1).unwrap();
        assert!((speed.samples - 4.0).abs() < 1e-9, "{speed:?}");
        assert!((speed.tokens - 160.0 / 3.0).abs() < 1e-9, "{speed:?}");
        assert!(speed_of_steps(&json!({"output": output}), 3).is_err());
    }

    #[test]
    fn the_cached_loss_is_measured_once_at_the_first_length() {
        let options = TrainOptions {
            cached: Some(512),
            ..TrainOptions::default()
        };
        let settings = settings(&options);
        assert_eq!(settings.len(), 5);
        assert_eq!(settings[4].to_string(), "512 | 128 | cached");
        assert_eq!(settings[1].to_string(), "256 | 128 | plain");
    }
}
