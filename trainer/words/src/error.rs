//! What can go wrong between a text and its word vectors.

use std::path::{Path, PathBuf};

use encoder::EncoderError;

/// The result of this crate's functions.
pub type Result<T, E = WordsError> = std::result::Result<T, E>;

/// An error of reading text, learning word vectors, or reading and writing them.
///
/// Each message is a whole sentence for the user: the file, what was expected, what was found, what to do.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A file that cannot be read, written or understood.
    #[error(transparent)]
    File(#[from] EncoderError),
    /// The text is there, but nothing can be learned from it.
    #[error("{0}")]
    Corpus(String),
    /// A setting out of its range.
    #[error("{0}")]
    Setting(String),
    /// A question that these vectors cannot answer: a word that they do not know, signs that make no sense.
    #[error("{0}")]
    Question(String),
    /// The caller asked to stop; what was on disk before is unchanged.
    #[error("interrupted")]
    Interrupted,
}

impl WordsError {
    /// A file could not be read, to be used with `map_err`.
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| {
            Self::File(EncoderError::Read {
                path: path.to_owned(),
                source,
            })
        }
    }

    /// A file could not be written, to be used with `map_err`.
    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| {
            Self::File(EncoderError::Write {
                path: path.to_owned(),
                source,
            })
        }
    }

    /// A file is not what it should be.
    pub fn format(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::File(EncoderError::Format {
            path: PathBuf::from(path),
            expected: expected.into(),
            found: found.into(),
            help: help.into(),
        })
    }
}
