//! The sets of vectors: made once, and kept in the cache folder.

use super::options::Options;
use crate::bench::python::Python;
use crate::{console, setup, workspace};
use anyhow::{Context, Error, Result, ensure};
use serde_json::{Value, json};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

/// Of the random numbers and of the order in which vectors are added.
const SEED: u32 = 1;

/// A set of vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Set {
    /// MedQuAD's sentences, encoded by the base model: all, or so many spread over the corpus.
    MedQuad(Option<usize>),
    /// Random clusters.
    Random {
        /// Numbers in a vector.
        dimension: usize,
        /// Vectors, queries not counted.
        count: usize,
    },
}

impl FromStr for Set {
    type Err = Error;

    /// `medquad`, `medquad:COUNT` or `random-DIMENSION:COUNT`.
    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| text.parse().ok().filter(|&number: &usize| number > 0);
        let set = match text.split_once(':') {
            None => (text == "medquad").then_some(Set::MedQuad(None)),
            Some(("medquad", count)) => number(count).map(|count| Set::MedQuad(Some(count))),
            Some((name, count)) => {
                let dimension = name.strip_prefix("random-").and_then(number);
                let both = dimension.zip(number(count));
                both.map(|(dimension, count)| Set::Random { dimension, count })
            }
        };
        set.with_context(|| {
            format!("expected medquad, medquad:COUNT or random-DIMENSION:COUNT, found {text}")
        })
    }
}

impl fmt::Display for Set {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Set::MedQuad(None) => write!(out, "medquad"),
            Set::MedQuad(Some(count)) => write!(out, "medquad:{count}"),
            Set::Random { dimension, count } => write!(out, "random-{dimension}:{count}"),
        }
    }
}

/// A set that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Holds `vectors.fbin`, `queries.fbin` and `truth.ibin`.
    pub folder: PathBuf,
    /// Vectors that are indexed.
    pub count: usize,
    /// Numbers in a vector.
    pub dimension: usize,
}

/// Makes the set, where it is not in the cache.
pub fn prepare(set: &Set, options: &Options, python: &Python, aside: &Path) -> Result<Data> {
    let name = format!("{set}-{}-{}", options.metric, options.queries).replace(':', "-");
    let folder = workspace::cache()?.join("bench-ann").join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Written last, and renamed when it is whole.
    if !folder.join("vectors.fbin").exists() {
        console::note(&format!("{set}: made once, in {}", folder.display()));
        let mut settings = json!({
            "folder": folder, "metric": options.metric, "queries": options.queries, "seed": SEED,
        });
        let command = match set {
            Set::MedQuad(count) => {
                settings["file"] = json!(encode(*count, options, python, aside)?);
                "encoded"
            }
            Set::Random { dimension, count } => {
                settings["dimension"] = json!(dimension);
                settings["count"] = json!(count);
                "random"
            }
        };
        python.run(command, &[settings.to_string()])?;
    }
    let [count, dimension] = header(&folder.join("vectors.fbin"))?;
    Ok(Data {
        folder,
        count,
        dimension,
    })
}

/// The vectors of sentences, by `index build` and `index export`. Queries are taken out of them later.
fn encode(count: Option<usize>, options: &Options, python: &Python, aside: &Path) -> Result<PathBuf> {
    let corpus = options.data.join("medquad").join("corpus.parquet");
    ensure!(
        corpus.exists(),
        "{} is not there; --data names another folder, --sets sets without it",
        corpus.display()
    );
    setup::run(setup::Options::default())?;
    console::run(&mut workspace::cargo(&[
        "build",
        "--release",
        "--workspace",
        "--bins",
    ]))?;
    let [sentences, index, vectors] =
        ["sentences.jsonl", "sentences.index", "sentences.npy"].map(|name| aside.join(name));
    let count = count.map(|count| count + options.queries);
    let settings: Value = json!({"file": corpus, "count": count, "out": sentences});
    python.run("sentences", &[settings.to_string()])?;
    let model = workspace::root().join("deps").join("all-MiniLM-L6-v2");
    let program = workspace::programs()?.join("index");
    let mut build = Command::new(&program);
    build.arg("build").arg(&sentences).arg("--model").arg(model);
    console::run(build.arg("--out").arg(&index).arg("--force"))?;
    let mut export = Command::new(&program);
    console::run(
        export
            .arg("export")
            .arg(&index)
            .arg("--out")
            .arg(&vectors)
            .arg("--force"),
    )?;
    Ok(vectors)
}

/// Rows, and numbers in a row, of an `.fbin` file.
fn header(path: &Path) -> Result<[usize; 2]> {
    use std::io::Read;
    let mut bytes = [0; 8];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    read.with_context(|| format!("cannot read {}", path.display()))?;
    let [a, b, c, d, e, f, g, h] = bytes;
    Ok([[a, b, c, d], [e, f, g, h]].map(|number| u32::from_le_bytes(number) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for name in ["medquad", "medquad:500", "random-100:1000000"] {
            assert_eq!(name.parse::<Set>().unwrap().to_string(), name);
        }
        for name in ["", "medquad:", "medquad:0", "random-100", "random-0:5", "sift:5"] {
            assert!(name.parse::<Set>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_header_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.fbin");
        std::fs::write(&file, [2, 1, 0, 0, 3, 0, 0, 0, 9]).unwrap();
        assert_eq!(header(&file).unwrap(), [258, 3]);
        std::fs::write(&file, [2, 1, 0, 0]).unwrap();
        assert!(header(&file).is_err());
    }
}
