//! `cargo xtask bench encode`: the same texts through `index build` with both backends, sentence-transformers and ONNX
//! Runtime.
//!
//! `index build` is timed from reading the documents to the last vector, with the words of each document stored on the
//! way, without its graph; the others from the texts to the last vector.

use super::options::{Common, EncodeOptions};
use super::report::{self, Row};
use super::speed::{Speed, objects};
use super::work::Work;
use crate::console;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `index build --backend torch`.
    SextantTorch,
    /// `index build --backend candle`, on the CPU and in float32 alone.
    SextantCandle,
    /// Its `encode`.
    SentenceTransformers,
    /// On the CPU and in float32 alone: its package for CUDA is another.
    OnnxRuntime,
}

impl Tool {
    /// Those that know the device and the precision; sentence-transformers, which all vectors are compared to, first.
    fn available(common: &Common) -> Vec<Tool> {
        let mut tools = vec![Tool::SentenceTransformers, Tool::SextantTorch];
        if common.device == "cpu" && common.precision == "float32" {
            tools.extend([Tool::SextantCandle, Tool::OnnxRuntime]);
        }
        tools
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Tool::SextantTorch => "Sextant, libtorch",
            Tool::SextantCandle => "Sextant, candle",
            Tool::SentenceTransformers => "sentence-transformers",
            Tool::OnnxRuntime => "ONNX Runtime",
        }
    }
}

/// Encodes with every tool and prints the table.
pub fn run(options: &EncodeOptions) -> Result<()> {
    let work = Work::prepare(&options.common, "--corpus", &options.corpus)?;
    let corpus = work.folder.join("corpus.jsonl");
    let settings = json!({"file": options.corpus, "out": corpus, "texts": options.texts});
    let made = work.prepare_in_python("corpus", &settings)?;
    let mut bench = Bench {
        options,
        onnx: work.folder.join("model.onnx"),
        model: work.model.clone(),
        corpus,
        work,
    };
    let tools = Tool::available(&options.common);
    if tools.contains(&Tool::OnnxRuntime) {
        let settings =
            json!({"model": bench.work.model, "out": bench.onnx, "threads": options.common.threads});
        bench.work.prepare_in_python("export", &settings)?;
    }
    let mut rows = Vec::new();
    for &max_length in &options.common.max_lengths {
        bench.model = cut_at(&bench.work.model, max_length, &bench.work.folder)?;
        for &batch in &options.common.batches {
            rows.extend(bench.rows(&tools, batch, max_length)?);
        }
    }
    console::say(&format!(
        "\n{} texts, {}\n",
        made["rows"],
        options.common.in_words("turns")
    ));
    console::say(&report::encoding(&rows));
    Ok(())
}

struct Bench<'a> {
    options: &'a EncodeOptions,
    work: Work<'a>,
    /// The texts, the same for all.
    corpus: PathBuf,
    /// The model, exported.
    onnx: PathBuf,
    /// The model, cut at the length that is measured.
    model: PathBuf,
}

impl Bench<'_> {
    /// All tools with one setting, in turn.
    fn rows(&self, tools: &[Tool], batch: usize, max_length: usize) -> Result<Vec<Row>> {
        let row = |tool: &Tool| Row::new(format!("{batch} | {max_length}"), tool.name());
        let mut rows: Vec<Row> = tools.iter().map(row).collect();
        let mut reference = None;
        for _ in 0..self.options.common.turns {
            for (&tool, row) in tools.iter().zip(&mut rows) {
                let (speed, vectors) = self.encode(tool, batch, max_length)?;
                console::note(&report::line(row, &speed));
                let (tokens, first) = reference.get_or_insert((speed.counted, vectors.clone()));
                ensure!(
                    speed.counted == *tokens,
                    "{} read {} tokens and {} read {tokens}: they do not cut the same texts alike",
                    tool.name(),
                    speed.counted,
                    Tool::SentenceTransformers.name()
                );
                let compared = json!({"a": first, "b": vectors});
                let found = self.work.prepare_in_python("difference", &compared)?;
                row.speeds.push(speed);
                row.difference = found["difference"].as_f64();
            }
        }
        Ok(rows)
    }

    /// One run, and the file of its vectors.
    fn encode(&self, tool: Tool, batch: usize, max_length: usize) -> Result<(Speed, PathBuf)> {
        let command = match tool {
            Tool::SextantTorch => return self.ours("torch"),
            Tool::SextantCandle => return self.ours("candle"),
            Tool::SentenceTransformers => "encode",
            Tool::OnnxRuntime => "onnx",
        };
        let out = self.work.folder.join(format!("{command}.npy"));
        let settings = json!({
            "model": self.model,
            "corpus": self.corpus,
            "onnx": self.onnx,
            "batch": batch,
            "max_length": max_length,
            "out": out,
        });
        Ok((self.work.measure_peer(tool.name(), command, settings)?, out))
    }

    /// `index build`, which makes batches of its own by their tokens.
    fn ours(&self, backend: &str) -> Result<(Speed, PathBuf)> {
        let out = self.work.folder.join(format!("{backend}.index"));
        let [corpus, model, index] = [&self.corpus, &self.model, &out].map(|path| path.display().to_string());
        let arguments = [
            "build", &corpus, "--model", &model, "--out", &index, "--force", "--json",
        ];
        let Common {
            device, precision, ..
        } = &self.options.common;
        let how = ["--backend", backend, "--device", device, "--precision", precision];
        let watched = self.work.run("index", &[&arguments[..], &how].concat())?;
        Ok((speed_of_build(&watched)?, vectors(&out)?))
    }
}

fn speed_of_build(watched: &Value) -> Result<Speed> {
    let output = watched["output"].as_str().unwrap_or_default();
    let summary = objects(output, "summary").pop();
    let read = |summary: &Value| {
        let number = |name: &str| summary[name].as_f64();
        let (samples, tokens) = (number("documents")?, number("tokens")?);
        Some(Speed::new(samples, tokens, number("encode_seconds")?, watched))
    };
    let speed = summary.as_ref().and_then(read);
    speed.with_context(|| format!("`index build` told no summary:\n{output}"))
}

/// The file of vectors in the only segment of a new index.
fn vectors(index: &Path) -> Result<PathBuf> {
    let segments = index.join("segments");
    let entries =
        std::fs::read_dir(&segments).with_context(|| format!("cannot list {}", segments.display()))?;
    let files = entries.flatten().map(|entry| entry.path().join("vectors.bin"));
    let mut files = files.filter(|file| file.is_file());
    files
        .next()
        .with_context(|| format!("{} has no vectors", index.display()))
}

/// A folder with the files of `model`, which says that texts are cut at `max_length`: what every tool understands.
fn cut_at(model: &Path, max_length: usize, folder: &Path) -> Result<PathBuf> {
    const NAME: &str = "sentence_bert_config.json";
    let made = folder.join("model");
    let failed = || format!("cannot make {}", made.display());
    if made.exists() {
        std::fs::remove_dir_all(&made).with_context(failed)?;
    }
    std::fs::create_dir(&made).with_context(failed)?;
    for entry in std::fs::read_dir(model).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        if entry.file_name() != NAME {
            std::os::unix::fs::symlink(entry.path(), made.join(entry.file_name())).with_context(failed)?;
        }
    }
    let settings = std::fs::read(model.join(NAME)).unwrap_or_else(|_| b"{}".to_vec());
    let mut settings: Value = serde_json::from_slice(&settings).with_context(failed)?;
    settings["max_seq_length"] = json!(max_length);
    std::fs::write(made.join(NAME), settings.to_string()).with_context(failed)?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_cut_by_its_settings_alone() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("base");
        std::fs::create_dir(&model).unwrap();
        std::fs::write(model.join("config.json"), "{}").unwrap();
        let name = "sentence_bert_config.json";
        std::fs::write(
            model.join(name),
            r#"{"max_seq_length": 256, "do_lower_case": true}"#,
        )
        .unwrap();
        for length in [128, 64] {
            let made = cut_at(&model, length, folder.path()).unwrap();
            assert_eq!(std::fs::read(made.join("config.json")).unwrap(), b"{}");
            let settings: Value = serde_json::from_slice(&std::fs::read(made.join(name)).unwrap()).unwrap();
            assert_eq!(settings, json!({"max_seq_length": length, "do_lower_case": true}));
        }
        let unchanged = std::fs::read_to_string(model.join(name)).unwrap();
        assert!(unchanged.contains("256"), "{unchanged}");
    }

    #[test]
    fn a_build_tells_its_speed_and_the_vectors_are_found() {
        let output = "{\"type\":\"summary\",\"documents\":6,\"tokens\":90,\"encode_seconds\":3.0}";
        let speed = speed_of_build(&json!({"output": output, "peak_mib": 2.0})).unwrap();
        assert_eq!((speed.samples, speed.tokens), (2.0, 30.0));
        let folder = tempfile::tempdir().unwrap();
        assert!(vectors(folder.path()).is_err());
        let segment = folder.path().join("segments/000001-0a");
        std::fs::create_dir_all(&segment).unwrap();
        let file = segment.join("vectors.bin");
        std::fs::write(&file, "").unwrap();
        assert_eq!(vectors(folder.path()).unwrap(), file);
    }
}
