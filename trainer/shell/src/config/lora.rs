//! `[lora]`: a small change of some matrices, trained in place of the model.

use serde::{Deserialize, Serialize};

/// `[lora]`: which matrices learn a change of low rank, while all that the model has stays as it is (Hu et al. 2021,
/// <https://arxiv.org/abs/2106.09685>). The default rank and
/// targets are peft's for a BERT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lora {
    /// The change of a matrix (out, in) is a product of (out, rank) and (rank, in).
    pub rank: usize,
    /// The product is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Dropout probability before the product.
    pub dropout: f64,
    /// The matrices of every layer that is not frozen.
    pub targets: Vec<Target>,
}

impl Default for Lora {
    fn default() -> Self {
        Lora {
            rank: 8,
            alpha: 16.0,
            dropout: 0.0,
            targets: vec![Target::Query, Target::Value],
        }
    }
}

/// A matrix of a layer, by a name for all families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What a token asks others.
    Query,
    /// What it is found by.
    Key,
    /// What it tells.
    Value,
    /// What the attention's heads are put together by.
    AttentionOutput,
    /// The feed-forward part's first matrix, the wide one.
    Intermediate,
    /// Its second one.
    Output,
}

impl Target {
    /// The part of a layer in BERT's names, which all families have in memory.
    pub fn part(self) -> &'static str {
        match self {
            Target::Query => "attention.self.query",
            Target::Key => "attention.self.key",
            Target::Value => "attention.self.value",
            Target::AttentionOutput => "attention.output.dense",
            Target::Intermediate => "intermediate.dense",
            Target::Output => "output.dense",
        }
    }
}
