//! How the words of a text become one vector.

use serde::{Deserialize, Serialize};

use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};

/// Components removed at most; the paper removes one.
const MOST_COMPONENTS: usize = 10;

/// How the vectors of a text's words become the text's vector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum TextPooling {
    /// Their mean.
    Mean,
    /// Smooth inverse frequency: Arora, Liang and Ma 2017, "A Simple but Tough-to-Beat Baseline for Sentence
    /// Embeddings", algorithm 1.
    Sif {
        /// A word with the share p of all words weighs a / (a + p): the smaller a, the less frequent words count.
        #[serde(default = "default_a")]
        a: f64,
        /// Directions that all texts have in common and that are taken out, the strongest first.
        #[serde(default = "default_components")]
        components: usize,
    },
}

/// The paper takes 1e-3, for pairs of sentences. Questions and answers want less of the frequent words: with
/// skip-gram of 300 numbers from 4.4 M medical words, nDCG@10 of vectors alone on MedQuAD's development questions was
/// 0.116 for the mean, and 0.228 with 1e-3, 0.294 with 1e-4 and 0.325 with 1e-5.
fn default_a() -> f64 {
    1e-4
}

/// The paper's; with none, the same measurement gave 0.219, 0.288 and 0.322.
fn default_components() -> usize {
    1
}

impl Default for TextPooling {
    /// SIF with one component removed.
    fn default() -> Self {
        Self::Sif {
            a: default_a(),
            components: default_components(),
        }
    }
}

impl TextPooling {
    /// Checks that `a` and the number of components can be used with vectors of `dimension` numbers.
    ///
    /// # Errors
    /// One that is out of its range: its name, its range and its value.
    pub fn validate(&self, dimension: usize) -> Result<()> {
        let Self::Sif { a, components } = *self else {
            return Ok(());
        };
        // Below this the weights leave nothing of a table of f32.
        if !(1e-10..=1e10).contains(&a) {
            return Err(WordsError::Setting(format!(
                "a: expected a number from 1e-10 to 1e10 (1e-5 to 1e-3 are usual), found {a:e}"
            )));
        }
        let most = MOST_COMPONENTS.min(dimension.saturating_sub(1));
        if components > most {
            return Err(WordsError::Setting(format!(
                "components: expected 0 to {most} for vectors of {dimension} numbers, found {components} (1 where none is \
                 given); set it lower, or give vectors more numbers"
            )));
        }
        Ok(())
    }

    /// What each word weighs, by row. A word without a count weighs 1, as a very rare one.
    pub(super) fn weights(&self, vocabulary: &Vocabulary) -> Vec<f64> {
        let Self::Sif { a, .. } = *self else {
            return vec![1.0; vocabulary.len()];
        };
        let total: u64 = vocabulary.counts().iter().sum();
        let share = |count: u64| count as f64 / total.max(1) as f64;
        let counts = vocabulary.counts().iter();
        counts.map(|&count| a / (a + share(count))).collect()
    }

    pub(super) fn components(&self) -> usize {
        match *self {
            Self::Mean => 0,
            Self::Sif { components, .. } => components,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_words_weigh_less_and_uncounted_ones_nothing_less() {
        let vocabulary =
            Vocabulary::from_counts([("the".to_owned(), 999), ("a".to_owned(), 1), ("x".to_owned(), 0)]);
        let weights = TextPooling::default().weights(&vocabulary);
        assert_eq!(weights, [1e-4 / (1e-4 + 0.999), 1e-4 / (1e-4 + 1e-3), 1.0]);
        assert_eq!(TextPooling::Mean.weights(&vocabulary), [1.0; 3]);
        let uncounted = Vocabulary::from_counts([("x".to_owned(), 0)]);
        assert_eq!(TextPooling::default().weights(&uncounted), [1.0]);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let sif = |a, components| {
            let sif = TextPooling::Sif { a, components };
            sif.validate(4).map_err(|error| error.to_string())
        };
        assert_eq!(sif(1e-4, 3), Ok(()));
        assert!(TextPooling::Mean.validate(1).is_ok());
        for a in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(sif(a, 1).unwrap_err().starts_with("a: "));
        }
        assert!(sif(1e-3, 4).unwrap_err().contains("0 to 3"));
    }
}
