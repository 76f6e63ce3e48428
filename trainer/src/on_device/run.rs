//! The whole of learning: piece after piece of the corpus, batch after batch of each.

use std::time::{Duration, Instant};

use encoder::vectors::Vectors;
use tch::{Device, Kind, TchError, Tensor};
use trainer_words::corpus::{IntegerCorpus, SENTENCE_END, Vocabulary};
use trainer_words::learn::{Learned, Settings};
use trainer_words::{Observer, Progress, Result, Stage, WordVectors, WordsError};

use super::draws::Draws;
use super::piece::{self, Layout, Piece};
use super::step::{DAMPING, Pace, Tables};
use super::unsupported;

/// How often the loss is fetched, the observer told, and asked whether to stop.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// Learns word vectors by skip-gram with negative sampling on a device.
///
/// # Errors
/// A setting out of its range or one that a device does not learn (see the module), a corpus with fewer than two
/// words, too little memory on the device, or [`WordsError::Interrupted`] by the observer, with nothing kept.
pub fn learn(
    vocabulary: &Vocabulary,
    corpus: &IntegerCorpus,
    settings: &Settings,
    device: Device,
    observer: &dyn Observer,
) -> Result<Learned> {
    let layout = Layout::new(settings, corpus.words());
    learn_in(vocabulary, corpus, settings, (device, layout, DAMPING), observer)
}

/// [`learn`] with batches of a given size and a given damping.
pub(super) fn learn_in(
    vocabulary: &Vocabulary,
    corpus: &IntegerCorpus,
    settings: &Settings,
    (device, layout, damping): (Device, Layout, f64),
    observer: &dyn Observer,
) -> Result<Learned> {
    settings.validate()?;
    unsupported::refuse(settings)?;
    if vocabulary.len() < 2 || corpus.words() < 2 {
        return Err(WordsError::Corpus(format!(
            "expected at least two different words to learn from, found {} of which {} are in the text; give \
             more text",
            vocabulary.len(),
            corpus.words()
        )));
    }
    let words = vocabulary.len();
    let failed = |error: TchError| torch(&error, words, settings.dimension, device);
    let mut run = Run {
        corpus,
        settings,
        device,
        layout,
        damping,
        draws: Draws::new(vocabulary.counts(), settings, device).map_err(failed)?,
        distances: piece::distances(layout, device).map_err(failed)?,
        tables: Tables::new(words as i64, settings, device).map_err(failed)?,
        observer,
        reported: Instant::now(),
    };
    if run.all().map_err(failed)? == Ended::Interrupted {
        return Err(WordsError::Interrupted);
    }
    let (values, at_bound) = run.result().map_err(failed)?;
    Ok(Learned {
        word_vectors: WordVectors {
            vocabulary: vocabulary.clone(),
            vectors: Vectors::from_rows(settings.dimension, values).into(),
            subwords: None,
        },
        at_bound,
        kernel: match device {
            Device::Cpu => "libtorch on the CPU",
            _ => "libtorch on the device",
        },
    })
}

/// How learning ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Done,
    Interrupted,
}

/// Learning as it runs.
struct Run<'a> {
    corpus: &'a IntegerCorpus,
    settings: &'a Settings,
    device: Device,
    layout: Layout,
    damping: f64,
    draws: Draws,
    distances: Tensor,
    tables: Tables,
    observer: &'a dyn Observer,
    reported: Instant,
}

impl Run<'_> {
    fn all(&mut self) -> Result<Ended, TchError> {
        let tokens = self.corpus.tokens();
        let pieces = piece::pieces(tokens);
        let (mut number, mut done) = (0, 0);
        for epoch in 0..self.settings.epochs {
            for range in &pieces {
                let tokens = &tokens[range.clone()];
                let words = tokens.iter().filter(|&&token| token != SENTENCE_END).count() as u64;
                if self.piece(tokens, number, epoch, (done, words))? == Ended::Interrupted {
                    return Ok(Ended::Interrupted);
                }
                number += 1;
                done += words;
            }
        }
        Ok(Ended::Done)
    }

    /// Learns from a piece of the corpus: `words` words behind the first `done` of all epochs.
    fn piece(
        &mut self,
        tokens: &[u32],
        number: u64,
        epoch: usize,
        (done, words): (u64, u64),
    ) -> Result<Ended, TchError> {
        let piece = Piece::new(
            tokens,
            number,
            &self.draws,
            self.layout,
            self.settings,
            self.device,
        )?;
        let batches = piece.batches();
        for number in 0..batches {
            let done = done + (words as f64 * number as f64 / batches as f64) as u64;
            let pace = Pace {
                rate: self.rate(done),
                damping: self.damping,
                negatives: self.settings.negatives as f64,
                measured: self.reported.elapsed() >= REPORT_EVERY,
            };
            let batch = piece.batch(number, &self.distances)?;
            if let Some(loss) = self.tables.learn(&batch, pace)? {
                self.report(done, epoch, loss.mean()?, pace.rate);
                if self.observer.interrupted() {
                    return Ok(Ended::Interrupted);
                }
            }
        }
        self.tables.bound()?;
        Ok(Ended::Done)
    }

    fn report(&mut self, done: u64, epoch: usize, loss: Option<f64>, learning_rate: f64) {
        self.reported = Instant::now();
        self.observer.progress(&Progress {
            stage: Stage::Learning,
            done,
            total: self.words_in_all(),
            epoch,
            loss,
            learning_rate,
        });
    }

    /// Learning rate after that many words: it falls linearly over all epochs.
    fn rate(&self, done: u64) -> f64 {
        let (first, last) = (self.settings.learning_rate, self.settings.min_learning_rate);
        first + (last - first) * done as f64 / self.words_in_all() as f64
    }

    fn words_in_all(&self) -> u64 {
        self.corpus.words().saturating_mul(self.settings.epochs as u64)
    }

    /// The vectors, row after row, and the numbers at the bound.
    fn result(&mut self) -> Result<(Vec<f32>, usize), TchError> {
        let vectors = self.tables.input.f_to(Device::Cpu)?.f_totype(Kind::Float)?;
        let mut values = vec![0.0_f32; vectors.numel()];
        let count = values.len();
        vectors.f_copy_data(&mut values, count)?;
        Ok((values, self.tables.at_bound()?))
    }
}

/// One sentence for what libtorch refused; its own first line alone, since a stack follows.
pub(super) fn torch(error: &TchError, words: usize, dimension: usize, device: Device) -> WordsError {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let memory = ["out of memory", "can't allocate memory", "not enough memory"];
    if memory.iter().any(|memory| text.contains(memory)) {
        return WordsError::Setting(format!(
            "two vectors of {dimension} numbers for each of {words} words and a batch of text do not fit into the \
             memory of {device:?} ({line}); lower dimension or max_vocabulary, raise min_count, or use device = \
             \"cpu\""
        ));
    }
    WordsError::Setting(format!(
        "device: {device:?} failed ({line}); use device = \"cpu\""
    ))
}
