//! Why a map cannot be drawn.

use std::io;
use std::path::PathBuf;

/// Each text is a full sentence for the user.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The file's ending names no format.
    #[error("{out}: cannot tell what to draw by this ending; expected .html, .svg, .png or .csv")]
    Ending {
        /// What `--out` says.
        out: PathBuf,
    },
    /// Paper has two dimensions.
    #[error("{out}: a picture has 2 dimensions; draw 3 into .html or .csv, or leave --dims 3 out")]
    Flat {
        /// What `--out` says.
        out: PathBuf,
    },
    /// `--out` is there already.
    #[error("{out}: already exists; replace it with --force, or give --out another name")]
    Exists {
        /// What `--out` says.
        out: PathBuf,
    },
    /// `--out` lies nowhere.
    #[error("{out}: the folder {folder} does not exist; make it first, or give --out another one")]
    NoFolder {
        /// What `--out` says.
        out: PathBuf,
        /// Its parent.
        folder: PathBuf,
    },
    /// Too few documents for the neighbourhoods asked for.
    #[error(
        "{index}: {documents} documents are too few for perplexity {perplexity}, which needs {needed}; \
         {advice}"
    )]
    TooFew {
        /// The index.
        index: PathBuf,
        /// Documents to draw.
        documents: usize,
        /// What was asked for.
        perplexity: f32,
        /// Documents that it needs.
        needed: usize,
        /// The largest perplexity that works, or that none does.
        advice: String,
    },
    /// `--color-by` names no column.
    #[error("{index}: no document has a column {column:?} to colour by; columns: {columns}")]
    Column {
        /// The index.
        index: PathBuf,
        /// What `--color-by` says.
        column: String,
        /// The columns there are, separated by commas.
        columns: String,
    },
    /// The optimization ran away.
    #[error("the map's positions became infinite: this is a bug; another --seed or --perplexity may help")]
    Diverged,
    /// Worker threads cannot be started.
    #[error("cannot start a thread to compute the map on")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The drawing library refuses.
    #[error("cannot draw the map: {0}")]
    Drawing(String),
    /// The file cannot be written; nothing is left of it.
    #[error("{out}: cannot write the map; is the disk full, or the folder read-only?")]
    Write {
        /// What `--out` says.
        out: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Ctrl-C cannot be caught, so that a half-written file could be left.
    #[error("cannot set up the handling of Ctrl-C")]
    Interrupt(#[from] ctrlc::Error),
}
