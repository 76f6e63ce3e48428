//! The whole of GloVe: counting, then rounds of blocks handed to threads, epoch after epoch.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::blocks::Blocks;
use super::counting;
use super::kernel::{Example, Kernel};
use super::model::Model;
use super::settings::{FREE, Settings};
use crate::corpus::{IntegerCorpus, Vocabulary};
use crate::error::{Result, WordsError};
use crate::learn::random::Random;
use crate::learn::{Checkpointing, Learned, checkpoint};
use crate::observer::{Observer, Progress, Stage};
use crate::threads::{Meeting, Signals};

const CHECKPOINT_FORMAT: &str = "sextant-glove-checkpoint 1";

/// Bytes of vectors that the blocks of a thread should not exceed, so that they stay in its cache.
const CACHED: usize = 1 << 20;

/// Least and most parts of the rows: the most threads that can be of use.
const PARTS: (usize, usize) = (16, 64);

/// Learns word vectors with GloVe. Co-occurrences lie in `scratch` meanwhile, in files without a name.
///
/// The same corpus and settings give the same bits on the same kind of processor, at any number of threads
/// and with any memory for counting, interrupted and resumed or not. Where learning is resumed,
/// co-occurrences are counted again.
///
/// # Errors
/// A setting out of its range, too little memory, a text in which no two words meet, a full disk, a checkpoint
/// that cannot be written or does not fit, or [`WordsError::Interrupted`] by the observer, after a checkpoint
/// where there is a place for it.
pub fn learn(
    vocabulary: &Vocabulary,
    corpus: &IntegerCorpus,
    settings: &Settings,
    scratch: &Path,
    checkpointing: Option<&Checkpointing>,
    observer: &dyn Observer,
) -> Result<Learned> {
    settings.validate()?;
    let mut model = Model::new(vocabulary, settings)?;
    let identity = checkpoint::Identity::new(CHECKPOINT_FORMAT, (vocabulary, corpus), settings, &FREE)?;
    let resumed = checkpoint::resume(checkpointing, &identity, [&mut model.words, &mut model.contexts])?;
    let blocks = co_occurrences((vocabulary, corpus), settings, scratch, observer)?;
    let run = Run::new(&model, &blocks, settings, resumed);
    let set_aside = |checkpointing: &Checkpointing| {
        let next = run.next.load(Ordering::Relaxed);
        checkpoint::write(
            &checkpointing.path,
            &identity,
            [&model.words, &model.contexts],
            next,
        )
    };
    let segment = |longest| run.segment(longest, observer);
    run.signals.learn_all(checkpointing, segment, set_aside)?;
    Ok(Learned {
        word_vectors: model.word_vectors(vocabulary),
        at_bound: model.at_bound(),
        kernel: run.kernel.name,
    })
}

/// Counts the co-occurrences of a corpus.
pub(super) fn co_occurrences(
    (vocabulary, corpus): (&Vocabulary, &IntegerCorpus),
    settings: &Settings,
    scratch: &Path,
    observer: &dyn Observer,
) -> Result<Blocks> {
    let counts = counting::count((vocabulary.len(), corpus), settings, scratch, observer)?;
    let parts = parts(vocabulary.len(), settings.dimension);
    let blocks = Blocks::write(&counts, parts, scratch, || match observer.interrupted() {
        true => Err(WordsError::Interrupted),
        false => Ok(()),
    })?;
    if blocks.records() == 0 {
        return Err(WordsError::Corpus(format!(
            "expected sentences with at least two words of the vocabulary, found none among {} words; give more \
             text, or lower min_count",
            corpus.words()
        )));
    }
    Ok(blocks)
}

/// Parts of the rows. They depend on the model alone: other parts are other numbers.
fn parts(words: usize, dimension: usize) -> usize {
    let bytes = words * (dimension + 2) * size_of::<f32>() * 4;
    (bytes / CACHED).next_power_of_two().clamp(PARTS.0, PARTS.1)
}

/// Learning as it runs.
pub(super) struct Run<'a> {
    model: &'a Model,
    blocks: &'a Blocks,
    settings: &'a Settings,
    kernel: Kernel,
    /// Round to be learned next, counted through all epochs.
    next: AtomicUsize,
    /// Records learned, all epochs.
    done: AtomicU64,
    signals: Signals,
    /// Sum of the objective, and of how many records.
    loss: Mutex<(f64, u64)>,
}

/// What the threads of a segment share.
struct Round {
    go_on: AtomicBool,
    /// Part of the rows to be taken next.
    part: AtomicUsize,
}

impl<'a> Run<'a> {
    pub(super) fn new(model: &'a Model, blocks: &'a Blocks, settings: &'a Settings, next: usize) -> Self {
        let mut run = Run {
            model,
            blocks,
            settings,
            kernel: Kernel::detect(),
            next: AtomicUsize::new(next),
            done: AtomicU64::new(0),
            signals: Signals::default(),
            loss: Mutex::new((0.0, 0)),
        };
        let (epoch, rounds) = (next / blocks.parts(), next % blocks.parts());
        let shifts = run.shifts(epoch);
        let learned = shifts[..rounds]
            .iter()
            .flat_map(|&shift| (0..blocks.parts()).map(move |part| (part, shift)));
        let learned: usize = learned
            .map(|(part, shift)| blocks.records_of(part, run.column(part, shift)))
            .sum();
        *run.done.get_mut() = epoch as u64 * blocks.records() + learned as u64;
        run
    }

    /// Learns until all is done (true), or the observer interrupts or that much time has passed (false).
    /// Either way all rounds before `next` are learned, and no others.
    pub(super) fn segment(&self, longest: Option<Duration>, observer: &dyn Observer) -> bool {
        let round = Round {
            go_on: AtomicBool::new(true),
            part: AtomicUsize::new(0),
        };
        self.signals.run(
            self.settings.threads.min(self.blocks.parts()),
            |thread, meeting| self.work(thread, &round, meeting),
            longest,
            || self.progress(),
            observer,
        );
        self.next.load(Ordering::Relaxed) == self.rounds_in_all()
    }

    /// What each thread does: blocks of a round that no other thread has taken, round after round.
    fn work(&self, thread: usize, round: &Round, meeting: &Meeting) {
        let mut examples = Vec::new();
        let mut number = self.next.load(Ordering::Relaxed);
        loop {
            if thread == 0 {
                let more = number < self.rounds_in_all() && !self.signals.pausing();
                round.go_on.store(more, Ordering::Relaxed);
                round.part.store(0, Ordering::Relaxed);
            }
            if !meeting.wait() || !round.go_on.load(Ordering::Relaxed) {
                return;
            }
            let epoch = number / self.blocks.parts();
            let shift = self.shifts(epoch)[number % self.blocks.parts()];
            loop {
                let part = round.part.fetch_add(1, Ordering::Relaxed);
                if part >= self.blocks.parts() {
                    break;
                }
                self.block(epoch, (part, self.column(part, shift)), &mut examples);
            }
            number += 1;
            if !meeting.wait() {
                return;
            }
            if thread == 0 {
                self.next.store(number, Ordering::Relaxed);
            }
        }
    }

    /// Learns a block, its records in a new order each epoch.
    fn block(&self, epoch: usize, (row, column): (usize, usize), examples: &mut Vec<Example>) {
        examples.clear();
        let log_max = self.settings.x_max.ln() as f32;
        let alpha = self.settings.alpha as f32;
        examples.extend(self.blocks.block(row, column).map(|(row, column, weight)| {
            let log = weight.ln();
            Example {
                row,
                column,
                log,
                weight: ((log - log_max).min(0.0) * alpha).exp(),
            }
        }));
        let name = (epoch * self.blocks.parts() + row) * (self.blocks.parts() + 1) + column;
        shuffle(examples, &mut Random::stream(self.settings.seed, name as u64));
        let rate = self.settings.learning_rate as f32;
        #[expect(
            unsafe_code,
            reason = "the blocks of a round share no row of either matrix, and rounds are apart by a barrier"
        )]
        let loss = unsafe { (self.kernel.learn)(self.model.tables(), examples, rate) };
        self.done.fetch_add(examples.len() as u64, Ordering::Relaxed);
        let mut sum = self.loss.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = (sum.0 + loss, sum.1 + examples.len() as u64);
    }

    /// By how many parts the columns are ahead of the rows in each round of an epoch.
    fn shifts(&self, epoch: usize) -> Vec<usize> {
        let parts = self.blocks.parts();
        let mut shifts: Vec<usize> = (0..parts).collect();
        let name = epoch * parts * (parts + 1) + parts;
        shuffle(&mut shifts, &mut Random::stream(self.settings.seed, name as u64));
        shifts
    }

    fn column(&self, row: usize, shift: usize) -> usize {
        (row + shift) % self.blocks.parts()
    }

    fn rounds_in_all(&self) -> usize {
        self.settings.epochs * self.blocks.parts()
    }

    fn progress(&self) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        let (loss, records) = std::mem::take(&mut *self.loss.lock().unwrap_or_else(PoisonError::into_inner));
        let last = self.settings.epochs - 1;
        Progress {
            stage: Stage::Learning,
            done,
            total: self.blocks.records() * self.settings.epochs as u64,
            epoch: ((done / self.blocks.records()) as usize).min(last),
            loss: (records > 0).then(|| loss / records as f64),
            learning_rate: self.settings.learning_rate,
        }
    }
}

/// A random order (Fisher and Yates).
fn shuffle<T>(values: &mut [T], random: &mut Random) {
    for last in (1..values.len()).rev() {
        values.swap(last, random.below(last as u32 + 1) as usize);
    }
}
