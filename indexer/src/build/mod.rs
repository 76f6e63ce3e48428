//! The writing side: documents in, an index folder out.
//!
//! ```text
//! survey ─▶ pipeline: read ─▶ encode ─┬─▶ vectors ─▶ hnsw ─▶ graph ─┬─▶ writer: one commit
//!                                     └─▶ words and documents ──────┘
//! ```
//!
//! Everything is written aside, in a folder beside the target, and appears at once or not at all.

mod commit;
mod encode;
mod hnsw;
mod pipeline;
mod staging;
mod survey;
mod writer;

pub use pipeline::{BuildOptions, Summary, build};

/// What a build is doing; each phase counts its own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reads all rows once, to refuse bad ones before the long work begins.
    Check,
    /// Encodes the documents and stores their words.
    Encode,
    /// Links the vectors to a graph.
    Link,
}

/// Watches a build, and can stop it.
pub trait Observer {
    /// A phase begins, with as many documents as are known to come.
    fn begin(&mut self, phase: Phase, total: Option<u64>);
    /// So many more documents are through.
    fn advance(&mut self, documents: u64);
    /// Whether to stop; asked often, so it has to be cheap.
    fn stopped(&self) -> bool;
}

/// Watches nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn begin(&mut self, _phase: Phase, _total: Option<u64>) {}
    fn advance(&mut self, _documents: u64) {}
    fn stopped(&self) -> bool {
        false
    }
}
