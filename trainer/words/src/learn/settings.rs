//! What can be chosen for skip-gram and CBOW. The defaults are word2vec.c's and gensim's.

use serde::{Deserialize, Serialize};

use crate::subwords::Subwords;

/// Which side predicts which (Mikolov et al. 2013, arXiv 1301.3781).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Each word of the window predicts the centre word.
    SkipGram,
    /// The mean of the window's words predicts the centre word.
    Cbow,
}

/// How the prediction is judged (Mikolov et al. 2013, arXiv 1310.4546, sections 2.1 and 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Against words drawn at random.
    NegativeSampling,
    /// Along the centre word's path in a Huffman tree.
    HierarchicalSoftmax,
}

/// How word vectors are learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Skip-gram or CBOW.
    pub architecture: Architecture,
    /// Negative sampling or hierarchical softmax.
    pub objective: Objective,
    /// Length of a vector.
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
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// Learning rate at the end; it falls linearly in between.
    pub min_learning_rate: f64,
    /// Character n-grams, where words never seen need vectors.
    pub subwords: Option<Subwords>,
    /// Seed of the initial vectors and of every draw.
    pub seed: u64,
    /// Threads; 1 gives the same bits each time, more share the vectors without locks (Hogwild).
    pub threads: usize,
    /// The same bits at any number of threads, at a cost in speed.
    pub deterministic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            architecture: Architecture::SkipGram,
            objective: Objective::NegativeSampling,
            dimension: 100,
            window: 5,
            dynamic_window: true,
            negatives: 5,
            ns_exponent: 0.75,
            sample: 1e-3,
            epochs: 5,
            learning_rate: 0.025,
            min_learning_rate: 0.0001,
            subwords: None,
            seed: 42,
            threads: 1,
            deterministic: false,
        }
    }
}
