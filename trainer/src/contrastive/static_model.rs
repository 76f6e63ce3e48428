//! A static model to compare with: word vectors, learned in seconds from the texts that a training has anyway. Whether a text
//! encoder is worth its time shows beside them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use trainer_words::corpus::{CorpusSettings, Tokenization, prepare};
use trainer_words::learn::{Settings, learn};
use trainer_words::texts::{TextPooling, TextRecipe, write_model_folder};
use trainer_words::{Observer, Progress, WordsError};

use trainer_shell::compare::comparison::System;

use super::dataset::Dataset;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;
use crate::interrupt::Interrupt;
use crate::progress::say;

/// What its row is called.
pub const NAME: &str = "word vectors";

/// Bytes of texts that are learned from at most, and words over all passes, one pass at least: some seconds.
const BYTES: usize = 200_000_000;
const WORDS: u64 = 30_000_000;

/// Passes over the text at most.
const EPOCHS: u64 = 40;

/// Learns from the passages of the development set and the training texts, and measures what came of it: skip-gram with a
/// wide window, as `docs/word-vectors.md` advises for search, on one thread, so that it is the same each time. `None`, with a
/// word, where the texts have too little to learn from.
///
/// # Errors
/// A full disk, an interrupt.
pub fn measure(datasets: &[Dataset], evaluator: &Evaluator, interrupt: &Interrupt) -> Result<Option<System>> {
    let folder = tempfile::tempdir().map_err(TrainError::io(&std::env::temp_dir(), "create a folder"))?;
    match write(datasets, evaluator, folder.path(), interrupt) {
        Ok(()) => {}
        Err(TrainError::Words(WordsError::Corpus(reason))) => {
            say(&format!("no word vectors to compare with: {reason}"));
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    let encoder = encoder::open_static(folder.path())?;
    Ok(Some(System {
        name: NAME.into(),
        measured: evaluator.measure_shown(&*encoder, interrupt)?,
    }))
}

/// Learns and writes the model folder.
fn write(datasets: &[Dataset], evaluator: &Evaluator, dir: &Path, interrupt: &Interrupt) -> Result<()> {
    let text = dir.join("texts.txt");
    let passages = (0..evaluator.passages()).map(|row| evaluator.text(row as u32));
    let learned_from = datasets.iter().flat_map(|dataset| dataset.pairs.texts());
    lines(&text, passages.chain(learned_from)).map_err(TrainError::io(&text, "write the file"))?;
    let observer = Stop(interrupt);
    let corpus = CorpusSettings {
        min_count: 2,
        ..CorpusSettings::default()
    };
    let prepared = prepare(&[text], &corpus, dir, &observer)?;
    let settings = Settings {
        window: 10,
        learning_rate: 0.05,
        epochs: (WORDS / prepared.report.kept.max(1)).clamp(1, EPOCHS) as usize,
        ..Settings::default()
    };
    let learned = learn(&prepared.vocabulary, &prepared.corpus, &settings, None, &observer)?;
    let recipe = TextRecipe {
        tokenization: Tokenization::default(),
        phrases: &prepared.phrases,
        pooling: TextPooling::default(),
    };
    write_model_folder(dir, &learned.word_vectors, &recipe, &prepared.corpus, &observer)?;
    Ok(())
}

/// Each text in a line of its own, as many as there is room for.
fn lines<'t>(path: &Path, texts: impl Iterator<Item = &'t str>) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut written = 0;
    for text in texts.take_while(|text| {
        written += text.len();
        written <= BYTES
    }) {
        writeln!(out, "{}", text.replace(['\n', '\r'], " "))?;
    }
    out.flush()
}

/// Listens for the interrupt; seconds need no progress.
struct Stop<'a>(&'a Interrupt);

impl Observer for Stop<'_> {
    fn progress(&self, _: &Progress) {}

    fn interrupted(&self) -> bool {
        self.0.check().is_err()
    }
}
