//! What both benchmarks need before they can begin, and how they run a peer.

use super::options::Common;
use super::speed::Speed;
use crate::bench::python::{Python, TEXT_ENCODERS};
use crate::{console, setup, workspace};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The programs, the model and the Python of the peers.
pub struct Work<'a> {
    /// The command line.
    pub common: &'a Common,
    /// The Python of the peers.
    pub python: Python,
    /// The model folder.
    pub model: PathBuf,
    /// Folder for what is made.
    pub folder: PathBuf,
}

impl<'a> Work<'a> {
    /// Builds the programs; `data` has to be there and is named by `option`.
    pub fn prepare(common: &'a Common, option: &str, data: &Path) -> Result<Self> {
        ensure!(
            data.exists(),
            "{} is not there; {option} names another",
            data.display()
        );
        setup::run(setup::Options::default())?;
        let base = || workspace::root().join("deps").join("all-MiniLM-L6-v2");
        let model = common.model.clone().unwrap_or_else(base);
        let model = model
            .canonicalize()
            .with_context(|| format!("--model {} is not there", model.display()))?;
        let build = ["build", "--release", "--workspace", "--bins"];
        console::run(&mut workspace::cargo(&build))?;
        let folder = workspace::programs()?.with_file_name("bench");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let python = match &common.python {
            Some(program) => Python::there(program, &TEXT_ENCODERS, &folder)?,
            None => Python::install(&TEXT_ENCODERS)?,
        };
        Ok(Work {
            common,
            python,
            model,
            folder,
        })
    }

    /// Runs a command of the script that is not measured.
    pub fn prepare_in_python(&self, name: &str, settings: &Value) -> Result<Value> {
        self.python.run(name, &[settings.to_string()])
    }

    /// Runs a command of the script and measures it. Threads, device and precision are added to its settings.
    pub fn measure_peer(&self, tool: &str, name: &str, mut settings: Value) -> Result<Speed> {
        settings["threads"] = json!(self.common.threads);
        settings["device"] = json!(self.common.device);
        settings["precision"] = json!(self.common.precision);
        let mut command = self.python.command(name);
        command.push(settings.to_string());
        let watched = self.watch(tool, &command)?;
        Speed::of_peer(&watched).with_context(|| tool.to_owned())
    }

    /// Runs one of our programs; what `watch.py` found.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<Value> {
        let threads = self.common.threads.to_string();
        let mut command = vec![workspace::programs()?.join(program).display().to_string()];
        command.extend(arguments.iter().map(|&word| word.to_owned()));
        command.extend(["--threads".to_owned(), threads]);
        self.watch(program, &command)
    }

    fn watch(&self, name: &str, command: &[String]) -> Result<Value> {
        self.python.watch(name, command, self.common.device == "cuda")
    }
}
