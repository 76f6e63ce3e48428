//! What can be wrong with a file of this crate.

use std::io;
use std::path::{Path, PathBuf};

/// The result of this crate's functions.
pub type Result<T, E = AnnError> = std::result::Result<T, E>;

/// An error of opening a file or of reading it.
#[derive(Debug, thiserror::Error)]
pub enum AnnError {
    /// The file could not be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file is a graph of an earlier format, which is not read any more.
    #[error("{}: a graph of format {found}, of which only {supported} is read", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// The format that the file states.
        found: u32,
        /// The format that is read.
        supported: u32,
    },
    /// The file is not what was written.
    #[error("{}: damaged: expected {expected}, found {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What an intact file has there.
        expected: String,
        /// What this file has.
        found: String,
    },
}

impl AnnError {
    pub(crate) fn damaged(path: &Path, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}
