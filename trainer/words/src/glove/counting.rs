//! Co-occurrences of a corpus, counted by several threads in bounded memory.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use super::entry::{self, Entry};
use super::frequent::Frequent;
use super::runs::{RunWriter, Runs};
use super::settings::Settings;
use super::table::Table;
use crate::corpus::{Chunk, IntegerCorpus};
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress, Stage};
use crate::threads::REPORT_EVERY;

/// What the counting threads share.
struct Shared<'a> {
    corpus: &'a IntegerCorpus,
    /// Number of words in the vocabulary.
    words: usize,
    settings: &'a Settings,
    threads: usize,
    scratch: &'a Path,
    next: AtomicUsize,
    done: AtomicU64,
    stop: AtomicBool,
}

/// Counts each pair of words within a window of a sentence.
///
/// Each thread has its part of the memory and its own file of sorted runs.
///
/// # Errors
/// Too little memory, a full disk, or an interruption.
pub(super) fn count(
    (words, corpus): (usize, &IntegerCorpus),
    settings: &Settings,
    scratch: &Path,
    observer: &dyn Observer,
) -> Result<Vec<Runs>> {
    let shared = Shared {
        corpus,
        words,
        settings,
        threads: settings.threads.min(corpus.chunks().len()),
        scratch,
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    let files = thread::scope(|scope| {
        let caller = thread::current();
        let workers: Vec<_> = (0..shared.threads)
            .map(|_| {
                let (caller, shared) = (caller.clone(), &shared);
                scope.spawn(move || {
                    let runs = shared.work();
                    // One that cannot go on stops the others.
                    shared.stop.fetch_or(runs.is_err(), Ordering::Relaxed);
                    caller.unpark();
                    runs
                })
            })
            .collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::park_timeout(REPORT_EVERY);
            shared.stop.fetch_or(observer.interrupted(), Ordering::Relaxed);
            observer.progress(&shared.progress());
        }
        let finished = workers.into_iter().map(|worker| match worker.join() {
            Ok(runs) => runs,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        finished.collect::<Vec<Result<Runs>>>()
    });
    // The failure, not the interruption of the others that it caused.
    let interrupted = |file: &Result<Runs>| matches!(file, Err(WordsError::Interrupted));
    let (stopped, others): (Vec<_>, Vec<_>) = files.into_iter().partition(interrupted);
    others.into_iter().chain(stopped).collect()
}

impl Shared<'_> {
    /// Takes the next chunk as long as there is one.
    fn work(&self) -> Result<Runs> {
        let mut counter = Counter::new(self)?;
        let chunks = self.corpus.chunks();
        while let Some(&chunk) = chunks.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.load(Ordering::Relaxed) {
                return Err(WordsError::Interrupted);
            }
            counter.chunk(self.corpus, chunk)?;
            self.done.fetch_add(chunk.words, Ordering::Relaxed);
        }
        counter.finish()
    }

    fn progress(&self) -> Progress {
        Progress {
            stage: Stage::Counting,
            done: self.done.load(Ordering::Relaxed),
            total: self.corpus.words(),
            epoch: 0,
            loss: None,
            learning_rate: 0.0,
        }
    }
}

/// Counts of one thread.
struct Counter {
    /// Weight at each distance.
    weights: Vec<u64>,
    frequent: Frequent,
    others: Table,
    runs: RunWriter,
}

impl Counter {
    fn new(shared: &Shared<'_>) -> Result<Self> {
        let bytes = (shared.settings.memory_mb << 20) / shared.threads;
        // More places than the text has pairs would stay empty.
        let pairs = shared
            .corpus
            .words()
            .saturating_mul(shared.settings.window as u64);
        let places = (bytes / 4 / size_of::<u64>()).min(usize::try_from(pairs / 4).unwrap_or(usize::MAX));
        Ok(Counter {
            weights: entry::weights(shared.settings.window),
            frequent: Frequent::new(shared.words, places)?,
            others: Table::new(bytes - places * size_of::<u64>())?,
            runs: RunWriter::new(shared.scratch)?,
        })
    }

    fn chunk(&mut self, corpus: &IntegerCorpus, chunk: Chunk) -> Result<()> {
        let window = self.weights.len() - 1;
        for sentence in corpus.sentences(chunk) {
            for (at, &word) in sentence.iter().enumerate() {
                let before = &sentence[at.saturating_sub(window)..at];
                for (distance, &other) in (1..).zip(before.iter().rev()) {
                    self.pair(word, other, self.weights[distance])?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn pair(&mut self, a: u32, b: u32, weight: u64) -> Result<()> {
        if self.frequent.add(a.min(b), a.max(b), weight) {
            return Ok(());
        }
        let entry = Entry::new(a, b, weight);
        if !self.others.add(entry)? {
            self.spill()?;
            self.others.add(entry)?;
        }
        Ok(())
    }

    #[cold]
    fn spill(&mut self) -> Result<()> {
        self.runs.run(self.others.sorted().iter().copied())?;
        self.others.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Runs> {
        self.spill()?;
        self.runs.run(self.frequent.entries())?;
        self.runs.finish()
    }
}
