//! Learning on real text: each method finds which words of the sample corpus belong together, better than a
//! stored threshold that random vectors miss.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use trainer_words::corpus::{CorpusSettings, PreparedCorpus, prepare};
use trainer_words::glove;
use trainer_words::learn::{Architecture, Objective, Settings, learn};
use trainer_words::subwords::Subwords;
use trainer_words::{Unobserved, WordVectors};

/// Words of one condition each; words of different conditions have little to do with each other.
const RELATED: [(&str, &str); 20] = [
    ("insulin", "diabetes"),
    ("glucose", "sugar"),
    ("asthma", "inhaler"),
    ("eczema", "itching"),
    ("skin", "rash"),
    ("gout", "joint"),
    ("urine", "bladder"),
    ("heart", "chest"),
    ("stroke", "brain"),
    ("depression", "mood"),
    ("thyroid", "gland"),
    ("anaemia", "iron"),
    ("osteoporosis", "bone"),
    ("glaucoma", "eye"),
    ("cataract", "lens"),
    ("hearing", "ear"),
    ("epilepsy", "seizure"),
    ("hepatitis", "liver"),
    ("pneumonia", "lung"),
    ("stomach", "acid"),
];

/// Share of all 20 × 19 comparisons in which a word is nearer to its partner than to another pair's.
fn accuracy(vectors: &WordVectors) -> f64 {
    let cosine = |a: &str, b: &str| {
        let (a, b) = (vectors.vector(a).unwrap(), vectors.vector(b).unwrap());
        let dot = |x: &[f32], y: &[f32]| -> f64 { x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum() };
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    };
    let mut right = 0;
    for (row, &(word, partner)) in RELATED.iter().enumerate() {
        let nearness = cosine(word, partner);
        let others = RELATED.iter().enumerate().filter(|&(other, _)| other != row);
        right += others.filter(|(_, pair)| nearness > cosine(word, pair.1)).count();
    }
    right as f64 / (RELATED.len() * (RELATED.len() - 1)) as f64
}

fn sample(scratch: &Path) -> PreparedCorpus {
    let jsonl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/medical/corpus.jsonl");
    let mut text = String::new();
    for line in fs::read_to_string(jsonl).unwrap().lines() {
        let document: serde_json::Value = serde_json::from_str(line).unwrap();
        text += document["text"].as_str().unwrap();
        text.push('\n');
    }
    let file = scratch.join("corpus.txt");
    fs::write(&file, text).unwrap();
    let settings = CorpusSettings {
        min_count: 2,
        ..CorpusSettings::default()
    };
    prepare(&[file], &settings, scratch, &Unobserved).unwrap()
}

fn settings() -> Settings {
    Settings {
        window: 8,
        negatives: 10,
        epochs: 20,
        learning_rate: 0.05,
        ..Settings::default()
    }
}

#[test]
fn every_method_beats_a_threshold_that_random_vectors_miss() {
    let scratch = tempfile::tempdir().unwrap();
    let PreparedCorpus {
        vocabulary, corpus, ..
    } = sample(scratch.path());
    let word2vec = |settings: &Settings| {
        let learned = learn(&vocabulary, &corpus, settings, None, &Unobserved);
        accuracy(&learned.unwrap().word_vectors)
    };
    let barely = Settings {
        epochs: 1,
        learning_rate: 1e-9,
        min_learning_rate: 0.0,
        ..settings()
    };
    let random = word2vec(&barely);
    assert!(random < 0.62, "random vectors: {random}");
    let methods = [
        ("skip-gram", settings(), 0.9),
        (
            "CBOW",
            Settings {
                architecture: Architecture::Cbow,
                ..settings()
            },
            0.75,
        ),
        (
            "hierarchical softmax",
            Settings {
                objective: Objective::HierarchicalSoftmax,
                ..settings()
            },
            0.9,
        ),
        (
            "subwords",
            Settings {
                subwords: Some(Subwords::default()),
                ..settings()
            },
            0.85,
        ),
    ];
    for (name, settings, threshold) in methods {
        let found = word2vec(&settings);
        assert!(found > threshold, "{name}: {found}, random vectors {random}");
    }
    let glove = glove::Settings {
        window: 30,
        epochs: 100,
        x_max: 10.0,
        ..glove::Settings::default()
    };
    let learned = glove::learn(&vocabulary, &corpus, &glove, scratch.path(), None, &Unobserved);
    let found = accuracy(&learned.unwrap().word_vectors);
    assert!(found > 0.75, "GloVe: {found}, random vectors {random}");
}
