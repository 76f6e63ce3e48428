//! `config_sentence_transformers.json`: what is put before a text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Texts put before queries and documents, empty for most models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompts {
    /// Before queries.
    pub query: String,
    /// Before documents.
    pub document: String,
}

impl Prompts {
    /// From the parsed file. As in sentence-transformers, a default prompt serves where there is
    /// none by name; documents answer to `document`, `passage` and `corpus`.
    pub(super) fn from_config(config: &Map<String, Value>) -> Self {
        let named = |name: &str| config.get("prompts")?.get(name)?.as_str();
        let default = config
            .get("default_prompt_name")
            .and_then(Value::as_str)
            .and_then(named);
        let first = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| named(name))
                .or(default)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            query: first(&["query"]),
            document: first(&["document", "passage", "corpus"]),
        }
    }
}
