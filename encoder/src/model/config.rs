//! `config.json`: the shape of a BERT.

use std::path::Path;

use serde::Deserialize;

use super::read_json;
use crate::{EncoderError, Result};

/// The parts of `config.json` that shape the computation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BertConfig {
    /// Must be `bert`.
    pub model_type: String,
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
    /// Must be `gelu` (the exact one, with erf).
    pub hidden_act: String,
    /// Dropout after embeddings, attention and feed-forward, in training.
    #[serde(default = "tenth")]
    pub hidden_dropout_prob: f64,
    /// Dropout on attention weights, in training.
    #[serde(default = "tenth")]
    pub attention_probs_dropout_prob: f64,
    /// The longest sequence there are position embeddings for.
    pub max_position_embeddings: usize,
    /// Rows of the token type table.
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    /// Added to the variance in LayerNorm.
    #[serde(default = "default_epsilon")]
    pub layer_norm_eps: f64,
    /// Fills up short texts.
    #[serde(default)]
    pub pad_token_id: usize,
    /// Must be `absolute`.
    #[serde(default = "absolute")]
    pub position_embedding_type: String,
}

fn tenth() -> f64 {
    0.1
}

fn two() -> usize {
    2
}

fn default_epsilon() -> f64 {
    1e-12
}

fn absolute() -> String {
    "absolute".into()
}

/// Only to name the architecture before the fields that another one does not have.
#[derive(Deserialize)]
struct Kind {
    model_type: Option<String>,
}

impl BertConfig {
    /// Reads and checks `path`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let unsupported = |what, found: String, supported, help: &str| EncoderError::Unsupported {
            path: path.to_owned(),
            what,
            found,
            supported,
            help: help.into(),
        };
        let kind: Kind = read_json(path)?;
        let model_type = kind.model_type.unwrap_or_else(|| "(none)".into());
        if model_type != "bert" {
            return Err(unsupported(
                "architecture",
                model_type,
                "bert",
                "choose a BERT model such as all-MiniLM-L6-v2",
            ));
        }
        let config: Self = read_json(path)?;
        if config.hidden_act != "gelu" {
            return Err(unsupported(
                "activation",
                config.hidden_act,
                "gelu",
                "choose another model",
            ));
        }
        if config.position_embedding_type != "absolute" {
            let found = config.position_embedding_type;
            return Err(unsupported(
                "position embedding",
                found,
                "absolute",
                "choose another model",
            ));
        }
        config.check_sizes(path)?;
        Ok(config)
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
            self.type_vocab_size,
        ];
        if sizes.contains(&0) {
            return wrong("sizes of at least 1", "a size of 0".into());
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let found = format!("{} and {}", self.hidden_size, self.num_attention_heads);
            return wrong("a hidden_size that num_attention_heads divides", found);
        }
        Ok(())
    }
}
