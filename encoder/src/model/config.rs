//! `config.json`: the shape of a model of the BERT family.

use std::path::Path;

use serde::Deserialize;

use super::family::MODEL_TYPES;
use super::{Family, read_json};
use crate::{EncoderError, Result};

/// The parts of `config.json` that shape the computation.
#[derive(Debug, Clone, PartialEq)]
pub struct BertConfig {
    /// Which relative of BERT it is.
    pub family: Family,
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// Numbers per token vector.
    pub hidden_size: usize,
    /// Transformer layers.
    pub num_hidden_layers: usize,
    /// Attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Dropout after embeddings, attention and feed-forward, in training.
    pub hidden_dropout_prob: f64,
    /// Dropout on attention weights, in training.
    pub attention_probs_dropout_prob: f64,
    /// Rows of the position embedding table; see [`Self::longest_text`].
    pub max_position_embeddings: usize,
    /// Rows of the token type table; 0 for a family that has none.
    pub type_vocab_size: usize,
    /// Rows of the table of relative positions; 0 for a family that has none.
    pub relative_attention_num_buckets: usize,
    /// Added to the variance in LayerNorm.
    pub layer_norm_eps: f64,
    /// Fills up short texts.
    pub pad_token_id: usize,
}

/// Only to name the architecture before the fields that another one does not have.
#[derive(Deserialize)]
struct Kind {
    model_type: Option<String>,
}

/// The keys of BERT, RoBERTa, XLM-R and MPNet.
#[derive(Deserialize)]
struct BertKeys {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    #[serde(default = "tenth")]
    hidden_dropout_prob: f64,
    #[serde(default = "tenth")]
    attention_probs_dropout_prob: f64,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f64,
    pad_token_id: Option<usize>,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default = "usual_buckets")]
    relative_attention_num_buckets: usize,
}

/// DistilBERT's keys for the same things.
#[derive(Deserialize)]
struct DistilBertKeys {
    vocab_size: usize,
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    activation: String,
    #[serde(default = "tenth")]
    dropout: f64,
    #[serde(default = "tenth")]
    attention_dropout: f64,
    max_position_embeddings: usize,
    pad_token_id: Option<usize>,
}

fn tenth() -> f64 {
    0.1
}

fn two() -> usize {
    2
}

/// Also what DistilBERT fixes in its code.
fn default_epsilon() -> f64 {
    1e-12
}

/// Of MPNet; the others have none.
fn usual_buckets() -> usize {
    32
}

fn absolute() -> String {
    "absolute".into()
}

impl From<DistilBertKeys> for BertKeys {
    fn from(keys: DistilBertKeys) -> Self {
        Self {
            vocab_size: keys.vocab_size,
            hidden_size: keys.dim,
            num_hidden_layers: keys.n_layers,
            num_attention_heads: keys.n_heads,
            intermediate_size: keys.hidden_dim,
            hidden_act: keys.activation,
            hidden_dropout_prob: keys.dropout,
            attention_probs_dropout_prob: keys.attention_dropout,
            max_position_embeddings: keys.max_position_embeddings,
            type_vocab_size: 0,
            layer_norm_eps: default_epsilon(),
            pad_token_id: keys.pad_token_id,
            position_embedding_type: absolute(),
            relative_attention_num_buckets: 0,
        }
    }
}

impl BertConfig {
    /// Tokens that a text can have at most, special tokens included.
    pub fn longest_text(&self) -> usize {
        let before = if self.family.counts_from_padding() {
            self.pad_token_id + 1
        } else {
            0
        };
        self.max_position_embeddings.saturating_sub(before)
    }

    /// Reads and checks `path`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let unsupported = |what, found: String, supported, help: &str| {
            Err(EncoderError::Unsupported {
                path: path.to_owned(),
                what,
                found,
                supported,
                help: help.into(),
            })
        };
        let kind: Kind = read_json(path)?;
        let model_type = kind.model_type.unwrap_or_else(|| "(none)".into());
        let Some(family) = Family::of(&model_type) else {
            let help = "choose a model of the BERT family such as all-MiniLM-L6-v2";
            return unsupported("architecture", model_type, MODEL_TYPES, help);
        };
        let keys: BertKeys = match family {
            Family::DistilBert => read_json::<DistilBertKeys>(path)?.into(),
            _ => read_json(path)?,
        };
        if keys.hidden_act != "gelu" {
            return unsupported("activation", keys.hidden_act, "gelu", "choose another model");
        }
        if keys.position_embedding_type != "absolute" {
            let found = keys.position_embedding_type;
            return unsupported("position embedding", found, "absolute", "choose another model");
        }
        let config = Self::new(family, keys);
        config.check_sizes(path)?;
        Ok(config)
    }

    fn new(family: Family, keys: BertKeys) -> Self {
        Self {
            family,
            vocab_size: keys.vocab_size,
            hidden_size: keys.hidden_size,
            num_hidden_layers: keys.num_hidden_layers,
            num_attention_heads: keys.num_attention_heads,
            intermediate_size: keys.intermediate_size,
            hidden_dropout_prob: keys.hidden_dropout_prob,
            attention_probs_dropout_prob: keys.attention_probs_dropout_prob,
            max_position_embeddings: keys.max_position_embeddings,
            type_vocab_size: if family.has_token_types() {
                keys.type_vocab_size
            } else {
                0
            },
            relative_attention_num_buckets: if family == Family::Mpnet {
                keys.relative_attention_num_buckets
            } else {
                0
            },
            layer_norm_eps: keys.layer_norm_eps,
            pad_token_id: keys.pad_token_id.unwrap_or_else(|| family.usual_padding()),
        }
    }

    fn check_sizes(&self, path: &Path) -> Result<()> {
        let wrong = |expected: &str, found: String| {
            Err(EncoderError::format(
                path,
                expected,
                found,
                "copy the model folder again",
            ))
        };
        let sizes = [
            self.vocab_size,
            self.hidden_size,
            self.num_hidden_layers,
            self.num_attention_heads,
            self.intermediate_size,
            self.max_position_embeddings,
        ];
        if sizes.contains(&0) || (self.type_vocab_size == 0 && self.family.has_token_types()) {
            return wrong("sizes of at least 1", "a size of 0".into());
        }
        if self.family == Family::Mpnet && self.relative_attention_num_buckets < 4 {
            let found = self.relative_attention_num_buckets.to_string();
            return wrong("relative_attention_num_buckets of at least 4", found);
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let found = format!("{} and {}", self.hidden_size, self.num_attention_heads);
            return wrong("a hidden_size that num_attention_heads divides", found);
        }
        if self.pad_token_id >= self.vocab_size {
            let expected = format!("a pad_token_id below the vocab_size {}", self.vocab_size);
            return wrong(&expected, self.pad_token_id.to_string());
        }
        if self.longest_text() < 3 {
            let found = format!("max_position_embeddings = {}", self.max_position_embeddings);
            return wrong("positions for at least 3 tokens", found);
        }
        Ok(())
    }
}
