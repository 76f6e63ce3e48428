//! `[word2vec]`: skip-gram and CBOW, as the learning takes them, without what stands elsewhere.

use serde::{Deserialize, Serialize};
use trainer_words::learn::{Architecture, Objective, Settings};
use trainer_words::subwords::Subwords;

/// How word vectors are learned. The defaults are word2vec.c's and gensim's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Word2vec {
    /// Skip-gram or CBOW.
    pub architecture: Architecture,
    /// Negative sampling or hierarchical softmax.
    pub objective: Objective,
    /// Numbers in a vector.
    pub dimension: usize,
    /// Words on each side of the centre word.
    pub window: usize,
    /// Whether each window is shortened at random to 1..=`window`, which weighs near words more.
    pub dynamic_window: bool,
    /// Words drawn against each centre word.
    pub negatives: usize,
    /// Negatives are drawn in proportion to count to this power.
    pub ns_exponent: f64,
    /// Words with a share of the text above this are skipped at random; 0 keeps all.
    pub sample: f64,
    /// Passes over the text.
    pub epochs: usize,
    /// Learning rate at the start; without it 0.025 for skip-gram, 0.05 for CBOW.
    pub learning_rate: Option<f64>,
    /// Learning rate at the end; it falls linearly in between.
    pub min_learning_rate: f64,
    /// Seed of the initial vectors and of every draw.
    pub seed: u32,
    /// The same bits at any number of threads, at a cost in speed.
    pub deterministic: bool,
}

impl Default for Word2vec {
    fn default() -> Self {
        let defaults = Settings::default();
        Word2vec {
            architecture: defaults.architecture,
            objective: defaults.objective,
            dimension: defaults.dimension,
            window: defaults.window,
            dynamic_window: defaults.dynamic_window,
            negatives: defaults.negatives,
            ns_exponent: defaults.ns_exponent,
            sample: defaults.sample,
            epochs: defaults.epochs,
            learning_rate: None,
            min_learning_rate: defaults.min_learning_rate,
            seed: 42,
            deterministic: defaults.deterministic,
        }
    }
}

/// word2vec.c's learning rate for each architecture.
fn usual_rate(architecture: Architecture) -> f64 {
    match architecture {
        Architecture::SkipGram => 0.025,
        Architecture::Cbow => 0.05,
    }
}

impl Word2vec {
    /// With the learning rate that is used where none is given.
    pub(super) fn fill(&mut self) {
        self.learning_rate = self.learning_rate.or(Some(usual_rate(self.architecture)));
    }

    /// As the learning takes them.
    pub fn settings(&self, subwords: Option<Subwords>, threads: usize) -> Settings {
        Settings {
            architecture: self.architecture,
            objective: self.objective,
            dimension: self.dimension,
            window: self.window,
            dynamic_window: self.dynamic_window,
            negatives: self.negatives,
            ns_exponent: self.ns_exponent,
            sample: self.sample,
            epochs: self.epochs,
            learning_rate: self.learning_rate.unwrap_or(usual_rate(self.architecture)),
            min_learning_rate: self.min_learning_rate,
            subwords,
            seed: u64::from(self.seed),
            threads,
            deterministic: self.deterministic,
        }
    }
}
