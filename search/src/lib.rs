//! Search: index → hits.
//!
//! ```text
//!                       ┌─ vectors (HNSW) ─┐
//! query ──▶ [`engine`] ─┤                  ├─▶ [`hits`]: fuse, describe ──▶ [`output`]: text or JSON Lines
//!                       └─ words (BM25) ───┘
//! ```
//!
//! The command line ([`cli`]) and the evaluation ([`evaluate`]) ask the same [`engine`], so what is measured
//! is what users get. [`tsne`] draws the index's vectors as a map.
//!
//! This crate reads; it never encodes a corpus, and so never links libtorch: one small program that starts
//! at once, wherever an index has been copied to.

pub mod cli;
pub mod engine;
mod error;
pub mod evaluate;
pub mod hits;
pub mod locate;
pub mod output;
mod query;
pub mod tsne;

use cli::{Cli, Command};
pub use error::{OtherModel, Result, SearchError};

/// How a run that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All was done; a query had hits.
    Done,
    /// The query had no hits.
    NoHits,
}

/// Runs what the command line asks for.
///
/// # Errors
/// See [`SearchError`]; nothing half-written is left behind.
pub fn run(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        None => query::run(&cli.search),
        Some(Command::Eval(arguments)) => evaluate::run(arguments).map(|()| Outcome::Done),
        Some(Command::Tsne(arguments)) => tsne::run(arguments).map(|()| Outcome::Done),
    }
}
