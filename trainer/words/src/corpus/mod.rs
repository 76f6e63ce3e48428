//! Text in, integers out: what is learned from.

mod integers;
mod vocabulary;

pub use integers::{Chunk, IntegerCorpus, IntegerWriter, SENTENCE_END};
pub use vocabulary::Vocabulary;
