//! The model folder: a sentence-transformers model, and the word vectors in the formats asked for.

use std::path::Path;

use encoder::Encoder;
use trainer_words::WordVectors;
use trainer_words::corpus::PreparedCorpus;
use trainer_words::formats::{self, Format, NATIVE_FILE};
use trainer_words::texts::{self, TextRecipe};

use super::watch::Watch;
use crate::config;
use crate::error::Result;

/// Writes everything but the configuration, the card and the log.
///
/// # Errors
/// A full disk, or another failure to write; an interrupt.
pub fn write(
    dir: &Path,
    vectors: &WordVectors,
    prepared: &PreparedCorpus,
    config: &config::WordVectors,
    watch: &Watch,
) -> Result<()> {
    let recipe = TextRecipe {
        tokenization: config.data.tokenizer,
        phrases: &prepared.phrases,
        pooling: config.texts.pooling(),
    };
    let written = texts::write_model_folder(dir, vectors, &recipe, &prepared.corpus, watch);
    watch.finish_stage();
    watch.outcome(written)?;
    formats::write(&dir.join(NATIVE_FILE), vectors, Format::Native)?;
    for &format in &config.output.formats {
        formats::write(&dir.join(file_name(format)), vectors, format)?;
    }
    Ok(())
}

/// Opens the written model as `search` does.
pub fn open(dir: &Path) -> Result<Box<dyn Encoder>> {
    Ok(encoder::open(dir)?)
}

/// The word vectors' file in a format, with the ending that other tools give it.
pub fn file_name(format: Format) -> &'static str {
    match format {
        Format::Native => NATIVE_FILE,
        Format::Word2VecText => "word_vectors.txt",
        Format::Word2VecBinary => "word_vectors.bin",
        Format::FastTextVec => "word_vectors.vec",
    }
}
