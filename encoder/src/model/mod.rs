//! Model folders in sentence-transformers' form: read, checked, identified, found.

mod config;
mod dimensions;
mod family;
mod fingerprint;
mod folder;
mod locate;
mod modules;
mod pooling;
mod prompts;
mod relative;
mod save;
mod static_folder;
mod weights;
mod write_static;

pub use config::BertConfig;
pub use dimensions::Dimensions;
pub use family::Family;
pub use fingerprint::{Difference, Fingerprint};
pub use folder::ModelFolder;
pub use locate::{Located, locate, locate_base};
pub use modules::{Architecture, note_on_raw};
pub use pooling::Pooling;
pub use prompts::Prompts;
pub use relative::{RELATIVE_POSITIONS, relative_buckets};
pub use save::FolderWriter;
pub use static_folder::StaticFolder;
pub use weights::{StaticTable, TableType};
pub use write_static::{NewStatic, write_static};

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{EncoderError, Result};

/// The name of the weights file in a model folder.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The name of the tokenizer in a model folder.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// Vocabularies are padded up to a round number for speed, at most to a multiple of this.
const VOCABULARY_PADDING: usize = 256;
const CONFIG_FILE: &str = "config.json";
const MODULES_FILE: &str = "modules.json";
const SENTENCE_CONFIG_FILE: &str = "sentence_bert_config.json";
const PROMPTS_FILE: &str = "config_sentence_transformers.json";
const TOKENIZER_CONFIG_FILE: &str = "tokenizer_config.json";
const POOLING_FOLDER: &str = "1_Pooling";
const NORMALIZE_FOLDER: &str = "2_Normalize";

/// Reads a JSON file into `T`.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(EncoderError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        EncoderError::format(
            path,
            "a valid JSON file of a model",
            error.to_string(),
            "copy the model folder again",
        )
    })
}

/// Reads a JSON file that may be missing.
fn read_json_if_there<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    if path.exists() {
        read_json(path)
    } else {
        Ok(T::default())
    }
}
