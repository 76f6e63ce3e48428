//! Learning as a whole: what is learned, and that the same bits come out again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::corpus::{IntegerCorpus, SENTENCE_END, Vocabulary};
use crate::observer::{Observer, Progress, Unobserved};
use crate::subwords::Subwords;
use crate::testing::{separation, small, two_topics};
use crate::word_vectors::WordVectors;
use crate::{Result, WordsError};

fn learned(settings: &Settings) -> WordVectors {
    let (vocabulary, corpus) = two_topics(4000);
    learn(&vocabulary, &corpus, settings, None, &Unobserved)
        .unwrap()
        .word_vectors
}

fn every_method() -> Vec<Settings> {
    let mut methods = Vec::new();
    for architecture in [Architecture::SkipGram, Architecture::Cbow] {
        for objective in [Objective::NegativeSampling, Objective::HierarchicalSoftmax] {
            for subwords in [
                None,
                Some(Subwords {
                    minn: 3,
                    maxn: 5,
                    buckets: 5_000,
                }),
            ] {
                methods.push(Settings {
                    architecture,
                    objective,
                    subwords,
                    ..small()
                });
            }
        }
    }
    methods
}

#[test]
fn every_method_tells_topics_apart_and_random_vectors_do_not() {
    for settings in every_method() {
        let found = separation(&learned(&settings));
        assert!(found > 0.3, "{found} with {settings:?}");
        let (vocabulary, _) = two_topics(4000);
        let initial = model::Model::new(&vocabulary, &settings).unwrap();
        let random = separation(&initial.word_vectors(&vocabulary, &settings));
        assert!(random.abs() < 0.1, "{random} with {settings:?}");
    }
}

#[test]
fn one_thread_gives_the_same_bits_and_another_seed_others() {
    for settings in every_method() {
        let first = learned(&settings);
        assert_eq!(first, learned(&settings), "{settings:?}");
        assert_ne!(first, learned(&Settings { seed: 7, ..settings }));
    }
}

#[test]
fn deterministic_gives_the_same_bits_at_any_number_of_threads() {
    for settings in every_method() {
        let settings = Settings {
            deterministic: true,
            epochs: 1,
            ..settings
        };
        let one = learned(&settings);
        for threads in [2, 3, 20] {
            assert_eq!(
                one,
                learned(&Settings {
                    threads,
                    ..settings.clone()
                }),
                "{threads} with {settings:?}"
            );
        }
    }
}

#[test]
fn several_threads_learn_as_well() {
    let found = separation(&learned(&Settings {
        threads: 4,
        ..small()
    }));
    assert!(found > 0.3, "{found}");
    for objective in [Objective::NegativeSampling, Objective::HierarchicalSoftmax] {
        let found = separation(&learned(&Settings {
            threads: 4,
            deterministic: true,
            objective,
            ..small()
        }));
        assert!(found > 0.3, "{objective:?}: {found}");
    }
}

/// With enough dimensions the optimum of skip-gram with negative sampling is known for each pair: the log of
/// how often it is met over how often it is drawn (Levy and Goldberg 2014, "Neural Word Embedding as Implicit
/// Matrix Factorization", section 3). Here a centre word is never its own negative, so c is drawn against w
/// once for each meeting of w with another centre, times c's share of the draws.
#[test]
fn three_words_reach_the_known_optimum() {
    // Twice as many "a b" as "a c" and "b c": the shares of a, b, c are 3/8, 3/8, 2/8.
    let words = [("a", 3), ("b", 3), ("c", 2)].map(|(word, share)| (word.to_owned(), share * 10_000));
    let sentences = [
        0,
        1,
        SENTENCE_END,
        0,
        1,
        SENTENCE_END,
        0,
        2,
        SENTENCE_END,
        1,
        2,
        SENTENCE_END,
    ];
    let tokens = sentences.repeat(10_000);
    let (vocabulary, corpus) = (Vocabulary::from_counts(words), IntegerCorpus::from_tokens(tokens));
    let settings = Settings {
        dimension: 8,
        window: 1,
        negatives: 1,
        epochs: 20,
        ns_exponent: 1.0,
        learning_rate: 0.05,
        sample: 0.0,
        ..Settings::default()
    };
    let model = model::Model::new(&vocabulary, &settings).unwrap();
    session::learn_model(&corpus, &vocabulary, &settings, &model);
    let score = |word: usize, context: usize| -> f64 {
        let pairs = model.input.values(word).iter().zip(model.output.values(context));
        pairs.map(|(a, b)| f64::from(a * b)).sum()
    };
    let (shares, met) = (
        [3.0 / 8.0, 3.0 / 8.0, 2.0 / 8.0],
        [[0.0, 2.0, 1.0], [2.0, 0.0, 1.0], [1.0, 1.0, 0.0]],
    );
    for (word, context) in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)] {
        let others: f64 = (0..3)
            .filter(|&other| other != context)
            .map(|other| met[word][other])
            .sum();
        let optimum = (met[word][context] / (others * shares[context])).ln();
        let found = score(word, context);
        assert!(
            (found - optimum).abs() < 0.15,
            "{word} {context}: {found} for {optimum}"
        );
    }
    // No word meets itself: those pairs are driven apart as long as learning goes on.
    assert!((0..3).all(|word| score(word, word) < -2.0));
}

#[test]
fn the_largest_learning_rate_gives_finite_vectors() {
    for settings in every_method() {
        let settings = Settings {
            learning_rate: 1.0,
            min_learning_rate: 1.0,
            ..settings
        };
        let vectors = learned(&settings);
        assert!(
            (0..vectors.vectors.rows()).all(|row| vectors
                .vectors
                .row(row)
                .iter()
                .all(|value| value.is_finite())),
            "{settings:?}"
        );
    }
}

/// Interrupts after that many reports.
struct Impatient(AtomicUsize);

impl Observer for Impatient {
    fn progress(&self, _: &Progress) {}

    fn interrupted(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err()
    }
}

fn resumed(settings: &Settings, path: &std::path::Path) -> Result<Learned> {
    let (vocabulary, corpus) = two_topics(40_000);
    let checkpointing = |resume| Checkpointing {
        path: path.to_owned(),
        every: Duration::from_millis(30),
        resume,
    };
    let first = learn(
        &vocabulary,
        &corpus,
        settings,
        Some(&checkpointing(false)),
        &Impatient(AtomicUsize::new(0)),
    );
    assert!(matches!(first, Err(WordsError::Interrupted)));
    learn(
        &vocabulary,
        &corpus,
        settings,
        Some(&checkpointing(true)),
        &Unobserved,
    )
}

#[test]
fn an_interrupted_run_ends_with_the_bits_of_an_uninterrupted_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("words.checkpoint");
    let (vocabulary, corpus) = two_topics(40_000);
    for deterministic in [false, true] {
        let settings = Settings {
            deterministic,
            subwords: Some(Subwords::default()),
            ..small()
        };
        let whole = learn(&vocabulary, &corpus, &settings, None, &Unobserved).unwrap();
        assert_eq!(
            resumed(&settings, &path).unwrap().word_vectors,
            whole.word_vectors
        );
    }
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("words.checkpoint");
    let (vocabulary, corpus) = two_topics(40_000);
    resumed(&small(), &path).unwrap();
    let again = |settings: &Settings| {
        let checkpointing = Checkpointing {
            path: path.clone(),
            every: Duration::from_secs(60),
            resume: true,
        };
        learn(&vocabulary, &corpus, settings, Some(&checkpointing), &Unobserved)
    };
    let message = again(&Settings { window: 4, ..small() }).unwrap_err().to_string();
    assert!(message.contains("window = 5, now it is 4"), "{message}");
    again(&Settings {
        threads: 2,
        ..small()
    })
    .unwrap();

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(again(&small()).unwrap_err().to_string().contains("cut"));
    let mut damaged = whole;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert!(again(&small()).unwrap_err().to_string().contains("checksum"));
    std::fs::remove_file(&path).unwrap();
    assert!(
        again(&small())
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn words_never_seen_get_a_vector_near_their_kin() {
    let settings = Settings {
        subwords: Some(Subwords::default()),
        ..small()
    };
    let vectors = learned(&settings);
    let vector = vectors.vector("word4x").unwrap();
    assert!(vector.iter().any(|value| *value != 0.0));
    assert_eq!(vectors.vector("word3").unwrap()[..], vectors.vectors.row(3)[..]);
    assert_eq!(vectors.vector("zzz"), None);
}
