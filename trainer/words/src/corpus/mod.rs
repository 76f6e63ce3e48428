//! Text in, integers out: what is learned from.
//!
//! ```text
//! files ─▶ sources ─▶ tokenizer ─▶ interner ─▶ phrases, segmentation ─▶ Vocabulary + IntegerCorpus
//!          one thread └───── the other ─────┘  └─ on integers, on disk ─┘
//! ```

mod integers;
mod interner;
mod phrases;
mod prepare;
mod reading;
mod segmentation;
mod sources;
mod tokenizer;
mod vocabulary;

pub use integers::{Chunk, IntegerCorpus, IntegerWriter, SENTENCE_END};
pub use phrases::{Phrase, PhraseSettings};
pub use prepare::{CorpusReport, CorpusSettings, InvalidUtf8, PreparedCorpus, prepare};
pub use tokenizer::{Tokenization, Tokenizer};
pub use vocabulary::Vocabulary;
