//! `cargo xtask demo`: from a fresh clone to an answer, on the sample data of this repository.
//!
//! Every command is printed as a person would type it, with `target/release` first in PATH, so that
//! the output is also the manual. The base model is measured before training and the new model after
//! it, on test questions about conditions that no training pair mentions.

use crate::table::{self, Scores};
use crate::{console, setup, workspace};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::process::Command;
use std::time::{Duration, Instant};

const CORPUS: &str = "data/medical/corpus.parquet";
const QUERIES: &str = "data/medical/test/queries.jsonl";
const QRELS: &str = "data/medical/test/qrels.tsv";
const BASE_MODEL: &str = "deps/all-MiniLM-L6-v2";
const BASE_INDEX: &str = "target/demo/base.index";
const MODEL: &str = "models/medical";
const INDEX: &str = "corpus.index";

/// Runs everything, and ends with the hits, the qualities and the times.
pub fn run() -> Result<()> {
    let mut demo = Demo::new()?;
    demo.timed("set-up", |_| setup::run(setup::Options::default()))?;
    demo.timed("build", |_| {
        console::run(&mut workspace::cargo(&["build", "--release", "--workspace"]))
    })?;

    console::say("\nBefore training:");
    let aside = workspace::root().join(BASE_INDEX).with_file_name("");
    std::fs::create_dir_all(&aside).with_context(|| format!("cannot create {}", aside.display()))?;
    let build_base = ["build", CORPUS, "--model", BASE_MODEL, "--out", BASE_INDEX];
    demo.timed("index with the base model", |demo| {
        demo.replacing("index", &build_base, BASE_INDEX)
    })?;
    let before = demo.timed("measure the base model", |demo| demo.measure(BASE_INDEX))?;

    console::say("\nTraining, indexing, searching:");
    demo.timed("train", |demo| {
        demo.replacing("train", &["--config", "medical.toml"], MODEL)
    })?;
    demo.timed("index", |demo| demo.replacing("index", &["build", CORPUS], INDEX))?;
    demo.timed("search", Demo::search)?;
    let after = demo.timed("measure the trained model", |demo| demo.measure(INDEX))?;

    console::say(&format!("\n{}", table::qualities(&before, &after)?));
    console::say(&table::times(&demo.times));
    Ok(())
}

struct Demo {
    path: OsString,
    times: Vec<(&'static str, Duration)>,
}

impl Demo {
    fn new() -> Result<Self> {
        let mut folders = vec![workspace::programs()?];
        folders.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let path = std::env::join_paths(folders).context("cannot put target/release into PATH")?;
        Ok(Self {
            path,
            times: Vec::new(),
        })
    }

    fn timed<T>(&mut self, step: &'static str, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let result = work(self)?;
        self.times.push((step, start.elapsed()));
        Ok(result)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        command
            .args(arguments)
            .current_dir(workspace::root())
            .env("PATH", &self.path);
        command
    }

    /// Runs a command that makes `output`, with `--force` where an earlier demo has left one.
    fn replacing(&self, name: &str, arguments: &[&str], output: &str) -> Result<()> {
        let mut command = self.program(name, arguments);
        if workspace::root().join(output).exists() {
            command.arg("--force");
        }
        console::run(&mut command)
    }

    /// Asks the question of the README. With other indexes in the folder it must be said which.
    fn search(&self) -> Result<()> {
        let mut command = self.program("search", &["symptoms of diabetes"]);
        let entries = std::fs::read_dir(workspace::root()).context("cannot list the checkout")?;
        let is_index = |name: OsString| name.to_string_lossy().ends_with(".index");
        if entries
            .flatten()
            .filter(|entry| is_index(entry.file_name()))
            .count()
            > 1
        {
            command.args(["--index", INDEX]);
        }
        console::run(&mut command)
    }

    fn measure(&self, index: &str) -> Result<Scores> {
        let arguments = [
            "eval",
            "--queries",
            QUERIES,
            "--qrels",
            QRELS,
            "--index",
            index,
            "--json",
        ];
        let lines = console::capture(&mut self.program("search", &arguments))?;
        Scores::parse(&lines)
    }
}
