//! Learning as a whole.

use tch::Device;
use trainer_words::learn::{Architecture, Learned, Objective, Settings};
use trainer_words::subwords::Subwords;
use trainer_words::testing::{separation, small, two_topics};
use trainer_words::{Observer, Progress, Result, Unobserved, WordVectors, WordsError};

use super::super::learn;
use super::super::piece::Layout;
use super::super::run::learn_in;
use super::super::step::DAMPING;

fn learned(settings: &Settings) -> Learned {
    let (vocabulary, corpus) = two_topics(4000);
    learn(&vocabulary, &corpus, settings, Device::Cpu, &Unobserved).unwrap()
}

#[test]
fn topics_are_told_apart() {
    let found = separation(&learned(&small()).word_vectors);
    assert!(found > 0.3, "{found}");
    let settings = Settings {
        dynamic_window: false,
        sample: 0.01,
        ..small()
    };
    let found = separation(&learned(&settings).word_vectors);
    assert!(found > 0.3, "{found} with a fixed window and subsampling");
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_others() {
    let first = learned(&small()).word_vectors;
    assert_eq!(first, learned(&small()).word_vectors);
    assert_ne!(first, learned(&Settings { seed: 7, ..small() }).word_vectors);
}

#[test]
fn the_largest_learning_rate_gives_finite_vectors() {
    let settings = Settings {
        learning_rate: 1.0,
        min_learning_rate: 1.0,
        ..small()
    };
    let vectors = learned(&settings).word_vectors.vectors;
    for row in 0..vectors.rows() {
        assert!(vectors.row(row).iter().all(|value| value.abs() <= 1000.0));
    }
}

#[test]
fn a_large_batch_of_few_words_neither_diverges_nor_mixes_them() {
    // 50 words, each hundreds of times in a batch of 16,384 centre words, and twice the usual rate.
    let (vocabulary, corpus) = two_topics(4000);
    let settings = Settings {
        epochs: 30,
        ..small()
    };
    let longest = |vectors: &WordVectors| {
        let length = |row: usize| {
            let row = vectors.vectors.row(row);
            row.iter().map(|value| value * value).sum::<f32>().sqrt()
        };
        (0..vectors.vectors.rows()).map(length).fold(0.0, f32::max)
    };
    let one_by_one = trainer_words::learn::learn(&vocabulary, &corpus, &settings, None, &Unobserved).unwrap();
    let layout = Layout {
        groups: 512,
        ..Layout::new(&settings, corpus.words())
    };
    let how = (Device::Cpu, layout, DAMPING);
    let at_once = learn_in(&vocabulary, &corpus, &settings, how, &Unobserved).unwrap();
    let found = separation(&at_once.word_vectors);
    assert!(found > 0.3, "{found}");
    let (found, expected) = (longest(&at_once.word_vectors), longest(&one_by_one.word_vectors));
    assert!(found < 3.0 * expected, "{found} for {expected}");
}

#[test]
fn what_a_device_does_not_learn_is_refused() {
    let (vocabulary, corpus) = two_topics(10);
    let cases = [
        (
            Settings {
                architecture: Architecture::Cbow,
                ..small()
            },
            "architecture = \"cbow\"",
        ),
        (
            Settings {
                objective: Objective::HierarchicalSoftmax,
                ..small()
            },
            "objective = \"hierarchical-softmax\"",
        ),
        (
            Settings {
                subwords: Some(Subwords::default()),
                ..small()
            },
            "subwords",
        ),
        (
            Settings {
                deterministic: true,
                ..small()
            },
            "deterministic = true",
        ),
        (
            Settings {
                dimension: 0,
                ..small()
            },
            "dimension",
        ),
    ];
    for (settings, key) in cases {
        let refused = learn(&vocabulary, &corpus, &settings, Device::Cpu, &Unobserved);
        let message = refused.unwrap_err().to_string();
        assert!(message.starts_with(key), "{message}");
    }
}

#[test]
fn a_text_of_one_word_is_refused() {
    let vocabulary = trainer_words::corpus::Vocabulary::from_counts([("a".to_owned(), 9)]);
    let corpus = trainer_words::corpus::IntegerCorpus::from_tokens(vec![0; 9]);
    let refused = learn(&vocabulary, &corpus, &small(), Device::Cpu, &Unobserved);
    assert!(matches!(refused, Err(WordsError::Corpus(_))));
}

struct Impatient;

impl Observer for Impatient {
    fn progress(&self, progress: &Progress) {
        assert!(progress.loss.is_some_and(f64::is_finite) && progress.done <= progress.total);
    }

    fn interrupted(&self) -> bool {
        true
    }
}

#[test]
fn an_interrupt_stops_between_batches() {
    let (vocabulary, corpus) = two_topics(4000);
    let settings = Settings {
        epochs: 100_000,
        ..small()
    };
    let stopped: Result<Learned> = learn(&vocabulary, &corpus, &settings, Device::Cpu, &Impatient);
    assert!(matches!(stopped, Err(WordsError::Interrupted)));
}

#[test]
fn vectors_beyond_the_memory_are_refused_with_one_sentence() {
    let words = (0..100_000).map(|word| (format!("word{word}"), 1));
    let vocabulary = trainer_words::corpus::Vocabulary::from_counts(words);
    let error = tch::TchError::Torch("CUDA out of memory. Tried to allocate 2 GiB\nframe 0".to_owned());
    let message = super::super::run::torch(&error, vocabulary.len(), 300, Device::Cuda(0)).to_string();
    assert!(
        message.contains("100000 words") && message.contains("lower dimension"),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
}
