//! The writing side: documents in, an index folder out, and every change of it.
//!
//! ```text
//!                       read ─▶ encode ─┬─▶ vectors ──────────▶ graph ─┬─▶ segment ─▶ one commit
//!                                       └─▶ words and documents ──────┘   (in a thread of their own)
//! build   survey ─▶ fill ─▶ segment ─▶ new index, in the place of the old one
//! add     survey ─▶ fill ─▶ segment ─▶ index, update: without the rows that are replaced
//! delete                     index without rows
//! import  given, survey ─▶ segment ─▶ new index, with vectors made elsewhere
//! compact live rows ───────▶ segment ─▶ index, in the place of all segments
//! tune                       index with the width of searches that a recall needs
//! ```
//!
//! Everything is written aside and becomes part of an index at once or not at all. One writer at a time: it holds the
//! index's lock.

mod add;
mod commit;
mod compact;
mod delete;
mod encode;
mod fill;
mod import;
mod journal;
mod lock;
mod memory;
mod new_index;
mod pipeline;
mod progress;
mod second_reading;
mod segment_writer;
mod staging;
mod survey;
#[cfg(test)]
mod tests;
mod tune;
mod word_thread;
mod writer;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub use add::{AddOptions, AddSummary, Known};
pub use compact::CompactSummary;
pub use delete::DeleteSummary;
pub use import::{ImportOptions, ImportSummary, import};
pub use pipeline::{BuildOptions, Summary, build};
pub(crate) use staging::{has_folder, parent};
pub use tune::{TuneOptions, encode_queries};
pub use writer::IndexWriter;

/// The time: RFC 3339, UTC, to the second.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let second = now.replace_nanosecond(0).unwrap_or(now);
    second.format(&Rfc3339).unwrap_or_default()
}

/// What a writer is doing; each phase counts its own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reads all rows once, to refuse bad ones before the long work begins.
    Check,
    /// Encodes the documents and stores their words.
    Encode,
    /// Reads documents and vectors from segments and stores them again.
    Copy,
    /// Links the vectors to a graph.
    Link,
    /// Looks for faults, file by file and row by row.
    Verify,
    /// Writes documents and vectors for other tools.
    Export,
    /// Encodes queries.
    Queries,
    /// Compares queries with every document, to know what searches should find.
    Judge,
}

/// Watches a writer, and can stop it.
pub trait Observer {
    /// A phase begins, with as many documents as are known to come.
    fn begin(&mut self, phase: Phase, total: Option<u64>);
    /// Something that the user should know; nothing has to be done about it.
    fn note(&mut self, message: &str);
    /// So many more documents are through.
    fn advance(&mut self, documents: u64);
    /// So many more documents were through before this run began: they say nothing of its speed.
    fn pass(&mut self, documents: u64) {
        self.advance(documents);
    }
    /// Whether to stop; asked often, so it has to be cheap.
    fn stopped(&self) -> bool;
}

/// Watches nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn begin(&mut self, _phase: Phase, _total: Option<u64>) {}
    fn note(&mut self, _message: &str) {}
    fn advance(&mut self, _documents: u64) {}
    fn stopped(&self) -> bool {
        false
    }
}
