//! `[loss]`: what a batch is judged by.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A loss with its settings; the default is the plain multiple-negatives ranking loss. A setting that the `kind`
/// does not use is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Loss {
    /// Which loss.
    pub kind: LossKind,
    /// Ranking: which texts of a batch are candidates for which; `query_to_document` is needed.
    pub directions: Vec<Direction>,
    /// Ranking: one softmax over the candidates of all directions, or one for each.
    pub softmax: Softmax,
    /// Ranking: which wrong candidates weigh more the nearer they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardness: Option<Hardness>,
    /// How much more: this times the cosine is added to their scores.
    pub hardness_strength: f64,
    /// Ranking: folder of a model that says which candidates are no wrong answers (GIST).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guide: Option<PathBuf>,
    /// Candidates stay only where their cosine, by the guide, is at least this much below the right answer's.
    pub guide_margin: f64,
    /// As `guide_margin`, as a part of the right answer's cosine.
    pub guide_relative_margin: f64,
    /// Triplet: how the distance of two texts is measured.
    pub distance: Distance,
    /// Triplet: how much farther than the positive the negatives should be.
    pub margin: f64,
    /// MarginMSE and distillation: folder of the model that is imitated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<PathBuf>,
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
            kind: LossKind::Ranking,
            directions: vec![Direction::QueryToDocument],
            softmax: Softmax::Joint,
            hardness: None,
            hardness_strength: 5.0,
            guide: None,
            guide_margin: 0.0,
            guide_relative_margin: 0.0,
            distance: Distance::Cosine,
            margin: 0.5,
            teacher: None,
            matryoshka: Vec::new(),
            mini_batch_tokens: None,
        }
    }
}

impl Loss {
    /// The model besides the trained one that the loss asks, a guide or a teacher.
    pub fn other_model(&self) -> Option<&PathBuf> {
        self.guide.as_ref().or(self.teacher.as_ref())
    }

    /// Whether a pair's hard negatives are wrong answers to it, and not just texts.
    pub fn learns_from_negatives(&self) -> bool {
        matches!(
            self.kind,
            LossKind::Ranking | LossKind::Triplet | LossKind::MarginMse
        )
    }

    /// Whether the other texts of a batch are taken for wrong answers, so that no text may be in it twice.
    pub fn has_in_batch_negatives(&self) -> bool {
        self.kind == LossKind::Ranking
    }
}

/// Which loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Multiple negatives ranking: each anchor must prefer its positive to all others of the batch.
    Ranking,
    /// Scored pairs: a pair with a higher score must have a higher cosine.
    Cosent,
    /// Scored pairs: the cosine must be the score.
    Cosine,
    /// The negative must be farther from the anchor than the positive, by a margin.
    Triplet,
    /// The lead of the positive over the negative must be the teacher's, or the one in the column of scores.
    MarginMse,
    /// The vector must be the teacher's.
    Distillation,
}

impl LossKind {
    /// What papers call it.
    pub fn title(self) -> &'static str {
        match self {
            LossKind::Ranking => "multiple-negatives ranking (Henderson et al. 2017)",
            LossKind::Cosent => "CoSENT (Su 2022)",
            LossKind::Cosine => "cosine similarity (Reimers and Gurevych 2019)",
            LossKind::Triplet => "triplet (Schroff et al. 2015)",
            LossKind::MarginMse => "MarginMSE (Hofstätter et al. 2020)",
            LossKind::Distillation => "embedding distillation (Reimers and Gurevych 2020)",
        }
    }
}

/// How far two texts are from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// 1 less their cosine.
    Cosine,
    /// The length of the difference of their vectors.
    Euclidean,
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
