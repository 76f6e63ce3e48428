//! `1_Pooling/config.json`: from token vectors to one vector.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::read_json;
use crate::{EncoderError, Result};

/// How token vectors become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean of all tokens that are not padding.
    Mean,
    /// The first token.
    Cls,
    /// The largest value of each component.
    Max,
}

const SUPPORTED: &str = "mean, cls, max";

/// The boolean keys of the schema before sentence-transformers 5.4, and what each means.
const OLD_KEYS: [(&str, &str); 6] = [
    ("pooling_mode_cls_token", "cls"),
    ("pooling_mode_mean_tokens", "mean"),
    ("pooling_mode_max_tokens", "max"),
    ("pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
    ("pooling_mode_weightedmean_tokens", "weightedmean"),
    ("pooling_mode_lasttoken", "lasttoken"),
];

impl Pooling {
    /// The name that sentence-transformers uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
            Self::Max => "max",
        }
    }

    /// Reads either schema: `pooling_mode` (5.4 and later) or the booleans before it.
    pub(super) fn read(path: &Path, hidden_size: usize) -> Result<Self> {
        let config: Map<String, Value> = read_json(path)?;
        let modes = modes(&config);
        let unsupported = |found: String| EncoderError::Unsupported {
            path: path.to_owned(),
            what: "pooling",
            found,
            supported: SUPPORTED,
            help: "choose another model".into(),
        };
        let pooling = match &modes[..] {
            [mode] => match mode.as_str() {
                "mean" => Self::Mean,
                "cls" => Self::Cls,
                "max" => Self::Max,
                other => return Err(unsupported(other.to_owned())),
            },
            several => return Err(unsupported(several.join(" + "))),
        };
        if config.get("include_prompt") == Some(&Value::Bool(false)) {
            return Err(unsupported("without the prompt (include_prompt = false)".into()));
        }
        let dimension = ["embedding_dimension", "word_embedding_dimension"]
            .iter()
            .find_map(|key| config.get(*key));
        match dimension.and_then(Value::as_u64) {
            Some(found) if found != hidden_size as u64 => Err(EncoderError::format(
                path,
                format!("the model's hidden_size {hidden_size}"),
                format!("the dimension {found}"),
                "copy the model folder again",
            )),
            _ => Ok(pooling),
        }
    }

    /// The old schema, which readers of every version understand.
    pub(super) fn config(self, hidden_size: usize) -> Value {
        json!({
            "word_embedding_dimension": hidden_size,
            "pooling_mode_cls_token": self == Self::Cls,
            "pooling_mode_mean_tokens": self == Self::Mean,
            "pooling_mode_max_tokens": self == Self::Max,
            "pooling_mode_mean_sqrt_len_tokens": false,
        })
    }
}

/// The modes that are switched on; mean where nothing is said, as sentence-transformers does.
fn modes(config: &Map<String, Value>) -> Vec<String> {
    let names: Vec<String> = match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.clone()],
        Some(Value::Array(modes)) => modes
            .iter()
            .map(|mode| mode.as_str().unwrap_or("?").to_owned())
            .collect(),
        _ => OLD_KEYS
            .iter()
            .filter(|(key, _)| config.get(*key) == Some(&Value::Bool(true)))
            .map(|(_, mode)| (*mode).to_owned())
            .collect(),
    };
    if names.is_empty() {
        vec!["mean".into()]
    } else {
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: Value) -> Result<Pooling> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, config.to_string()).unwrap();
        Pooling::read(&path, 8)
    }

    #[test]
    fn both_schemas_are_read() {
        for pooling in [Pooling::Mean, Pooling::Cls, Pooling::Max] {
            assert_eq!(read(pooling.config(8)).unwrap(), pooling);
            let new =
                json!({"embedding_dimension": 8, "pooling_mode": pooling.name(), "include_prompt": true});
            assert_eq!(read(new).unwrap(), pooling);
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        for (config, word) in [
            (json!({"pooling_mode": "lasttoken"}), "lasttoken"),
            (json!({"pooling_mode": ["mean", "max"]}), "mean + max"),
            (
                json!({"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}),
                "cls + max",
            ),
            (json!({"pooling_mode": "mean", "include_prompt": false}), "prompt"),
            (json!({"pooling_mode": "mean", "embedding_dimension": 9}), "9"),
        ] {
            let error = read(config).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
