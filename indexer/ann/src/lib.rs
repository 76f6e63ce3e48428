//! Nearest neighbours of vectors, without anything of texts.
//!
//! ```text
//! rows ──build──▶ graph file ──open──▶ Graph ──search──▶ rows and scores
//! ```
//!
//! [`Graph`] is a frozen HNSW graph, mapped and searched in place; [`exact()`] compares with every row. A walk reads
//! [`Codes`], short forms of the vectors; what it finds is scored again by the vectors in full.

mod blocks;
#[cfg(feature = "build")]
pub mod build;
mod builder;
mod codes;
mod error;
mod exact;
mod graph;
mod lines;
mod mapped;
mod metric;
mod row_set;
mod rows;
mod simd;
mod walk;

pub use blocks::{BLOCK_BYTES, BlockHash, count_blocks, hash_block};
pub use builder::Builder;
pub use codes::Codes;
pub use error::{AnnError, Result};
pub use exact::exact;
pub use graph::{Found, Graph, Neighbor, Node, SearchOptions, Strategy};
pub use mapped::MappedFile;
pub use metric::Metric;
pub use row_set::RowSet;
pub use rows::Rows;
pub use simd::dot;
