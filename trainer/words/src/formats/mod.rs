//! Word vectors in and out of files, in the formats of the field.

pub(crate) mod fasttext_bin;
mod mapping;

use std::path::Path;

use encoder::vectors::Vectors;

use crate::corpus::Vocabulary;
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// Reads word2vec's text format.
///
/// # Errors
/// The file cannot be read, or is not in that format.
pub fn open(path: &Path) -> Result<WordVectors> {
    let map = mapping::map(path)?;
    let wrong = || {
        WordsError::format(
            path,
            "word2vec's text format",
            "something else",
            "name another file",
        )
    };
    let text = std::str::from_utf8(&map).map_err(|_| wrong())?;
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
