//! What can go wrong between documents and an open index.
//!
//! Each message names the file, what was expected, what was found and what to do, so that the
//! programs only have to print it.

use std::io;
use std::path::{Path, PathBuf};

use encoder::EncoderError;
use indexer_bm25::{Bm25Error, FilterError};

/// The result of this crate's functions.
pub type Result<T, E = IndexError> = std::result::Result<T, E>;

/// An error of building, opening or searching an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A file or folder of an index could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder of an index could not be written.
    #[error(
        "{}: cannot be written: {source}; nothing was changed, make room or choose another --out",
        path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The path is not an index folder at all.
    #[error("{}: expected an index folder, found {found}; {help}", path.display())]
    NotAnIndex {
        /// The path as given.
        path: PathBuf,
        /// What lies there.
        found: String,
        /// What the user can do.
        help: &'static str,
    },
    /// The index has a format of the future.
    #[error(
        "{}: made by a newer Sextant: expected index format {supported}, found {found}; \
         upgrade Sextant or rebuild the index with `index build --force`",
        path.display()
    )]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The format version that it states.
        found: u64,
        /// The format version of this program.
        supported: u64,
    },
    /// A file of the index is not what was written.
    #[error(
        "{}: damaged: expected {expected}, found {found}; \
         restore it from a copy or rebuild the index with `index build --force`",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What an intact file has there.
        expected: String,
        /// What this file has.
        found: String,
    },
    /// The full-text engine failed on files whose checksums were right.
    #[error("{}: full-text index: {message}", path.display())]
    Words {
        /// The engine's folder.
        path: PathBuf,
        /// The engine's own message.
        message: String,
    },
    /// The index was made before there were filters.
    #[error(
        "{}: made by an earlier Sextant, which kept no columns to filter by; \
         rebuild the index with `index build --force`",
        path.display()
    )]
    NoFilters {
        /// The folder of words.
        path: PathBuf,
    },
    /// A filter does not fit the language or the documents.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Something lies already where the index should go.
    #[error("{}: {found}; {help}", path.display())]
    Exists {
        /// The target.
        path: PathBuf,
        /// What lies there.
        found: &'static str,
        /// What the user can do.
        help: &'static str,
    },
    /// One row of the input cannot be indexed.
    #[error("{}: row {row}: {problem}", path.display())]
    Row {
        /// The input file.
        path: PathBuf,
        /// The row, counted from 1.
        row: u64,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// The model gave a document a vector that cannot be compared.
    #[error(
        "document {id:?}: expected a vector of finite numbers, found NaN or infinity; \
         look at the document's text, or use another model"
    )]
    Vector {
        /// The document's id.
        id: String,
    },
    /// The input has no rows, more than an index can hold, or others than a moment before.
    #[error("{what}: expected {expected}, found {found}")]
    Count {
        /// The input files.
        what: String,
        /// How many documents there should be.
        expected: String,
        /// How many there are.
        found: String,
    },
    /// An option is out of its range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// The option's name on the command line.
        option: &'static str,
        /// The range.
        expected: &'static str,
        /// The value given.
        found: usize,
    },
    /// The user asked to stop; what was there before is untouched.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// Reading the input or encoding it failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl IndexError {
    /// A [`IndexError::Read`] for `path`, to be used with `map_err`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`IndexError::Write`] for `path`, to be used with `map_err`.
    #[cfg(feature = "build")]
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`IndexError::Damaged`] for `path`.
    pub(crate) fn damaged(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl From<Bm25Error> for IndexError {
    fn from(error: Bm25Error) -> Self {
        match error {
            Bm25Error::Read { path, source } => Self::Read { path, source },
            Bm25Error::Write { path, source } => Self::Write { path, source },
            Bm25Error::Damaged {
                path,
                expected,
                found,
            } => Self::Damaged {
                path,
                expected,
                found,
            },
            Bm25Error::NoFilters { path } => Self::NoFilters { path },
            Bm25Error::Engine { path, message } => Self::Words { path, message },
        }
    }
}
