//! GloVe: co-occurrence counts, and vectors fitted to their logarithms.
//!
//! ```text
//! IntegerCorpus ─▶ counting: frequent pairs in a triangle, others in a hash table ─▶ sorted runs
//!                                                                                       │ merge
//!     WordVectors ◀─ w + w̃ ◀─ AdaGrad, P disjoint blocks at a time ◀─ P × P blocks ◀────┘
//! ```

mod blocks;
mod counting;
mod entry;
mod frequent;
mod kernel;
mod model;
mod runs;
mod session;
mod settings;
mod table;
#[cfg(test)]
mod tests;

pub use session::learn;
pub use settings::Settings;
