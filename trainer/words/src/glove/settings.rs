//! What can be chosen for GloVe. The defaults are the paper's.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ranges::{check, check_learning_rate};

/// How GloVe learns (Pennington et al. 2014, "GloVe: Global Vectors for Word Representation").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Length of a vector.
    pub dimension: usize,
    /// Words on each side of a word that it co-occurs with; one at distance d counts 1/d.
    pub window: usize,
    /// Co-occurrences from which on pairs weigh the same.
    pub x_max: f64,
    /// Rarer pairs weigh (co-occurrences ÷ `x_max`) to this power.
    pub alpha: f64,
    /// Learning rate of AdaGrad, which lowers it for each number by what that number has moved.
    pub learning_rate: f64,
    /// Passes over the co-occurrences.
    pub epochs: usize,
    /// Memory for counting, in MiB; what does not fit is sorted on disk. The vectors come on top of it.
    pub memory_mb: usize,
    /// Seed of the initial vectors and of the order of learning.
    pub seed: u64,
    /// Threads; any number gives the same bits.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            dimension: 100,
            window: 10,
            x_max: 100.0,
            alpha: 0.75,
            learning_rate: 0.05,
            epochs: 15,
            memory_mb: 1024,
            seed: 42,
            threads: 1,
        }
    }
}

/// Settings that change nothing in the numbers, so a checkpoint goes on with others.
pub(super) const FREE: [&str; 2] = ["memory_mb", "threads"];

impl Settings {
    /// Checks that each setting is in its range, and the ranges keep every number of learning finite.
    ///
    /// # Errors
    /// The first setting that is not: its name, its range and its value.
    pub fn validate(&self) -> Result<()> {
        check("dimension", self.dimension, 1..=10_000)?;
        check("window", self.window, 1..=1_000)?;
        check("epochs", self.epochs, 1..=100_000)?;
        check("memory_mb", self.memory_mb, 16..=1 << 24)?;
        check("threads", self.threads, 1..=1_024)?;
        check("x_max", self.x_max, 0.001..=1e9)?;
        check("alpha", self.alpha, 0.0..=2.0)?;
        check_learning_rate(self.learning_rate)
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
        type Case = (fn(&mut Settings), &'static str);
        let cases: [Case; 12] = [
            (
                |s| s.dimension = 0,
                "dimension: expected a number between 1 and 10000, found 0",
            ),
            (
                |s| s.window = 0,
                "window: expected a number between 1 and 1000, found 0",
            ),
            (
                |s| s.window = 1_001,
                "window: expected a number between 1 and 1000, found 1001",
            ),
            (
                |s| s.epochs = 0,
                "epochs: expected a number between 1 and 100000, found 0",
            ),
            (
                |s| s.memory_mb = 1,
                "memory_mb: expected a number between 16 and 16777216, found 1",
            ),
            (
                |s| s.threads = 0,
                "threads: expected a number between 1 and 1024, found 0",
            ),
            (
                |s| s.x_max = 0.0,
                "x_max: expected a number between 0.001 and 1000000000, found 0",
            ),
            (
                |s| s.x_max = f64::NAN,
                "x_max: expected a number between 0.001 and 1000000000, found NaN",
            ),
            (
                |s| s.alpha = -0.1,
                "alpha: expected a number between 0 and 2, found -0.1",
            ),
            (
                |s| s.alpha = f64::INFINITY,
                "alpha: expected a number between 0 and 2, found inf",
            ),
            (
                |s| s.learning_rate = 0.0,
                "learning_rate: expected a number above 0 and at most 1, found 0",
            ),
            (
                |s| s.learning_rate = 50.0,
                "learning_rate: expected a number above 0 and at most 1, found 50",
            ),
        ];
        for (change, message) in cases {
            assert_eq!(refused(change), message);
        }
    }
}
