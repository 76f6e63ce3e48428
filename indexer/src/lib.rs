//! The index folder: format, reader, graph, and (with the feature `build`) its making.
//!
//! ```text
//! corpus.index/
//!   MANIFEST                  what the index is; lists every file below with its checksum
//!   segments/NAME/
//!     vectors.bin             vectors, one row per document
//!     graph.bin               HNSW graph over the rows and their codes, frozen
//!     bm25/                   words and documents, kept by tantivy
//!     blocks.bin              checksums of the blocks of these files
//!   deleted/NAME              deleted rows of a segment, one bit each, where there are any
//!   LOCK                      while a process writes: which one
//! ```
//!
//! Files under `segments` and `deleted` never change once the manifest names them. [`IndexReader`] is the
//! reading side; it has no part in how the graph was built, and none of libtorch. Writer and reader are
//! different types, because nothing that is open for reading can change.

mod block_file;
#[cfg(feature = "build")]
pub mod build;
mod checksum;
mod deleted;
mod error;
#[cfg(feature = "build")]
pub mod export;
mod header;
mod manifest;
mod reader;
mod segment;
mod shown_path;
mod snippet;
mod unit;
mod vectors_file;
#[cfg(feature = "build")]
pub mod verify;

pub use error::{IndexError, OtherModel, OtherVectors, Result};
pub use indexer_ann::{Builder, Codes, Metric, RowSet, Strategy};
pub use indexer_bm25::{Filter, FilterError};
pub use manifest::{
    ColumnsRecord, DeletedRecord, FORMAT_VERSION, FileRecord, GRAPH_NAME, HnswRecord, MANIFEST_NAME,
    Manifest, ModelRecord, SegmentRecord, TuningRecord,
};
pub use reader::{IndexReader, Matching};
pub use snippet::Snippet;
pub use vectors_file::FILE_NAME as VECTORS_NAME;
