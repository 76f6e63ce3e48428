//! Everything that can go wrong in a search, each with what was expected, what was found and what to do.

use std::io;
use std::path::PathBuf;

use encoder::EncoderError;
use indexer::{FilterError, IndexError};

/// Why `search` could not do what it was asked. Each text is a full sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The model, or a file of queries or judgements.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The index folder.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A filter does not fit the language.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Nothing but blanks was asked.
    #[error("the query is empty; say what to look for: search \"symptoms of diabetes\"")]
    EmptyQuery,
    /// No `--index`, and the current folder holds none.
    #[error(
        "no index is named, and {folder} holds no *.index folder; make one with \
         `index build corpus.parquet`, or name one with --index DIR"
    )]
    NoIndex {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// No `--index`, and the current folder holds several.
    #[error("no index is named, and {folder} holds {count}: {names}; name one with --index DIR")]
    SeveralIndexes {
        /// Where they were looked for.
        folder: PathBuf,
        /// How many there are.
        count: usize,
        /// The first of them, separated by commas.
        names: String,
    },
    /// The path that the index recorded for its model leads nowhere.
    #[error(
        "{index}: its model was at {model}, where no folder is now; name the model's folder with \
         --model DIR, or search words only with --mode bm25"
    )]
    ModelGone {
        /// The index.
        index: PathBuf,
        /// What it recorded.
        model: PathBuf,
    },
    /// Vectors are asked of an engine that was opened for words alone: a fault of the program.
    #[error("vectors were asked of a search opened for bm25 alone; this is a bug, please report it")]
    NoModel,
    /// The model at hand is not the one that made the index.
    #[error(transparent)]
    OtherModel(#[from] Box<OtherModel>),
    /// Queries and judgements have no query in common.
    #[error(
        "{qrels} judges none of the {count} queries of {queries}: query ids must be the same in both \
         files (judged: {judged}; asked: {asked})"
    )]
    NothingJudged {
        /// The file of judgements.
        qrels: PathBuf,
        /// The file of queries.
        queries: PathBuf,
        /// Queries in that file.
        count: usize,
        /// An id of a judged query.
        judged: String,
        /// An id of a query.
        asked: String,
    },
    /// None of the documents judged relevant is in the index.
    #[error(
        "none of the {count} documents that {qrels} calls relevant is in {index}: these judgements \
         belong to another corpus (judged: {judged}; indexed: {indexed})"
    )]
    NothingIndexed {
        /// The file of judgements.
        qrels: PathBuf,
        /// The index.
        index: PathBuf,
        /// Relevant documents in that file.
        count: usize,
        /// An id of a judged document.
        judged: String,
        /// An id of an indexed document.
        indexed: String,
    },
    /// None of the documents judged relevant matches the filter.
    #[error(
        "{qrels} calls no document relevant that matches the filter ({matching} match); choose another --where, or \
         measure without one"
    )]
    NothingMatches {
        /// The file of judgements.
        qrels: PathBuf,
        /// Documents that match.
        matching: usize,
    },
    /// A map cannot be drawn.
    #[error(transparent)]
    Map(#[from] crate::tsne::MapError),
    /// The current folder cannot be read.
    #[error("{folder}: cannot look for an index here")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Results cannot be written to stdout. A closed pipe is no error to the program.
    #[error("cannot write results to stdout")]
    Stdout(#[source] io::Error),
}

/// A model that did not make the index: its vectors cannot be compared with the index's.
#[derive(Debug, thiserror::Error)]
#[error(
    "{model} is not the model that made {index}: its {field} is {found}, the index was made with {expected}; \
     name the right model with --model DIR (it was at {recorded}), or build the index anew with this one: \
     index build … --model {model} --force"
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

/// What a part of this crate gives back.
pub type Result<T, E = SearchError> = std::result::Result<T, E>;
