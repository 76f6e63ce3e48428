//! `[mine]`: how `train mine`, and with `rounds` every training, finds hard negatives.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Which texts count as wrong for a question, and hard. The defaults keep what is nearly as near as the right answer,
/// often an unmarked right one, out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mine {
    /// How often training mines with the model that it has so far and then trains on what was found, as long as without
    /// rounds; without it, training does not mine. `train mine` does not look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<usize>,
    /// Texts to choose from: a table with `text` and perhaps `title`; without it, all answers of the pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corpus: Option<PathBuf>,
    /// Negatives for each pair; a pair for which fewer are found is left out.
    pub negatives: usize,
    /// The nearest texts that are passed over, right answers not counted.
    pub skip: usize,
    /// The deepest rank that is looked at, right answers not counted.
    pub depth: usize,
    /// A negative's cosine is at most this part below the right answer's: at most (1 − it) · the right answer's
    /// (NV-Retriever, arXiv 2407.15831, section 4.2).
    pub relative_margin: f64,
    /// A negative's cosine is at least this much below the right answer's.
    pub margin: f64,
    /// Highest cosine of a negative.
    pub max_score: f64,
    /// Lowest cosine of a negative.
    pub min_score: f64,
}

impl Default for Mine {
    fn default() -> Self {
        Mine {
            rounds: None,
            corpus: None,
            negatives: 3,
            skip: 0,
            depth: 100,
            relative_margin: 0.05,
            margin: 0.0,
            max_score: 1.0,
            min_score: -1.0,
        }
    }
}
