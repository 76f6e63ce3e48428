//! The whole of GloVe: counting, then rounds of blocks handed to threads, epoch after epoch.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::blocks::Blocks;
use super::counting;
use super::kernel::{Example, Kernel};
use super::model::Model;
use super::settings::{FREE, Settings};
use crate::corpus::{IntegerCorpus, Vocabulary};
use crate::error::{Result, WordsError};
use crate::learn::random::Random;
use crate::learn::session::{REPORT_EVERY, WORTH_KEEPING};
use crate::learn::{Checkpointing, Learned, checkpoint};
use crate::observer::{Observer, Progress};

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
    let resumed = match checkpointing {
        Some(checkpointing) if checkpointing.resume => checkpoint::read(
            &checkpointing.path,
            &identity,
            [&mut model.words, &mut model.contexts],
        )?,
        _ => 0,
    };
    let blocks = co_occurrences((vocabulary, corpus), settings, scratch, observer)?;
    let run = Run::new(&model, &blocks, settings, resumed);
    let set_aside = || match checkpointing {
        Some(checkpointing) => checkpoint::write(
            &checkpointing.path,
            &identity,
            [&model.words, &model.contexts],
            run.next.load(Ordering::Relaxed),
        ),
        None => Ok(()),
    };
    let mut began = Instant::now();
    while !run.segment(checkpointing.map(|checkpointing| checkpointing.every), observer) {
        set_aside()?;
        began = Instant::now();
        if run.stop.load(Ordering::Relaxed) {
            return Err(WordsError::Interrupted);
        }
    }
    if began.elapsed() >= WORTH_KEEPING {
        // Whoever stops what comes after the learning need not learn again.
        set_aside()?;
    }
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
    /// No new round is begun: to stop for good, or for a checkpoint.
    pause: AtomicBool,
    stop: AtomicBool,
    /// Sum of the objective, and of how many records.
    loss: Mutex<(f64, u64)>,
}

/// What the threads of a segment share.
struct Round {
    barrier: Barrier,
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
            pause: AtomicBool::new(false),
            stop: AtomicBool::new(false),
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
        self.pause.store(false, Ordering::Relaxed);
        let threads = self.settings.threads.min(self.blocks.parts());
        let round = Round {
            barrier: Barrier::new(threads),
            go_on: AtomicBool::new(true),
            part: AtomicUsize::new(0),
        };
        let started = Instant::now();
        thread::scope(|scope| {
            let caller = thread::current();
            let workers: Vec<_> = (0..threads)
                .map(|thread| {
                    let (caller, round) = (caller.clone(), &round);
                    scope.spawn(move || {
                        self.work(thread, round);
                        caller.unpark();
                    })
                })
                .collect();
            while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
                thread::park_timeout(REPORT_EVERY);
                self.stop.fetch_or(observer.interrupted(), Ordering::Relaxed);
                let time_is_up = longest.is_some_and(|longest| started.elapsed() >= longest);
                if time_is_up || self.stop.load(Ordering::Relaxed) {
                    self.pause.store(true, Ordering::Relaxed);
                }
                observer.progress(&self.progress());
            }
        });
        self.next.load(Ordering::Relaxed) == self.rounds_in_all()
    }

    /// What each thread does: blocks of a round that no other thread has taken, round after round.
    fn work(&self, thread: usize, round: &Round) {
        let mut examples = Vec::new();
        let mut number = self.next.load(Ordering::Relaxed);
        loop {
            if thread == 0 {
                let more = number < self.rounds_in_all() && !self.pause.load(Ordering::Relaxed);
                round.go_on.store(more, Ordering::Relaxed);
                round.part.store(0, Ordering::Relaxed);
            }
            round.barrier.wait();
            if !round.go_on.load(Ordering::Relaxed) {
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
            round.barrier.wait();
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
            stage: "learning",
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
