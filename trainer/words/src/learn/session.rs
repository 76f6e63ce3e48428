//! The whole of learning: chunks of the corpus handed to threads, epoch after epoch.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::checkpoint::{self, Checkpointing};
use super::lockstep::Lockstep;
use super::matrix::Matrix;
use super::model::Model;
use super::random::Random;
use super::settings::Settings;
use super::worker::{Loss, Shared, Worker};
use crate::corpus::{Chunk, IntegerCorpus, Vocabulary};
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress, Stage};
use crate::threads::Signals;
use crate::word_vectors::WordVectors;

const CHECKPOINT_FORMAT: &str = "sextant-words-checkpoint 2";

/// What learning gives.
#[derive(Debug)]
pub struct Learned {
    /// The vectors.
    pub word_vectors: WordVectors,
    /// Numbers that reached the bound of ±1000 and were held there; more than none means that the learning
    /// rate was too high.
    pub at_bound: usize,
    /// The processor feature used: `avx512`, `avx2` or `portable`.
    pub kernel: &'static str,
}

/// Learns word vectors.
///
/// With one thread, or with `deterministic`, the same corpus and settings give the same bits on the same
/// kind of processor, interrupted and resumed or not.
///
/// # Errors
/// A setting out of its range, too little memory, a checkpoint that cannot be written or does not fit, or
/// [`WordsError::Interrupted`] by the observer, after a checkpoint where there is a place for it.
pub fn learn(
    vocabulary: &Vocabulary,
    corpus: &IntegerCorpus,
    settings: &Settings,
    checkpointing: Option<&Checkpointing>,
    observer: &dyn Observer,
) -> Result<Learned> {
    settings.validate()?;
    if vocabulary.len() < 2 || corpus.words() < 2 {
        return Err(WordsError::Corpus(format!(
            "expected at least two different words to learn from, found {} of which {} are in the text; give \
             more text",
            vocabulary.len(),
            corpus.words()
        )));
    }
    let mut model = Model::new(vocabulary, settings)?;
    let identity =
        checkpoint::Identity::new(CHECKPOINT_FORMAT, (vocabulary, corpus), settings, &["threads"])?;
    let resumed = checkpoint::resume(checkpointing, &identity, [&mut model.input, &mut model.output])?;
    let shared = Shared::new(vocabulary, settings, &model);
    let run = Run::new(&shared, corpus, resumed);
    let set_aside = |checkpointing: &Checkpointing| {
        let next = run.next.load(Ordering::Relaxed);
        checkpoint::write(
            &checkpointing.path,
            &identity,
            [&model.input, &model.output],
            next,
        )
    };
    let segment = |longest| run.segment(longest, observer);
    run.signals.learn_all(checkpointing, segment, set_aside)?;
    let (at_bound, kernel) = (model.at_bound(), shared.kernel.name);
    // The output vectors have done their work; the copy of the others takes their memory.
    model.output = Matrix::zeros(0, settings.dimension)?;
    Ok(Learned {
        word_vectors: model.word_vectors(vocabulary, settings),
        at_bound,
        kernel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Unobserved;

    #[test]
    fn an_epoch_learns_every_chunk_once_and_counts_the_words_before_it() {
        for count in [1, 2, 3, 5, 8, 100, 217] {
            let chunk = |number: usize| Chunk {
                start: 0,
                end: 0,
                words_before: 0,
                words: 1 + number as u64,
            };
            let chunks: Vec<Chunk> = (0..count).map(chunk).collect();
            let Order(order) = Order::new(&chunks);
            let mut places: Vec<usize> = order.iter().map(|&(place, _)| place).collect();
            let mut words = 0;
            for &(place, before) in &order {
                assert_eq!(before, words);
                words += chunks[place].words;
            }
            // Any stretch of an epoch has chunks from all over the text.
            if let Some(stretch) = places.get(..8).filter(|_| count > 8) {
                for quarter in 0..4 {
                    let within = |place: &usize| place * 4 / count == quarter;
                    assert!(stretch.iter().any(within), "{count}: {stretch:?}");
                }
            }
            places.sort_unstable();
            assert_eq!(places, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_is_learned_after_a_checkpoint_of_the_end() {
        let vocabulary = Vocabulary::from_counts([("a".to_owned(), 3), ("b".to_owned(), 3)]);
        let corpus = IntegerCorpus::from_tokens(vec![0, 1, 0, crate::corpus::SENTENCE_END]);
        let settings = Settings {
            dimension: 4,
            ..Settings::default()
        };
        let model = Model::new(&vocabulary, &settings).unwrap();
        let before = model.input.values(0).to_vec();
        let shared = Shared::new(&vocabulary, &settings, &model);
        let run = Run::new(&shared, &corpus, corpus.chunks().len() * settings.epochs);
        assert_eq!(run.done.load(Ordering::Relaxed), run.words_in_all());
        assert!(run.segment(None, &Unobserved));
        assert_eq!(model.input.values(0), before);
    }
}

/// Learns without checkpoints, for tests that look at the parameters.
#[cfg(test)]
pub(super) fn learn_model(
    corpus: &IntegerCorpus,
    vocabulary: &Vocabulary,
    settings: &Settings,
    model: &Model,
) {
    let shared = Shared::new(vocabulary, settings, model);
    Run::new(&shared, corpus, 0).segment(None, &crate::observer::Unobserved);
}

/// Learning as it runs: what the threads take from and add to.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) corpus: &'a IntegerCorpus,
    order: Order,
    /// Chunk to be learned next, counted through all epochs.
    pub(super) next: AtomicUsize,
    /// Words learned, all epochs.
    done: AtomicU64,
    signals: Signals,
    loss: Mutex<Loss>,
}

/// The order in which an epoch learns the chunks, with the words before each.
///
/// Not the text's own: texts are often sorted by source or topic, and what comes last would be learned at the lowest
/// rate and remembered best. Each step is the golden section of the text (Weyl's sequence), so that any stretch of an epoch
/// has chunks from all over the text.
#[derive(Debug)]
struct Order(Vec<(usize, u64)>);

impl Order {
    fn new(chunks: &[Chunk]) -> Self {
        let count = chunks.len();
        let golden = (count as f64 * 0.618_033_988_75) as usize;
        let step = (golden.max(1)..).find(|&step| coprime(step, count)).unwrap_or(1);
        let mut before = 0;
        let mut place = 0;
        let order = chunks.iter().map(|_| {
            let here = (place, before);
            before += chunks[place].words;
            place = (place + step) % count;
            here
        });
        Order(order.collect())
    }
}

fn coprime(a: usize, b: usize) -> bool {
    if b == 0 { a == 1 } else { coprime(b, a % b) }
}

impl<'a> Run<'a> {
    fn new(shared: &'a Shared<'a>, corpus: &'a IntegerCorpus, next: usize) -> Self {
        let order = Order::new(corpus.chunks());
        let done = (next / order.0.len()) as u64 * corpus.words() + order.0[next % order.0.len()].1;
        Run {
            shared,
            corpus,
            order,
            next: AtomicUsize::new(next),
            done: AtomicU64::new(done),
            signals: Signals::default(),
            loss: Mutex::new(Loss::default()),
        }
    }

    /// Learns until all is done (true), or the observer interrupts or that much time has passed (false).
    /// Either way all chunks before `next` are learned, and no others.
    fn segment(&self, longest: Option<Duration>, observer: &dyn Observer) -> bool {
        let settings = self.shared.settings;
        let lockstep = settings
            .deterministic
            .then(|| Lockstep::new(self, settings.threads));
        self.signals.run(
            settings.threads,
            |thread, meeting| match &lockstep {
                Some(lockstep) => lockstep.work(thread, meeting),
                None => self.work(thread),
            },
            longest,
            || self.progress(),
            observer,
        );
        self.next.fetch_min(self.chunks_in_all(), Ordering::Relaxed);
        self.next.load(Ordering::Relaxed) == self.chunks_in_all()
    }

    /// Thread number `thread` of Hogwild: takes the next chunk as long as there is one.
    ///
    /// Most rows that a window touches are its negatives', and a row that another core has changed last has to
    /// come from that core's cache. So each thread draws from a part of the vocabulary of its own, and all change
    /// parts together from time to time: over the whole of learning, every word meets all negatives.
    fn work(&self, thread: usize) {
        let mut worker = Worker::new(self.shared, self.shared.model);
        let parts = self.shared.targets.parts();
        while !self.pausing() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.chunks_in_all() {
                break;
            }
            let mut random = Random::stream(self.shared.settings.seed, number as u64);
            let (chunk, mut before) = self.chunk(number);
            for sentence in self.corpus.sentences(chunk) {
                let turn = self.next.load(Ordering::Relaxed) / self.chunks_in_turn();
                worker.draw_from((thread + turn) % parts);
                worker.sentence(sentence, self.rate(before) as f32, &mut random);
                before += sentence.len() as u64;
            }
            self.learned(chunk.words, worker.take_loss());
        }
    }

    /// Chunks after which the threads change their parts of the vocabulary: each comes to each part some eight
    /// times an epoch, in a long text more often, in a short one after every chunk.
    fn chunks_in_turn(&self) -> usize {
        (self.corpus.chunks().len() / (8 * self.shared.targets.parts())).clamp(1, 256)
    }

    /// Chunks of all epochs.
    pub(super) fn chunks_in_all(&self) -> usize {
        self.corpus.chunks().len() * self.shared.settings.epochs
    }

    /// Whether to begin no new chunk.
    pub(super) fn pausing(&self) -> bool {
        self.signals.pausing()
    }

    /// A chunk, counted through all epochs, and the words of all epochs before it.
    pub(super) fn chunk(&self, number: usize) -> (Chunk, u64) {
        let Order(order) = &self.order;
        let (chunk, before) = order[number % order.len()];
        let epochs = (number / order.len()) as u64;
        (self.corpus.chunks()[chunk], epochs * self.corpus.words() + before)
    }

    /// Takes note of learned words and their loss.
    pub(super) fn learned(&self, words: u64, loss: Loss) {
        self.done.fetch_add(words, Ordering::Relaxed);
        let mut sum = self.loss.lock().unwrap_or_else(PoisonError::into_inner);
        sum.sum += loss.sum;
        sum.predictions += loss.predictions;
    }

    /// Learning rate after that many words: it falls linearly over all epochs.
    pub(super) fn rate(&self, done: u64) -> f64 {
        let settings = self.shared.settings;
        let part = done as f64 / self.words_in_all() as f64;
        settings.learning_rate + (settings.min_learning_rate - settings.learning_rate) * part
    }

    fn words_in_all(&self) -> u64 {
        self.corpus.words() * self.shared.settings.epochs as u64
    }

    fn progress(&self) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        let loss = std::mem::take(&mut *self.loss.lock().unwrap_or_else(PoisonError::into_inner));
        let last = self.shared.settings.epochs - 1;
        Progress {
            stage: Stage::Learning,
            done,
            total: self.words_in_all(),
            epoch: ((done / self.corpus.words()) as usize).min(last),
            loss: (loss.predictions > 0).then(|| loss.sum / loss.predictions as f64),
            learning_rate: self.rate(done),
        }
    }
}
