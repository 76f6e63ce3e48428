//! `[loss]`: what a batch is judged by.

use serde::{Deserialize, Serialize};

/// The multiple-negatives ranking loss with its variants; the defaults are the plain one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// Which texts of a batch are candidates for which; `query_to_document` is needed.
    pub directions: Vec<Direction>,
    /// One softmax over the candidates of all directions, or one for each.
    pub softmax: Softmax,
    /// Which wrong candidates weigh more the nearer they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardness: Option<Hardness>,
    /// How much more: this times the cosine is added to their scores.
    pub hardness_strength: f64,
    /// Lengths, besides the full one, at which the first numbers of a vector are to be a good vector too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matryoshka: Vec<usize>,
    /// Compute a batch's vectors in mini-batches of at most this many tokens, so that memory does not grow with
    /// the batch (GradCache); without it, all at once, which takes less time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mini_batch_tokens: Option<usize>,
}

impl Default for Loss {
    fn default() -> Self {
        Loss {
            directions: vec![Direction::QueryToDocument],
            softmax: Softmax::Joint,
            hardness: None,
            hardness_strength: 5.0,
            matryoshka: Vec::new(),
            mini_batch_tokens: None,
        }
    }
}

/// Whose candidates are which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A question's: all documents of the batch.
    QueryToDocument,
    /// A question's: all other questions.
    QueryToQuery,
    /// A positive's: all questions.
    DocumentToQuery,
    /// A positive's: all documents of other pairs.
    DocumentToDocument,
}

/// What the scores are a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Softmax {
    /// Of the candidates of all directions together.
    Joint,
    /// Of each direction's; the loss is the mean. Each direction needs the positive among its candidates.
    PerDirection,
}

/// Wrong candidates that weigh more the nearer they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hardness {
    /// Documents of other pairs (Lan et al. 2025, arXiv 2503.04812).
    InBatchNegatives,
    /// The pair's own hard negatives (EmbeddingGemma, arXiv 2509.20354).
    HardNegatives,
    /// Both.
    AllNegatives,
}
