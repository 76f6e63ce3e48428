//! How long work tells where it is and hears that it should stop.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What long work is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Text is read and its words are counted.
    #[serde(rename = "reading")]
    Reading,
    /// Phrases are looked for.
    #[serde(rename = "phrases")]
    Phrases,
    /// Co-occurrences are counted.
    #[serde(rename = "counting")]
    Counting,
    /// Vectors are learned.
    #[serde(rename = "learning")]
    Learning,
    /// The directions that all texts share are looked for.
    #[serde(rename = "common components")]
    CommonComponents,
}

/// As in the lines of `run_log.jsonl`.
impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// Where long work is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Units done in this stage: bytes of text, words, or co-occurrences, all epochs together.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// Pass over the text, from 0.
    pub epoch: usize,
    /// Mean loss of one prediction since the last report, where there is one.
    pub loss: Option<f64>,
    /// Learning rate now; 0 where nothing is learned.
    pub learning_rate: f64,
}

/// Is told of progress a few times a second, from any thread.
pub trait Observer: Sync {
    /// Called with where the work is.
    fn progress(&self, progress: &Progress);

    /// Whether to stop soon with [`WordsError::Interrupted`](crate::WordsError::Interrupted).
    fn interrupted(&self) -> bool;
}

/// Watches nothing and never stops.
#[derive(Debug, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn progress(&self, _: &Progress) {}

    fn interrupted(&self) -> bool {
        false
    }
}
