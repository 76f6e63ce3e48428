//! Word vectors from plain text, written by hand: no ML framework on this path.
//!
//! ```text
//! corpus: text files, Parquet ─▶ tokenizer ─▶ Vocabulary + IntegerCorpus (mapped) ─▶ phrases
//!                                                   │
//!             learn: skip-gram, CBOW, subwords ◀────┴────▶ glove: co-occurrences, AdaGrad
//!                                  └──────▶ WordVectors ◀──────┘
//!                                               │
//!      formats: word2vec, .vec, GloVe, .bin ◀───┼───▶ texts: mean and SIF ─▶ a model folder
//!                                               └───▶ similar: nearest words, analogies, word pairs
//! ```

pub mod corpus;
mod error;
pub mod formats;
pub mod glove;
pub mod learn;
mod observer;
mod ranges;
mod simd;
pub mod similar;
pub mod subwords;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod texts;
mod threads;
mod word_vectors;

pub use error::{Result, WordsError};
pub use observer::{Observer, Progress, Stage, Unobserved};
pub use table::{MappedRows, Table};
pub use word_vectors::{SubwordVectors, WordVectors};
