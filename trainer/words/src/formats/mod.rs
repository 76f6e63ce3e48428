//! Word vectors in and out of files, in the formats of the field.

use std::path::Path;

use encoder::vectors::Vectors;
use serde::{Deserialize, Serialize};

use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// Reads word2vec's text format.
///
/// # Errors
/// The file cannot be read, or is not in that format.
pub fn open(path: &Path) -> Result<WordVectors> {
    let text = std::fs::read_to_string(path).map_err(WordsError::read(path))?;
    let wrong = || {
        WordsError::format(
            path,
            "word2vec's text format",
            "something else",
            "name another file",
        )
    };
    let mut lines = text.lines();
    let header = lines.next().ok_or_else(wrong)?;
    let (_, dimension) = header.split_once(' ').ok_or_else(wrong)?;
    let dimension: usize = dimension.parse().map_err(|_| wrong())?;
    let (mut words, mut data) = (Vec::new(), Vec::new());
    for line in lines {
        let (word, numbers) = line.split_once(' ').ok_or_else(wrong)?;
        words.push((word.to_owned(), 0));
        for number in numbers.split_whitespace() {
            data.push(number.parse::<f32>().map_err(|_| wrong())?);
        }
    }
    if dimension == 0 || data.len() != words.len() * dimension {
        return Err(wrong());
    }
    Ok(WordVectors {
        vocabulary: Vocabulary::from_counts(words),
        vectors: Vectors::from_rows(dimension, data).into(),
        subwords: None,
    })
}
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
