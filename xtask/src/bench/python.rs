//! A Python of its own for the peers that come from PyPI, in the cache folder.

use crate::{console, workspace};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Pinned, so that a figure can be measured again. gensim is the fastest that there is; fastText's own
/// package is compiled on this machine, and does not work with numpy 2; pyarrow 19 is the newest tried that works without.
const PACKAGES: [&str; 5] = [
    "gensim==4.4.0",
    "fasttext==0.9.3",
    "numpy==1.26.4",
    "scipy==1.17.1",
    "pyarrow==19.0.1",
];

const SCRIPT: &str = include_str!("peers.py");

/// A Python with the peers, and the script that runs them.
pub struct Python {
    program: PathBuf,
    script: PathBuf,
}

impl Python {
    /// Installs what is missing: once a machine, about a minute.
    pub fn install() -> Result<Self> {
        let folder = workspace::cache()?.join("bench-python");
        let program = folder.join("bin").join("python");
        let done = folder.join("packages");
        let wanted = PACKAGES.join(" ");
        if std::fs::read_to_string(&done).ok().as_deref() != Some(&wanted) {
            console::run(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&folder),
            )?;
            console::run(
                Command::new(&program)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(PACKAGES),
            )?;
            std::fs::write(&done, wanted).with_context(|| format!("cannot write {}", done.display()))?;
        }
        let script = folder.join("peers.py");
        std::fs::write(&script, SCRIPT).with_context(|| format!("cannot write {}", script.display()))?;
        Ok(Python { program, script })
    }

    /// A command of the script.
    pub fn command(&self, name: &str) -> Vec<String> {
        let words = [self.program.as_path(), self.script.as_path()];
        let words = words.iter().map(|word| word.display().to_string());
        words.chain([name.to_owned()]).collect()
    }

    /// Runs a command of the script; the object in the last line that it prints.
    pub fn run(&self, name: &str, arguments: &[String]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.arg(&self.script).arg(name).args(arguments);
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        ensure!(output.status.success(), "{name} failed ({})", output.status);
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.trim_end().lines().next_back().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("{name} printed no JSON: {last}"))
    }
}
