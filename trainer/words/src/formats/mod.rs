//! Word vectors in and out of files, in the formats of the field.
//!
//! | format | read | written | mapped |
//! |---|---|---|---|
//! | Sextant's own, a safetensors file | yes | yes | yes |
//! | word2vec binary, newlines after the vectors or not | yes | yes | yes |
//! | word2vec text and fastText's `.vec` | yes | yes | no |
//! | GloVe's text, which has no header | yes | no | no |
//! | fastText's `.bin`, unsupervised and not quantized | yes | no | its n-grams |
//! | the folder of a static embedding model | yes | no | yes |
//!
//! Mapped vectors stay in the file and are paged in as they are asked for, so that opening takes no memory for
//! them. Text cannot be mapped: its numbers are digits, and have to be made into numbers somewhere. It is parsed
//! from a memory map by all threads. Of word2vec's binary format the words lie between the vectors, so most rows
//! are not aligned and are copied one at a time.
//!
//! The format of a file is told by its content, not by its name.

mod detection;
mod fasttext_bin;
mod mapping;
mod model_folder;
mod native;
mod tensors;
mod text;
mod word2vec_binary;
mod writing;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use writing::write;

use crate::error::Result;
use crate::word_vectors::WordVectors;
use detection::Content;
use tensors::Tensors;

/// The file of word vectors in a model folder, in Sextant's own format.
pub const NATIVE_FILE: &str = "word_vectors.safetensors";

/// What [`write()`] can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Sextant's own, which every model folder has: words, counts, vectors and subwords, whole, with a checksum.
    #[serde(skip)]
    Native,
    /// A line `words dimension`, then a line for each word. No counts, no subwords, as in the next two.
    #[serde(rename = "word2vec-text")]
    Word2VecText,
    /// The same with each vector as little-endian numbers of four bytes.
    #[serde(rename = "word2vec-binary")]
    Word2VecBinary,
    /// fastText's `.vec`, which is word2vec's text.
    #[serde(rename = "fasttext-vec")]
    FastTextVec,
}

/// Reads a file of any format, or a model folder.
///
/// Counts are 0 where the format has none. Bytes of words that are not UTF-8 become U+FFFD. Of equal words the
/// first is found; the others keep their rows.
///
/// # Errors
/// A file that cannot be read, is in none of the formats, or is damaged.
pub fn open(path: &Path) -> Result<WordVectors> {
    if path.is_dir() {
        return model_folder::open(path);
    }
    let map = mapping::map(path)?;
    match detection::detect(path, &map)? {
        Content::Safetensors => native::read(Tensors::open(path, map)?),
        Content::Word2VecBinary(layout) => word2vec_binary::read(path, map, layout),
        Content::Text(layout) => text::read(path, &map, layout),
        Content::FastTextBinary => fasttext_bin::open(path),
    }
}
