//! What the command lines of `bench train` and `bench encode` ask for.

use crate::bench::options::{list, number};
use anyhow::{Result, bail, ensure};
use std::path::PathBuf;

/// What both ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// Folder of the model that all tools open; without it, the base model.
    pub model: Option<PathBuf>,
    /// Pairs, or texts, in a batch.
    pub batches: Vec<usize>,
    /// Tokens at which texts are cut.
    pub max_lengths: Vec<usize>,
    /// How often each tool is run with each setting.
    pub turns: usize,
    /// Threads of each tool.
    pub threads: usize,
    /// `cpu` or `cuda`.
    pub device: String,
    /// `float32` or `bf16`.
    pub precision: String,
    /// A Python that has the peers, in place of one that is made.
    pub python: Option<PathBuf>,
}

/// `bench train`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// What both ask for; a turn is a seed here.
    pub common: Common,
    /// A table of pairs.
    pub pairs: PathBuf,
    /// Steps that are timed.
    pub steps: usize,
    /// Steps before them.
    pub warm_up: usize,
    /// Pairs in a batch of the cached loss; without it, that is not measured.
    pub cached: Option<usize>,
    /// Texts in a mini-batch of the cached loss.
    pub mini_batch: usize,
    /// Steps of the cached loss that are timed, after one that is not.
    pub cached_steps: usize,
    /// A development set in BEIR's form that the trained models are measured on.
    pub eval: Option<PathBuf>,
}

/// `bench encode`.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodeOptions {
    /// What both ask for.
    pub common: Common,
    /// A table with a column `text`.
    pub corpus: PathBuf,
    /// Texts of it, evenly from the longest to the shortest.
    pub texts: usize,
}

impl Default for Common {
    fn default() -> Self {
        Common {
            model: None,
            batches: vec![64, 256],
            max_lengths: vec![128, 256],
            turns: 3,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            device: "cpu".to_owned(),
            precision: "float32".to_owned(),
            python: None,
        }
    }
}

impl Default for TrainOptions {
    fn default() -> Self {
        TrainOptions {
            common: Common::default(),
            pairs: "../shared/data/medquad/train.parquet".into(),
            steps: 12,
            warm_up: 2,
            cached: None,
            mini_batch: 32,
            cached_steps: 2,
            eval: None,
        }
    }
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions {
            common: Common::default(),
            corpus: "../shared/data/medquad/corpus.parquet".into(),
            texts: 1000,
        }
    }
}

impl Common {
    /// What the tables say of it; `turns` is what they call these.
    pub fn in_words(&self, turns: &str) -> String {
        format!(
            "{} {turns}, {} threads, {}, {}",
            self.turns, self.threads, self.device, self.precision
        )
    }

    /// Takes an option that both know; `false` for another. `turns` is what this one calls them.
    fn take(&mut self, name: &str, value: &str, turns: &str) -> Result<bool> {
        match name {
            "--model" => self.model = Some(value.into()),
            "--batch" => self.batches = list(name, value)?,
            "--max-length" => self.max_lengths = list(name, value)?,
            "--threads" => self.threads = number(name, value)?,
            "--python" => self.python = Some(value.into()),
            "--device" => {
                ensure!(
                    ["cpu", "cuda"].contains(&value),
                    "--device: expected cpu or cuda, found {value}"
                );
                self.device = value.to_owned();
            }
            "--precision" => {
                ensure!(
                    ["float32", "bf16"].contains(&value),
                    "--precision: expected float32 or bf16, found {value}"
                );
                self.precision = value.to_owned();
            }
            name if name == turns => self.turns = number(name, value)?,
            _ => return Ok(false),
        }
        ensure!(
            !self.batches.contains(&0) && self.max_lengths.iter().all(|&length| length > 2),
            "{name}: expected batches of 1 and lengths of 3 or more, found {value}"
        );
        Ok(true)
    }
}

impl TrainOptions {
    /// Reads `--name value` pairs; lists have commas.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = TrainOptions::default();
        for (name, value) in named(arguments)? {
            match name {
                "--pairs" => options.pairs = value.into(),
                "--steps" => options.steps = number(name, value)?,
                "--warm-up" => options.warm_up = number(name, value)?,
                "--cached" => options.cached = Some(number(name, value)?),
                "--mini-batch" => options.mini_batch = number(name, value)?,
                "--cached-steps" => options.cached_steps = number(name, value)?,
                "--eval" => options.eval = Some(value.into()),
                _ if options.common.take(name, value, "--seeds")? => {}
                other => bail!("no option `{other}`; `cargo xtask help` names them"),
            }
        }
        Ok(options)
    }
}

impl EncodeOptions {
    /// Reads `--name value` pairs; lists have commas.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = EncodeOptions::default();
        for (name, value) in named(arguments)? {
            match name {
                "--corpus" => options.corpus = value.into(),
                "--texts" => options.texts = number(name, value)?,
                _ if options.common.take(name, value, "--turns")? => {}
                other => bail!("no option `{other}`; `cargo xtask help` names them"),
            }
        }
        Ok(options)
    }
}

fn named(arguments: &[String]) -> Result<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    for pair in arguments.chunks(2) {
        let [name, value] = pair else {
            bail!("{}: a value must follow", pair[0]);
        };
        pairs.push((name.as_str(), value.as_str()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn each_option_of_training_is_read() {
        let line = "--pairs p.jsonl --model m --batch 8,16 --max-length 32 --steps 3 --warm-up 1 --seeds 2 --threads 4 \
                    --device cuda --precision bf16 --cached 512 --mini-batch 64 --cached-steps 5 --eval d --python py";
        let options = TrainOptions::parse(&words(line)).unwrap();
        let common = Common {
            model: Some("m".into()),
            batches: vec![8, 16],
            max_lengths: vec![32],
            turns: 2,
            threads: 4,
            device: "cuda".to_owned(),
            precision: "bf16".to_owned(),
            python: Some("py".into()),
        };
        let expected = TrainOptions {
            common,
            pairs: "p.jsonl".into(),
            steps: 3,
            warm_up: 1,
            cached: Some(512),
            mini_batch: 64,
            cached_steps: 5,
            eval: Some("d".into()),
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn each_option_of_encoding_is_read() {
        let options = EncodeOptions::parse(&words("--corpus c --texts 9 --turns 2 --batch 4")).unwrap();
        assert_eq!((options.corpus, options.texts), ("c".into(), 9));
        assert_eq!((options.common.turns, options.common.batches), (2, vec![4]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, word) in [
            ("--steps 0", "--steps"),
            ("--batch 8,0", "--batch"),
            ("--max-length 2", "--max-length"),
            ("--device gpu", "gpu"),
            ("--precision half", "half"),
            ("--turns 2", "--turns"),
            ("--eval", "--eval"),
        ] {
            let error = TrainOptions::parse(&words(line)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let error = EncodeOptions::parse(&words("--seeds 2")).unwrap_err().to_string();
        assert!(error.contains("--seeds"), "{error}");
    }
}
