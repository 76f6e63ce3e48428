//! GloVe as a whole: what is counted, what is learned, and that the same bits come out again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::counting::count;
use super::model::Model;
use super::session::{Run, co_occurrences};
use super::*;
use crate::corpus::{IntegerCorpus, SENTENCE_END, Vocabulary};
use crate::learn::{Checkpointing, Learned};
use crate::observer::{Observer, Progress, Stage, Unobserved};
use crate::testing::separation;
use crate::{Result, WordsError};

struct Lcg(u64);

impl Lcg {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn vocabulary_of(words: usize, tokens: &[u32]) -> Vocabulary {
    let mut counts = vec![0; words];
    for &token in tokens.iter().filter(|&&token| token != SENTENCE_END) {
        counts[token as usize] += 1;
    }
    let words = counts
        .iter()
        .enumerate()
        .map(|(word, &count)| (format!("word{word}"), count));
    Vocabulary::from_counts(words)
}

/// Sentences of two topics of 20 words each that seldom meet (GloVe learns nothing from pairs that never do),
/// and 10 words that are everywhere.
fn two_topics(sentences: usize) -> (Vocabulary, IntegerCorpus) {
    let mut random = Lcg(12_345);
    let mut tokens = Vec::new();
    for sentence in 0..sentences {
        for _ in 0..12 {
            let topic = sentence as u64 % 2;
            let word = match random.below(20) {
                0 => (1 - topic) * 20 + random.below(20),
                1..=5 => 40 + random.below(10),
                _ => topic * 20 + random.below(20),
            };
            tokens.push(word as u32);
        }
        tokens.push(SENTENCE_END);
    }
    (vocabulary_of(50, &tokens), IntegerCorpus::from_tokens(tokens))
}

/// So many words, Zipf-like, in sentences of 0 to 30 words.
fn zipf(words: u32, tokens: usize) -> (Vocabulary, IntegerCorpus) {
    let mut random = Lcg(99);
    let mut all = Vec::new();
    while all.len() < tokens {
        for _ in 0..random.below(31) {
            let unit = random.below(1 << 30) as f64 / f64::from(1 << 30);
            all.push((f64::from(words).powf(unit) - 1.0) as u32);
        }
        all.push(SENTENCE_END);
    }
    (
        vocabulary_of(words as usize, &all),
        IntegerCorpus::from_tokens(all),
    )
}

fn small() -> Settings {
    Settings {
        dimension: 20,
        window: 5,
        memory_mb: 16,
        ..Settings::default()
    }
}

fn learned((vocabulary, corpus): &(Vocabulary, IntegerCorpus), settings: &Settings) -> Learned {
    let dir = tempfile::tempdir().unwrap();
    let learned = learn(vocabulary, corpus, settings, dir.path(), None, &Unobserved).unwrap();
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "scratch files stay"
    );
    learned
}

/// All co-occurrences, as bits.
fn counted(
    (vocabulary, corpus): &(Vocabulary, IntegerCorpus),
    settings: &Settings,
) -> BTreeMap<(u32, u32), u32> {
    let dir = tempfile::tempdir().unwrap();
    let blocks = co_occurrences((vocabulary, corpus), settings, dir.path(), &Unobserved).unwrap();
    let mut all = BTreeMap::new();
    for row_part in 0..blocks.parts() {
        for column_part in 0..blocks.parts() {
            assert_eq!(
                blocks.block(row_part, column_part).count(),
                blocks.records_of(row_part, column_part)
            );
            for (row, column, weight) in blocks.block(row_part, column_part) {
                assert_eq!(
                    (row as usize % blocks.parts(), column as usize % blocks.parts()),
                    (row_part, column_part)
                );
                assert_eq!(all.insert((row, column), weight.to_bits()), None, "a pair twice");
            }
        }
    }
    assert_eq!(all.len() as u64, blocks.records());
    all
}

#[test]
fn co_occurrences_of_a_hand_sized_corpus_are_exact() {
    // "a b c a" and "b b"; window 2: nothing reaches over the sentence, "a … a" is three apart.
    let tokens = vec![0, 1, 2, 0, SENTENCE_END, 1, 1, SENTENCE_END, 2, SENTENCE_END];
    let corpus = (vocabulary_of(3, &tokens), IntegerCorpus::from_tokens(tokens));
    let found = counted(&corpus, &Settings { window: 2, ..small() });
    let expected = [
        ((0, 1), 1.0 + 0.5),
        ((0, 2), 0.5 + 1.0),
        ((1, 0), 1.5),
        // Each b is beside the other.
        ((1, 1), 2.0),
        ((1, 2), 1.0),
        ((2, 0), 1.5),
        ((2, 1), 1.0),
    ];
    assert_eq!(
        found,
        expected.map(|(pair, weight)| (pair, f32::to_bits(weight))).into()
    );

    let wider = counted(&corpus, &Settings { window: 3, ..small() });
    // Both sides of a pair of the same word, a third each.
    assert!((f32::from_bits(wider[&(0, 0)]) - 2.0 / 3.0).abs() < 1e-7);
}

#[test]
fn neither_memory_nor_threads_change_the_co_occurrences() {
    let corpus = zipf(20_000, 400_000);
    let most = counted(
        &corpus,
        &Settings {
            memory_mb: 1024,
            ..small()
        },
    );
    // Literally, in floating point.
    let mut literal: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for sentence in corpus.1.tokens().split(|&token| token == SENTENCE_END) {
        for (at, &word) in sentence.iter().enumerate() {
            for distance in 1..=5.min(at) {
                let other = sentence[at - distance];
                *literal.entry((word, other)).or_default() += 1.0 / distance as f64;
                *literal.entry((other, word)).or_default() += 1.0 / distance as f64;
            }
        }
    }
    assert_eq!(literal.len(), most.len());
    for (pair, weight) in &literal {
        let found = f64::from(f32::from_bits(most[pair]));
        assert!(
            (found - weight).abs() < 1e-6 * weight,
            "{pair:?}: {found} {weight}"
        );
    }
    // 48 threads are cut to the 19 chunks; each has less than a MiB, and spills.
    for threads in [1, 3, 48] {
        let settings = Settings { threads, ..small() };
        assert!(most == counted(&corpus, &settings), "{threads}");
        let dir = tempfile::tempdir().unwrap();
        let files = count((corpus.0.len(), &corpus.1), &settings, dir.path(), &Unobserved).unwrap();
        assert_eq!(files.len(), threads.min(corpus.1.chunks().len()));
        let runs: usize = files.iter().map(|file| file.slices().count()).sum();
        // Two are the rest of the table and the frequent pairs.
        assert!(threads < 48 || runs > 4 * files.len(), "{runs} runs");
    }
}

/// Five words, and more dimensions than words: every log X can be met exactly.
#[test]
fn a_hand_sized_corpus_reaches_its_known_optimum() {
    let tokens = [
        0,
        1,
        2,
        SENTENCE_END,
        1,
        3,
        4,
        0,
        SENTENCE_END,
        2,
        2,
        4,
        SENTENCE_END,
        3,
        0,
        SENTENCE_END,
    ];
    let tokens = [tokens.repeat(150), [0, 4, 1, SENTENCE_END].repeat(20)].concat();
    let (vocabulary, corpus) = (vocabulary_of(5, &tokens), IntegerCorpus::from_tokens(tokens));
    let settings = Settings {
        dimension: 12,
        window: 3,
        epochs: 3000,
        threads: 1,
        ..small()
    };
    let dir = tempfile::tempdir().unwrap();
    let blocks = co_occurrences((&vocabulary, &corpus), &settings, dir.path(), &Unobserved).unwrap();
    let model = Model::new(&vocabulary, &settings).unwrap();
    let loss = |settings: &Settings| {
        let losses = Losses(Mutex::new(Vec::new()));
        assert!(Run::new(&model, &blocks, settings, 0).segment(None, &losses));
        losses.0.into_inner().unwrap()
    };
    let one_epoch = Settings {
        epochs: 1,
        ..settings.clone()
    };
    let first = loss(&one_epoch);
    loss(&settings);
    let last = loss(&one_epoch);
    assert!(first[0] > 0.1 && last[0] < 1e-6, "{first:?} {last:?}");
    assert!(blocks.records() > 15);
    for part in 0..blocks.parts() * blocks.parts() {
        for (row, column, weight) in blocks.block(part / blocks.parts(), part % blocks.parts()) {
            let (found, expected) = (model.score(row as usize, column as usize), f64::from(weight).ln());
            assert!(
                (found - expected).abs() < 1e-3,
                "{row} {column}: {found} for {expected}"
            );
        }
    }
    // The ones beside the biases are still ones.
    assert!((0..5).all(|row| model.words.values(row)[13] == 1.0 && model.contexts.values(row)[12] == 1.0));
}

struct Losses(Mutex<Vec<f64>>);

impl Observer for Losses {
    fn progress(&self, progress: &Progress) {
        self.0.lock().unwrap().extend(progress.loss);
    }

    fn interrupted(&self) -> bool {
        false
    }
}

#[test]
fn topics_are_told_apart_and_by_random_vectors_they_are_not() {
    let corpus = two_topics(4000);
    let found = separation(
        &learned(
            &corpus,
            &Settings {
                epochs: 30,
                ..small()
            },
        )
        .word_vectors,
    );
    assert!(found > 0.3, "{found}");
    let initial = Model::new(&corpus.0, &small()).unwrap();
    let random = separation(&initial.word_vectors(&corpus.0));
    assert!(random.abs() < 0.1, "{random}");
}

#[test]
fn any_number_of_threads_and_any_memory_give_the_same_bits_and_another_seed_others() {
    let corpus = zipf(3_000, 60_000);
    let settings = Settings { epochs: 2, ..small() };
    let one = learned(&corpus, &settings).word_vectors;
    for (threads, memory_mb) in [(1, 200), (2, 16), (3, 16), (40, 16)] {
        let again = learned(
            &corpus,
            &Settings {
                threads,
                memory_mb,
                ..settings.clone()
            },
        );
        assert!(one == again.word_vectors, "{threads} threads, {memory_mb} MiB");
    }
    assert!(one != learned(&corpus, &Settings { seed: 7, ..settings }).word_vectors);
}

#[test]
fn the_largest_learning_rate_and_odd_weights_give_finite_vectors() {
    let corpus = two_topics(1000);
    for (x_max, alpha) in [(100.0, 0.75), (0.001, 0.0), (1e9, 2.0)] {
        let settings = Settings {
            learning_rate: 1.0,
            epochs: 30,
            x_max,
            alpha,
            ..small()
        };
        let learned = learned(&corpus, &settings);
        let vectors = &learned.word_vectors.vectors;
        assert!((0..vectors.rows()).all(|row| vectors.row(row).iter().all(|value| value.is_finite())));
        assert_eq!(learned.at_bound, 0);
    }
}

#[test]
fn text_without_a_pair_and_settings_out_of_range_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let lonely = vec![0, SENTENCE_END, 1, SENTENCE_END];
    for tokens in [lonely, Vec::new()] {
        let (vocabulary, corpus) = (vocabulary_of(2, &tokens), IntegerCorpus::from_tokens(tokens));
        let refused = learn(&vocabulary, &corpus, &small(), dir.path(), None, &Unobserved);
        assert!(refused.unwrap_err().to_string().contains("at least two words"));
    }
    let (vocabulary, corpus) = two_topics(10);
    let settings = Settings {
        learning_rate: 1e9,
        ..small()
    };
    let refused = learn(&vocabulary, &corpus, &settings, dir.path(), None, &Unobserved);
    assert!(refused.unwrap_err().to_string().contains("learning_rate"));
    let refused = learn(
        &vocabulary,
        &corpus,
        &small(),
        Path::new("no/folder"),
        None,
        &Unobserved,
    );
    assert!(refused.unwrap_err().to_string().contains("no/folder"));
}

/// Interrupts after that many reports of learning.
struct Impatient(AtomicUsize);

impl Observer for Impatient {
    fn progress(&self, progress: &Progress) {
        if progress.stage == Stage::Learning {
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        }
    }

    fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

fn checkpointing(path: &Path, resume: bool) -> Checkpointing {
    Checkpointing {
        path: path.to_owned(),
        every: Duration::from_millis(30),
        resume,
    }
}

#[test]
fn an_interrupted_run_ends_with_the_bits_of_an_uninterrupted_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("glove.checkpoint");
    let corpus = zipf(3_000, 60_000);
    let settings = Settings {
        // Long enough, by far, to be interrupted on any machine.
        epochs: 200,
        ..small()
    };
    let whole = learned(&corpus, &settings).word_vectors;
    let run = |settings: &Settings, resume, observer: &dyn Observer| -> Result<Learned> {
        let scratch = tempfile::tempdir().unwrap();
        let checkpointing = checkpointing(&path, resume);
        learn(
            &corpus.0,
            &corpus.1,
            settings,
            scratch.path(),
            Some(&checkpointing),
            observer,
        )
    };
    let mut resume = false;
    let mut interruptions = 0;
    // The observer is heard at least every 100 ms; each time some rounds are learned.
    let resumed = loop {
        let settings = Settings {
            threads: 1 + interruptions % 3,
            ..settings.clone()
        };
        match run(&settings, resume, &Impatient(AtomicUsize::new(1))) {
            Ok(learned) => break learned,
            Err(WordsError::Interrupted) => (resume, interruptions) = (true, interruptions + 1),
            Err(error) => panic!("{error}"),
        }
    };
    assert!(interruptions > 0);
    assert!(resumed.word_vectors == whole);

    let message = |settings: &Settings| run(settings, true, &Unobserved).unwrap_err().to_string();
    let refused = message(&Settings {
        window: 4,
        ..settings.clone()
    });
    assert!(refused.contains("window = 5, now it is 4"), "{refused}");
    let other = two_topics(100);
    let refused = learn(
        &other.0,
        &other.1,
        &settings,
        dir.path(),
        Some(&checkpointing(&path, true)),
        &Unobserved,
    );
    assert!(refused.unwrap_err().to_string().contains("another vocabulary"));

    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(message(&settings).contains("cut"));
    let skip_gram = crate::learn::Settings::default();
    let stopped = crate::learn::learn(
        &corpus.0,
        &corpus.1,
        &skip_gram,
        Some(&checkpointing(&path, false)),
        &Impatient(AtomicUsize::new(0)),
    );
    assert!(matches!(stopped, Err(WordsError::Interrupted)));
    let refused = message(&settings);
    assert!(refused.contains("sextant-glove-checkpoint 1"), "{refused}");
}

#[test]
fn counting_and_merging_hear_an_interruption_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let corpus = zipf(3_000, 60_000);
    let stop = Impatient(AtomicUsize::new(0));
    let stopped = learn(&corpus.0, &corpus.1, &small(), dir.path(), None, &stop);
    assert!(matches!(stopped, Err(WordsError::Interrupted)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
