//! What can go wrong between documents and an open index.
//!
//! Each message names the file, what was expected, what was found and what to do, so that the
//! programs only have to print it.

use std::io;
use std::path::{Path, PathBuf};

use encoder::EncoderError;
#[cfg(feature = "build")]
use encoder::model::Fingerprint;
use indexer_ann::AnnError;
use indexer_bm25::{Bm25Error, FilterError};

#[cfg(feature = "build")]
use crate::manifest::ModelRecord;

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
        "{}: cannot be written: {source}; nothing was changed; make room, or see to the rights of the folder",
        path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A change was committed, and the system did not bring it to the disk.
    #[error(
        "{}: cannot be brought to the disk: {source}; the change is made, but a power failure could undo it",
        path.display()
    )]
    Unsynced {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An export ended when the vectors of an earlier one were removed already.
    #[error(
        "{}: cannot be written: {source}; {}, which was there before, is gone; see to the rights of the folder and \
         export again",
        path.display(), gone.display()
    )]
    ExportEnded {
        /// The file that could not be written.
        path: PathBuf,
        /// The file with the earlier vectors.
        gone: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process is writing to the index.
    #[error("{}: {holder} is writing to this index; wait until it is done; nothing was changed", path.display())]
    Locked {
        /// The index.
        path: PathBuf,
        /// The other process.
        holder: String,
    },
    /// There is no way to keep other writers out.
    #[error(
        "{}: cannot be locked: {source}; nothing was changed; an index has to lie on a file system with locks \
         while it is written to",
        path.display()
    )]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No document has an id that was named.
    #[error(
        "{}: expected a document with the id {id:?}, found none{}; nothing was changed; look the id up, or leave out \
         such ids with --ignore-missing",
        path.display(), and_others(*others)
    )]
    NoDocument {
        /// The index.
        path: PathBuf,
        /// The first id that no document has.
        id: String,
        /// How many other ids no document has.
        others: usize,
    },
    /// The model at hand is not the one that made the index.
    #[error(transparent)]
    OtherModel(#[from] Box<OtherModel>),
    /// Vectors made elsewhere are not those of the model at hand.
    #[error(transparent)]
    OtherVectors(#[from] Box<OtherVectors>),
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
    /// No width of searches finds the share of the true neighbours that was asked for.
    #[error(
        "{}: expected a recall of {wanted}, found {reached:.4} with the widest search (ef {ef}); \
         ask for less, or build the index with a larger --m or with --codes float32",
        index.display()
    )]
    Recall {
        /// The index.
        index: PathBuf,
        /// The recall that was asked for.
        wanted: f64,
        /// The best one.
        reached: f64,
        /// The width that it was reached with.
        ef: usize,
    },
    /// hnsw_rs takes a negative distance for a mistake, and inner products have no distance that is never negative.
    #[error(
        "--builder hnsw_rs links by distances only, found --metric dot; leave --builder out, or take another metric"
    )]
    BuilderMetric,
    /// A row that an index does not have was asked for: a fault of the program.
    #[error("{}: expected a row below {rows}, found {row}; this is a bug, please report it", path.display())]
    NoRow {
        /// The index.
        path: PathBuf,
        /// The row.
        row: u32,
        /// How many rows there are.
        rows: u32,
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
        "{}: made by an earlier Sextant, which kept no columns to filter by; `index compact` makes them, and nothing \
         is encoded again",
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
    /// The folder that something should be made in is not there.
    #[error("{}: there is no folder {}; make it first, or choose another --out", path.display(), folder.display())]
    NoFolder {
        /// What should be made.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
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
    /// A file has other documents than when its rows were checked.
    #[error(
        "{}: expected the documents of the first reading, found others: the file was changed in the meantime; nothing \
         was changed; leave the file alone, and run the command again",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The input has no rows, or more than an index can hold.
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
    /// Less memory than the making of any segment takes.
    #[error("--memory: expected at least {least}M, found {found}M")]
    Memory {
        /// Mebibytes that are enough.
        least: u64,
        /// Mebibytes that were allowed.
        found: u64,
    },
    /// The user asked to stop; what was there before is untouched.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// Reading the input or encoding it failed.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

/// A model that did not make the index: its vectors cannot be compared with the index's.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} is not the model that made {}: its {field} is {found}, the index was made with {expected}; name the right model \
     with --model DIR (it was at {}), or build the index anew with this one",
    model.display(), index.display(), recorded.display()
)]
pub struct OtherModel {
    /// The model at hand.
    pub model: PathBuf,
    /// The index.
    pub index: PathBuf,
    /// The part of the fingerprint that differs.
    pub field: &'static str,
    /// That part of the index's model.
    pub expected: String,
    /// That part of the model at hand.
    pub found: String,
    /// Where the index's model was when the index was built.
    pub recorded: PathBuf,
}

impl OtherModel {
    /// Refuses a model, in the folder `model`, whose fingerprint is another than that of the model that made `index`.
    ///
    /// # Errors
    /// The first field that differs.
    #[cfg(feature = "build")]
    pub fn check(
        index: &Path,
        record: &ModelRecord,
        model: &Path,
        fingerprint: &Fingerprint,
    ) -> Result<(), Box<Self>> {
        match record.fingerprint.difference(fingerprint) {
            None => Ok(()),
            Some(difference) => Err(Box::new(Self {
                model: model.to_owned(),
                index: index.to_owned(),
                field: difference.field,
                expected: difference.left,
                found: difference.right,
                recorded: record.path.clone(),
            })),
        }
    }
}

/// A model that did not make the vectors that are given.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: expected vectors of {}, found others: the median cosine to those that it gives {compared} of the documents is \
     {median:.3}, the lowest {lowest:.3}, of document {id:?}; name the model that made them with --model, or take it on \
     trust with --compare 0",
    path.display(), model.display()
)]
pub struct OtherVectors {
    /// The file of the vectors.
    pub path: PathBuf,
    /// The model at hand.
    pub model: PathBuf,
    /// Documents that were encoded.
    pub compared: usize,
    /// The median cosine between their vectors and those given, -1 to 1.
    pub median: f32,
    /// The document with the lowest cosine.
    pub id: String,
    /// That cosine.
    pub lowest: f32,
}

fn and_others(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => ", nor with 1 other id".into(),
        others => format!(", nor with {others} other ids"),
    }
}

impl IndexError {
    /// The damaged file.
    #[cfg(feature = "build")]
    pub(crate) fn damaged_file(&self) -> Option<&Path> {
        match self {
            Self::Damaged { path, .. } => Some(path),
            _ => None,
        }
    }

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

impl From<AnnError> for IndexError {
    fn from(error: AnnError) -> Self {
        match error {
            AnnError::Read { path, source } => Self::Read { path, source },
            AnnError::Damaged {
                path,
                expected,
                found,
            } => Self::damaged(&path, expected, found),
            AnnError::Older {
                path,
                found,
                supported,
            } => Self::damaged(
                &path,
                format!("a graph of format {supported}"),
                format!("format {found}"),
            ),
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
