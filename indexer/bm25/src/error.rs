//! What can go wrong with the words of documents.

use std::io;
use std::path::{Path, PathBuf};

use indexer_ann::AnnError;

/// The result of this crate's functions.
pub type Result<T, E = Bm25Error> = std::result::Result<T, E>;

/// An error of writing, opening or searching the words of documents.
#[derive(Debug, thiserror::Error)]
pub enum Bm25Error {
    /// A file or folder could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is not what was written.
    #[error("{}: damaged: expected {expected}, found {found}; make it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What an intact file has there.
        expected: String,
        /// What this file has.
        found: String,
    },
    /// The words were written by a version that kept no columns for filters.
    #[error("{}: made by an earlier Sextant, which kept no columns to filter by; make it again", path.display())]
    NoFilters {
        /// The folder.
        path: PathBuf,
    },
    /// The full-text engine failed on files that are as they were written.
    #[error("{}: full-text index: {message}", path.display())]
    Engine {
        /// The engine's folder.
        path: PathBuf,
        /// The engine's own message.
        message: String,
    },
}

impl From<AnnError> for Bm25Error {
    fn from(error: AnnError) -> Self {
        match error {
            AnnError::Read { path, source } => Self::Read { path, source },
            AnnError::Damaged {
                path,
                expected,
                found,
            } => Self::Damaged {
                path,
                expected,
                found,
            },
            // Of graphs alone.
            AnnError::Older { ref path, .. } => Self::damaged(path, "a file of words", error.to_string()),
        }
    }
}

impl Bm25Error {
    /// A [`Bm25Error::Read`] for `path`, to be used with `map_err`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`Bm25Error::Write`] for `path`, to be used with `map_err`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`Bm25Error::Damaged`] for `path`.
    pub(crate) fn damaged(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A [`Bm25Error::Engine`] for the folder `path`, to be used with `map_err`.
    pub(crate) fn engine<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> Self + '_ {
        move |error| Self::Engine {
            path: path.to_owned(),
            message: error.to_string(),
        }
    }
}
