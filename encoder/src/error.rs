//! What can go wrong between a file and a vector.
//!
//! Each message names the file, the row or key, what was expected, what was found and what to do,
//! so that the programs only have to print it.

use std::path::{Path, PathBuf};

/// The result of this crate's functions.
pub type Result<T, E = EncoderError> = std::result::Result<T, E>;

/// An error of reading data, reading a model or running it.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// A file or folder could not be opened or read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is not what its name or its user says it is.
    #[error("{}: expected {expected}, found {found}; {help}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What a valid file has there.
        expected: String,
        /// What this file has.
        found: String,
        /// What the user can do.
        help: String,
    },
    /// A table lacks a column that is needed.
    #[error("{}: there is no column {column}; {}; {help}", path.display(), columns_there(available))]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// The column or the alternatives looked for.
        column: String,
        /// The columns that there are.
        available: Vec<String>,
        /// What the user can do.
        help: String,
    },
    /// One row of a table cannot be used.
    #[error("{}: row {row}: expected {expected}, found {found}; {help}", path.display())]
    Row {
        /// The table.
        path: PathBuf,
        /// The row, counted from 1, a header line not counted.
        row: u64,
        /// What was expected there.
        expected: String,
        /// What was found.
        found: String,
        /// What the user can do.
        help: String,
    },
    /// Nothing lies where a file or folder was asked for.
    #[error("{what}: nothing found; {help}")]
    NotFound {
        /// The pattern or path as the user gave it.
        what: String,
        /// What the user can do.
        help: String,
    },
    /// A model uses something that Sextant does not do.
    #[error("{}: {what} {found} is not supported (supported: {supported}); {help}", path.display())]
    Unsupported {
        /// The file that asks for it.
        path: PathBuf,
        /// The kind of thing: `architecture`, `module`, `pooling`.
        what: &'static str,
        /// The value found.
        found: String,
        /// The values that are supported.
        supported: &'static str,
        /// What the user can do.
        help: String,
    },
    /// The numerical library failed; with checked model folders this is a bug or a lack of memory.
    #[error("{backend} failed while {action}: {message}")]
    Compute {
        /// `candle` or `libtorch`.
        backend: &'static str,
        /// What was being done.
        action: String,
        /// The library's own message.
        message: String,
    },
    /// A model gives a text a vector with a number that is none.
    #[error("the vector of {text:?} is not finite; the model's weights are damaged")]
    NotFinite {
        /// The beginning of the text.
        text: String,
    },
    /// A device was asked for that is not there.
    #[error("device {asked} is not available: {reason}; {help}")]
    Device {
        /// The device as the user wrote it.
        asked: String,
        /// Why it cannot be used.
        reason: String,
        /// What the user can do.
        help: String,
    },
}

impl EncoderError {
    /// A [`EncoderError::Read`] for `path`, to be used with `map_err`.
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`EncoderError::Write`] for `path`, to be used with `map_err`.
    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// A [`EncoderError::Format`] for `path`.
    pub fn format(
        path: &Path,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (expected, found, help) = (expected.into(), found.into(), help.into());
        Self::Format {
            path: path.to_owned(),
            expected,
            found,
            help,
        }
    }

    /// A [`EncoderError::Compute`] of `backend`, to be used with `map_err`.
    pub fn compute<E: std::fmt::Display>(
        backend: &'static str,
        action: &str,
    ) -> impl FnOnce(E) -> Self + use<E> {
        let action = action.to_owned();
        move |error| Self::Compute {
            backend,
            action,
            message: error.to_string(),
        }
    }
}

fn columns_there(names: &[String]) -> String {
    match names {
        [] => "there are no columns at all".to_owned(),
        names => format!("the columns are {}", names.join(", ")),
    }
}

/// The error's sentence, followed by those of its causes that it does not hold already.
pub fn message(error: &(dyn std::error::Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let source = std::io::Error::other("no disk");
        let error = EncoderError::read(Path::new("x"))(source);
        assert_eq!(message(&error), "x: cannot be read: no disk");
    }
}
