//! STAND-IN until the formats are merged: their names, and files with nothing but a name in them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// A file format of word vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Ours, complete.
    #[serde(skip)]
    Native,
    /// word2vec's text format.
    #[serde(rename = "word2vec-text")]
    Word2VecText,
    /// word2vec's binary format.
    #[serde(rename = "word2vec-binary")]
    Word2VecBinary,
    /// fastText's text format.
    #[serde(rename = "fasttext-vec")]
    FastTextVec,
}

/// The native file of a model folder.
pub const NATIVE_FILE: &str = "word_vectors.safetensors";

/// Writes the number of words.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, vectors: &WordVectors, _: Format) -> Result<()> {
    std::fs::write(path, vectors.vocabulary.len().to_string()).map_err(WordsError::write(path))
}
