//! The programs that are measured: how each is started, and how it tells the time that learning took.

use super::config::{self, Change};
use super::options::Options;
use super::python::Python;
use crate::workspace;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A program that learns word vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `train` of this project.
    Sextant,
    /// gensim with `corpus_file`, its fast way of reading.
    Gensim,
    /// fastText's Python package, which is its C++.
    FastText,
    /// Google's original.
    Word2vecC,
    /// Intel's, with shared negatives.
    PWord2vec,
}

/// One training.
#[derive(Debug, Clone)]
pub struct Training {
    /// `skip-gram`, `cbow` or `subwords`.
    pub method: String,
    /// Length of the vectors.
    pub dimension: usize,
    /// Threads.
    pub threads: usize,
    /// Seed, where the tool takes one.
    pub seed: usize,
    /// Passes over the text.
    pub epochs: usize,
}

/// What a training took.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Seconds of learning alone, without reading and counting.
    pub learn_seconds: f64,
    /// Seconds from start to end of the program.
    pub seconds: f64,
    /// Most memory that it held, in MiB.
    pub peak_mib: f64,
    /// Where its vectors are, in word2vec's text format.
    pub vectors: PathBuf,
}

impl Tool {
    /// All that are there, this project's first.
    pub fn available(options: &Options) -> Vec<Tool> {
        let mut tools = vec![Tool::Sextant, Tool::Gensim, Tool::FastText];
        tools.extend(options.word2vec_c.is_some().then_some(Tool::Word2vecC));
        tools.extend(options.pword2vec.is_some().then_some(Tool::PWord2vec));
        tools
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Sextant => "Sextant",
            Tool::Gensim => "gensim",
            Tool::FastText => "fastText",
            Tool::Word2vecC => "word2vec.c",
            Tool::PWord2vec => "pWord2Vec",
        }
    }

    /// Whether it has the method.
    pub fn can(self, method: &str) -> bool {
        match self {
            Tool::Sextant | Tool::Gensim | Tool::FastText => true,
            Tool::Word2vecC => method != "subwords",
            Tool::PWord2vec => method == "skip-gram",
        }
    }
}

/// Trains with a tool.
pub struct Bench<'a> {
    /// The command line.
    pub options: &'a Options,
    /// The Python of the peers.
    pub python: &'a Python,
    /// The text, the same words for all.
    pub text: PathBuf,
    /// Folder for what is made.
    pub folder: PathBuf,
}

impl Bench<'_> {
    /// Runs one training to its end.
    pub fn train(&self, tool: Tool, training: &Training) -> Result<Measured> {
        let out = self.folder.join("vectors.txt");
        let command = match tool {
            Tool::Sextant => return self.sextant(&changes(training), training.threads),
            Tool::Gensim | Tool::FastText => self.in_python(tool, training, &out),
            Tool::Word2vecC => original(self.options.word2vec_c.as_deref(), &self.text, training, &out)?,
            Tool::PWord2vec => original(self.options.pword2vec.as_deref(), &self.text, training, &out)?,
        };
        self.watched(tool, &command, out)
    }

    fn watched(&self, tool: Tool, command: &[String], vectors: PathBuf) -> Result<Measured> {
        let watched = self.python.watch(tool.name(), command, false)?;
        let output = watched["output"].as_str().unwrap_or_default();
        let learn_seconds = match tool {
            Tool::Sextant | Tool::Gensim => learned(output),
            Tool::FastText | Tool::Word2vecC | Tool::PWord2vec => watched["progress_seconds"]
                .as_f64()
                .zip(progress(output))
                .map(|(seconds, part)| seconds / part),
        };
        let number = |name: &str| watched[name].as_f64().unwrap_or(f64::NAN);
        Ok(Measured {
            learn_seconds: learn_seconds
                .with_context(|| format!("{} did not tell its time of learning:\n{output}", tool.name()))?,
            seconds: number("seconds"),
            peak_mib: number("peak_mib"),
            vectors,
        })
    }

    /// Runs `train` with changes to the base configuration.
    pub fn sextant(&self, changes: &[Change], threads: usize) -> Result<Measured> {
        let config = self.folder.join("bench.toml");
        std::fs::write(&config, config::toml(&self.text, changes))
            .with_context(|| format!("cannot write {}", config.display()))?;
        let out = self.folder.join("model");
        let command = [
            workspace::programs()?.join("train").display().to_string(),
            "--config".to_owned(),
            config.display().to_string(),
            "--out".to_owned(),
            out.display().to_string(),
            "--force".to_owned(),
            "--json".to_owned(),
            "--threads".to_owned(),
            threads.to_string(),
        ];
        self.watched(Tool::Sextant, &command, out.join("word_vectors.txt"))
    }

    fn in_python(&self, tool: Tool, training: &Training, out: &Path) -> Vec<String> {
        let name = if tool == Tool::Gensim {
            "gensim"
        } else {
            "fasttext"
        };
        let mut command = self.python.command(name);
        let settings = json!({
            "text": self.text,
            "out": out,
            "architecture": architecture(training),
            "subwords": training.method == "subwords",
            "dimension": training.dimension,
            "learning_rate": learning_rate(training),
            "threads": training.threads,
            "seed": training.seed,
            "epochs": training.epochs,
        });
        command.push(settings.to_string());
        command
    }
}

/// word2vec.c and those that kept its command line. They take no seed.
fn original(program: Option<&Path>, text: &Path, training: &Training, out: &Path) -> Result<Vec<String>> {
    let Some(program) = program else {
        bail!("the program is not named");
    };
    let cbow = if training.method == "cbow" { "1" } else { "0" };
    let pairs = [
        ("-train", text.display().to_string()),
        ("-output", out.display().to_string()),
        ("-cbow", cbow.to_owned()),
        ("-size", training.dimension.to_string()),
        ("-alpha", learning_rate(training).to_string()),
        ("-threads", training.threads.to_string()),
        ("-iter", training.epochs.to_string()),
        ("-window", "5".to_owned()),
        ("-negative", "5".to_owned()),
        ("-sample", "1e-4".to_owned()),
        ("-min-count", "5".to_owned()),
    ];
    let words = pairs
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value]);
    Ok([program.display().to_string()].into_iter().chain(words).collect())
}

/// The same rate for all tools: word2vec.c's default for the architecture.
fn learning_rate(training: &Training) -> f64 {
    if training.method == "cbow" { 0.05 } else { 0.025 }
}

fn architecture(training: &Training) -> &'static str {
    if training.method == "cbow" {
        "cbow"
    } else {
        "skip-gram"
    }
}

/// What this project is asked for, as changes to the base of `config.rs`.
fn changes(training: &Training) -> Vec<Change> {
    let mut changes = vec![
        Change::new(
            "word2vec",
            "architecture",
            format!("{:?}", architecture(training)),
        ),
        Change::new("word2vec", "dimension", training.dimension),
        Change::new("word2vec", "epochs", training.epochs),
        Change::new("word2vec", "learning_rate", learning_rate(training)),
        Change::new("word2vec", "seed", training.seed),
    ];
    if training.method == "subwords" {
        changes.push(Change::new("subwords", "minn", 3));
    }
    changes
}

/// The seconds in the line `{"type": "learned", "seconds": …}`.
fn learned(output: &str) -> Option<f64> {
    let objects = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut learned = objects.filter(|object| object["type"] == "learned");
    learned.next()?["seconds"].as_f64()
}

/// The last part of the work that a program said it had done. word2vec.c as its authors left it ends after one
/// pass, whatever `-iter` says, because it never clears its mark of the file's end.
fn progress(output: &str) -> Option<f64> {
    let (_, last) = output.rsplit_once("Progress:")?;
    let percent: f64 = last.split('%').next()?.trim().parse().ok()?;
    (percent > 0.0).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_read() {
        let output = "Alpha: 0.02  Progress: 1.23%  x\nAlpha: 0.01  Progress: 33.12%  Words/thread/sec: 230k";
        assert!((progress(output).unwrap() - 0.3312).abs() < 1e-12);
        assert_eq!(progress("Progress: 0.0%"), None);
        let lines = "{\"type\":\"start\"}\nno JSON\n{\"type\":\"learned\",\"seconds\":2.5}";
        assert_eq!(learned(lines), Some(2.5));
    }
}
