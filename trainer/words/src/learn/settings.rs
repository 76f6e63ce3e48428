//! What can be chosen for skip-gram and CBOW. The defaults are word2vec.c's and gensim's.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ranges::{check, check_learning_rate, check_up_to};
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl Settings {
    /// Checks that each setting is in its range, and the ranges keep every number of learning finite.
    ///
    /// # Errors
    /// The first setting that is not: its name, its range and its value.
    pub fn validate(&self) -> Result<()> {
        check("dimension", self.dimension, 1..=10_000)?;
        check("window", self.window, 1..=1_000)?;
        check("negatives", self.negatives, 1..=1_000)?;
        check("epochs", self.epochs, 1..=100_000)?;
        check("threads", self.threads, 1..=1_024)?;
        check("ns_exponent", self.ns_exponent, -2.0..=2.0)?;
        check("sample", self.sample, 0.0..=1.0)?;
        check_learning_rate(self.learning_rate)?;
        let highest = ("learning_rate", self.learning_rate);
        check_up_to("min_learning_rate", self.min_learning_rate, 0.0, highest)?;
        self.subwords.map_or(Ok(()), |subwords| subwords.validate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        settings.validate().unwrap();
        change(&mut settings);
        settings.validate().unwrap_err().to_string()
    }

    #[test]
    fn each_setting_has_a_range() {
        assert!(
            refused(|s| s.dimension = 0)
                .contains("dimension: expected a number between 1 and 10000, found 0")
        );
        assert!(refused(|s| s.window = 0).contains("window"));
        assert!(refused(|s| s.negatives = 0).contains("negatives"));
        assert!(refused(|s| s.learning_rate = 50.0).contains("above 0 and at most 1, found 50"));
        assert!(refused(|s| s.learning_rate = f64::NAN).contains("found NaN"));
        assert!(refused(|s| s.min_learning_rate = 0.5).contains("between 0 and learning_rate (0.025)"));
        assert!(refused(|s| s.sample = -1.0).contains("sample"));
        assert!(refused(|s| s.ns_exponent = f64::INFINITY).contains("ns_exponent"));
        assert!(
            refused(|s| s.subwords = Some(Subwords {
                minn: 4,
                maxn: 3,
                buckets: 9
            }))
            .contains("subwords.minn")
        );
    }
}
