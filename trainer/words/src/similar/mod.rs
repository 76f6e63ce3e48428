//! Questions to word vectors: nearest words, analogies, agreement with human scores.
//!
//! ```text
//! word, `a - b + c` ─▶ find (as written, else ignoring case, else by subwords) ─▶ search ─▶ nearest words
//! file of word pairs ─▶ cosines ─▶ Spearman, Pearson
//! file of analogies ──▶ questions, all at once ─────────────────────────────────▶ search ─▶ accuracy
//! ```
//!
//! Every search is exact and goes through one blocked product (`search`), so a question has the same answer to
//! the last bit, alone or among thousands, with any number of threads.

mod analogies;
mod correlation;
mod expression;
mod find;
mod lines;
mod nearest;
mod pair_file;
mod pairs;
mod product;
mod question_file;
mod search;
mod spelling;
#[cfg(test)]
mod testing;

pub use analogies::{AnalogyScores, SectionScores};
pub use correlation::{pearson, spearman};
pub use expression::{Expression, Sign};
pub use find::{Found, WordSpace};
pub use nearest::{Answer, SimilarWord, Term};
pub use pairs::PairScores;
