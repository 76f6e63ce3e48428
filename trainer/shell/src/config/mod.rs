//! The training configuration: one TOML file, typed, with nothing silently ignored.
//!
//! A misspelt key that is skipped costs a night of training, so unknown keys are errors with a suggestion
//! (`parse.rs`), and every number has a range (`check.rs`). What a file may hold depends on its `kind`, so
//! each kind has a type of its own. Paths inside the file are relative to the folder that `train` is run in, as
//! they are on the command line.

mod check;
mod check_lora;
mod check_loss;
mod check_mine;
mod check_words;
mod contrastive;
mod datasets;
mod glove;
mod locate;
mod lora;
mod loss;
mod mine;
mod parse;
mod word2vec;
mod words;

use serde::{Deserialize, Serialize};

pub use contrastive::{Checkpoints, Contrastive, Eval, Mixing, Prompts, Train};
pub use datasets::{Data, Datasets};
pub use glove::Glove;
pub use locate::locate;
pub use lora::{Lora, Target};
pub use loss::{Direction, Distance, Hardness, Loss, LossKind, Softmax};
pub use mine::Mine;
pub use parse::{load, parse};
pub use word2vec::Word2vec;
pub use words::{
    CheckpointSettings, GloveFile, Judged, Learning, OutputSettings, Pooling, TextData, Texts, Word2vecFile,
    WordVectors,
};

/// A whole configuration file, defaults filled in. Written out again, it reads back equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[allow(
    clippy::large_enum_variant,
    reason = "a program has one, and passes it by reference"
)]
pub enum Config {
    /// `kind = "contrastive"`
    Contrastive(Box<Contrastive>),
    /// `kind = "word2vec"`
    Word2vec(Word2vecFile),
    /// `kind = "glove"`
    Glove(GloveFile),
}

impl Config {
    /// Name of the model.
    pub fn name(&self) -> &str {
        match self {
            Config::Contrastive(config) => &config.name,
            Config::Word2vec(config) => &config.name,
            Config::Glove(config) => &config.name,
        }
    }

    /// The processor, which the command line may change.
    pub fn device_mut(&mut self) -> &mut String {
        match self {
            Config::Contrastive(config) => &mut config.device,
            Config::Word2vec(config) => &mut config.device,
            Config::Glove(config) => &mut config.device,
        }
    }
}

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text encoder, fine-tuned on pairs.
    Contrastive,
    /// Word vectors, by skip-gram or CBOW.
    Word2vec,
    /// Word vectors, by GloVe.
    Glove,
}

/// One file or glob, or a list of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a file name or a list of file names")]
pub enum Patterns {
    /// `train = "pairs.jsonl"`
    One(String),
    /// `train = ["a.parquet", "more/*.parquet"]`
    Many(Vec<String>),
}

impl Patterns {
    /// The patterns as a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            Patterns::One(pattern) => vec![pattern.clone()],
            Patterns::Many(patterns) => patterns.clone(),
        }
    }
}

fn auto() -> String {
    "auto".into()
}
