//! Writing: checked first, then aside, then in place of what was there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::{Format, mapping, native, text, word2vec_binary};
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// Writes word vectors; what was at `path` stays until the new file is whole and on the disk.
///
/// # Errors
/// A word that the format cannot have, numbers that are not finite, no word at all, or a failure to write.
pub fn write(path: &Path, vectors: &WordVectors, format: Format) -> Result<()> {
    check(path, vectors, format)?;
    let aside = aside(path);
    let written = File::create(&aside).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        match format {
            Format::Native => native::write(&mut out, vectors),
            Format::Word2VecText | Format::FastTextVec => text::write(&mut out, vectors),
            Format::Word2VecBinary => word2vec_binary::write(&mut out, vectors),
        }?;
        out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        fs::rename(&aside, path)
    });
    written.map_err(|error| {
        // Half a file is of no use; the error to report is the first one.
        let _ = fs::remove_file(&aside);
        WordsError::write(path)(error)
    })
}

/// The whole name and an ending, so that `a.vec` and `a.bin` do not meet.
fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(".unfinished");
    path.with_file_name(name)
}

fn check(path: &Path, vectors: &WordVectors, format: Format) -> Result<()> {
    let words = vectors.vocabulary.words();
    let rows = vectors.vectors.rows();
    if words.is_empty() || words.len() != rows {
        return Err(WordsError::format(
            path,
            "a vector for each of at least one word",
            format!("{} words and {rows} vectors", words.len()),
            "train again",
        ));
    }
    if let Some(row) = words.iter().position(|word| !can_be_written(word, format)) {
        return Err(unwritable(path, &words[row], row, format));
    }
    mapping::check_finite(path, &vectors.vectors)?;
    match &vectors.subwords {
        Some(subwords) if format == Format::Native => mapping::check_finite(path, &subwords.vectors),
        _ => Ok(()),
    }
}

/// Blanks end a word in the other programs' formats, and newlines do in all.
fn can_be_written(word: &str, format: Format) -> bool {
    match format {
        Format::Native => !word.contains('\n'),
        _ => !word.is_empty() && !word.bytes().any(|byte| matches!(byte, b' ' | b'\t'..=b'\r')),
    }
}

fn unwritable(path: &Path, word: &str, row: usize, format: Format) -> WordsError {
    let (expected, help) = match format {
        Format::Native => ("words without a newline", "take the newline out of the word"),
        _ => (
            "words of at least one character and without blanks or newlines",
            "join its parts with _, or use the model folder, which can have any word",
        ),
    };
    WordsError::format(path, expected, format!("{word:?} in row {}", row + 1), help)
}
