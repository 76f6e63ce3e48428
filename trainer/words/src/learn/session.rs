//! The whole of learning: chunks of the corpus handed to threads, epoch after epoch.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::draws::Subsampling;
use super::kernel::Kernel;
use super::model::{Model, Targets};
use super::random::Random;
use super::settings::Settings;
use super::worker::{Loss, Shared, Worker};
use crate::corpus::{IntegerCorpus, Vocabulary};
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress};
use crate::word_vectors::WordVectors;

/// Learns word vectors.
///
/// # Errors
/// A setting out of its range, too little memory, or the observer's wish to stop.
pub fn learn(
    vocabulary: &Vocabulary,
    corpus: &IntegerCorpus,
    settings: &Settings,
    observer: &dyn Observer,
) -> Result<WordVectors> {
    let model = Model::new(vocabulary, settings)?;
    let shared = Shared {
        settings,
        model: &model,
        targets: Targets::new(vocabulary, settings),
        subsampling: Subsampling::new(vocabulary.counts(), settings.sample),
        kernel: Kernel::detect(),
    };
    let run = Run {
        shared: &shared,
        corpus,
        next: AtomicUsize::new(0),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        loss: Mutex::new(Loss::default()),
    };
    run.all(observer)?;
    Ok(model.word_vectors(vocabulary, settings))
}

struct Run<'a> {
    shared: &'a Shared<'a>,
    corpus: &'a IntegerCorpus,
    /// Chunk to be learned next, counted through all epochs.
    next: AtomicUsize,
    /// Words learned, all epochs.
    done: AtomicU64,
    stop: AtomicBool,
    loss: Mutex<Loss>,
}

impl Run<'_> {
    fn all(&self, observer: &dyn Observer) -> Result<()> {
        let threads = self.shared.settings.threads;
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work())).collect();
            while !workers.iter().all(|worker| worker.is_finished()) {
                std::thread::sleep(Duration::from_millis(20));
                if observer.interrupted() {
                    self.stop.store(true, Ordering::Relaxed);
                }
                observer.progress(&self.progress());
            }
        });
        match self.stop.load(Ordering::Relaxed) {
            true => Err(WordsError::Interrupted),
            false => Ok(()),
        }
    }

    fn total(&self) -> u64 {
        self.corpus.words() * self.shared.settings.epochs as u64
    }

    fn progress(&self) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        let loss = match self.loss.lock() {
            Ok(mut loss) => std::mem::take(&mut *loss),
            Err(_) => Loss::default(),
        };
        Progress {
            stage: "learning",
            done,
            total: self.total(),
            epoch: (done / self.corpus.words().max(1)) as usize,
            loss: (loss.predictions > 0).then(|| loss.sum / loss.predictions as f64),
            learning_rate: self.rate(done),
        }
    }

    /// Falls linearly from the first word of the first epoch to the last of the last.
    fn rate(&self, done: u64) -> f64 {
        let settings = self.shared.settings;
        let part = done as f64 / self.total().max(1) as f64;
        settings.learning_rate + (settings.min_learning_rate - settings.learning_rate) * part
    }

    fn work(&self) {
        let mut worker = Worker::new(self.shared);
        let chunks = self.corpus.chunks();
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let (epoch, chunk) = (number / chunks.len(), chunks[number % chunks.len()]);
            if epoch >= self.shared.settings.epochs {
                break;
            }
            let mut random = Random::stream(self.shared.settings.seed, number as u64);
            let mut before = epoch as u64 * self.corpus.words() + chunk.words_before;
            for sentence in self.corpus.sentences(chunk) {
                worker.sentence(sentence, self.rate(before) as f32, &mut random);
                before += sentence.len() as u64;
            }
            self.done.fetch_add(chunk.words, Ordering::Relaxed);
            let loss = worker.take_loss();
            if let Ok(mut sum) = self.loss.lock() {
                sum.sum += loss.sum;
                sum.predictions += loss.predictions;
            }
        }
    }
}
