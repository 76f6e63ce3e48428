//! A Python of its own for the peers that come from PyPI, in the cache folder.

use crate::{console, workspace};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a program and measures it; needs nothing but Python.
const WATCH: (&str, &str) = ("watch.py", include_str!("watch.py"));

/// Peers, and the script that runs them.
pub struct Peers {
    /// Their folder in the cache.
    pub folder: &'static str,
    /// Pinned, so that a figure can be measured again.
    pub packages: &'static [&'static str],
    /// The script's text.
    pub script: &'static str,
}

/// Word vectors. gensim is the fastest that there is; fastText's own package is compiled on this machine, and does not
/// work with numpy 2; pyarrow 19 is the newest tried that works without.
pub const WORD_VECTORS: Peers = Peers {
    folder: "bench-python",
    packages: &[
        "gensim==4.4.0",
        "fasttext==0.9.3",
        "numpy==1.26.4",
        "scipy==1.17.1",
        "pyarrow==19.0.1",
    ],
    script: include_str!("peers.py"),
};

/// Text encoders. torch is the release of our libtorch, so that both compute with the same kernels.
pub const TEXT_ENCODERS: Peers = Peers {
    folder: "bench-encoders",
    packages: &[
        "sentence-transformers==6.2.0",
        "torch==2.11.0",
        "transformers==5.24.0",
        "accelerate==1.15.0",
        "datasets==5.2.0",
        "onnxruntime==1.32.0",
        "onnx==1.20.0",
        "pyarrow==26.0.1",
    ],
    script: include_str!("text_encoders/peers.py"),
};

/// Nearest neighbours. hnswlib comes as source alone: it is compiled on this machine, for its own processor, which takes
/// a C++ compiler and Python's headers. The others bring code for several processors and choose when they start.
pub const NEIGHBORS: Peers = Peers {
    folder: "bench-ann-python",
    packages: &[
        "hnswlib==0.8.0",
        "faiss-cpu==1.15.1",
        "usearch==2.26.6",
        "numpy==2.4.6",
        "pyarrow==26.0.1",
    ],
    script: include_str!("ann/peers.py"),
};

/// A Python with the peers, and the scripts.
pub struct Python {
    program: PathBuf,
    script: PathBuf,
    watch: PathBuf,
}

impl Python {
    /// Installs what is missing: once a machine, about a minute and more for torch.
    pub fn install(peers: &Peers) -> Result<Self> {
        let folder = workspace::cache()?.join(peers.folder);
        let program = folder.join("bin").join("python");
        let done = folder.join("packages");
        let wanted = peers.packages.join(" ");
        if std::fs::read_to_string(&done).ok().as_deref() != Some(&wanted) {
            console::run(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&folder),
            )?;
            console::run(
                Command::new(&program)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(peers.packages),
            )?;
            std::fs::write(&done, wanted).with_context(|| format!("cannot write {}", done.display()))?;
        }
        Python::there(&program, peers, &folder)
    }

    /// A Python that has the peers; the scripts are put into `folder`.
    pub fn there(program: &Path, peers: &Peers, folder: &Path) -> Result<Self> {
        let write = |(name, text): (&str, &str)| {
            let path = folder.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok::<_, anyhow::Error>(path)
        };
        Ok(Python {
            program: program.to_owned(),
            script: write(("peers.py", peers.script))?,
            watch: write(WATCH)?,
        })
    }

    /// A command of the script.
    pub fn command(&self, name: &str) -> Vec<String> {
        let words = [self.program.as_path(), self.script.as_path()];
        let words = words.iter().map(|word| word.display().to_string());
        words.chain([name.to_owned()]).collect()
    }

    /// Runs a command of the script; the object in the last line that it prints.
    pub fn run(&self, name: &str, arguments: &[String]) -> Result<Value> {
        self.last_line(
            &self.script,
            [name].into_iter().chain(arguments.iter().map(String::as_str)),
        )
    }

    /// Runs any program to its end, `gpu` with an eye on the memory of the cards: what `watch.py` found. A program
    /// that fails is an error with its output; `name` names it there.
    pub fn watch(&self, name: &str, command: &[String], gpu: bool) -> Result<Value> {
        let gpu = gpu.then_some("--gpu").into_iter();
        let watched = self.last_line(&self.watch, gpu.chain(command.iter().map(String::as_str)))?;
        ensure!(
            watched["status"] == 0,
            "{name} failed with {}:\n{}",
            watched["status"],
            watched["output"].as_str().unwrap_or_default()
        );
        Ok(watched)
    }

    fn last_line<'a>(&self, script: &Path, arguments: impl Iterator<Item = &'a str>) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.arg(script).args(arguments);
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let name = script.display();
        ensure!(output.status.success(), "{name} failed ({})", output.status);
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.trim_end().lines().next_back().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("{name} printed no JSON: {last}"))
    }
}
