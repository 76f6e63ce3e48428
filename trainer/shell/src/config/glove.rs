//! `[glove]`: GloVe, as the learning takes it, without the threads, which stand on the command line.

use serde::{Deserialize, Serialize};
use trainer_words::glove::Settings;

/// How GloVe learns. The defaults are the paper's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Glove {
    /// Numbers in a vector.
    pub dimension: usize,
    /// Words on each side of a word that it co-occurs with; one at distance d counts 1/d.
    pub window: usize,
    /// Co-occurrences from which on pairs weigh the same.
    pub x_max: f64,
    /// Rarer pairs weigh (co-occurrences ÷ `x_max`) to this power.
    pub alpha: f64,
    /// Learning rate of AdaGrad.
    pub learning_rate: f64,
    /// Passes over the co-occurrences.
    pub epochs: usize,
    /// Memory for counting, in MiB; what does not fit is sorted on disk.
    pub memory_mb: usize,
    /// Seed of the initial vectors and of the order of learning.
    pub seed: u32,
}

impl Default for Glove {
    fn default() -> Self {
        let defaults = Settings::default();
        Glove {
            dimension: defaults.dimension,
            window: defaults.window,
            x_max: defaults.x_max,
            alpha: defaults.alpha,
            learning_rate: defaults.learning_rate,
            epochs: defaults.epochs,
            memory_mb: defaults.memory_mb,
            seed: 42,
        }
    }
}

impl Glove {
    /// As the learning takes it.
    pub fn settings(&self, threads: usize) -> Settings {
        Settings {
            dimension: self.dimension,
            window: self.window,
            x_max: self.x_max,
            alpha: self.alpha,
            learning_rate: self.learning_rate,
            epochs: self.epochs,
            memory_mb: self.memory_mb,
            seed: u64::from(self.seed),
            threads,
        }
    }
}
