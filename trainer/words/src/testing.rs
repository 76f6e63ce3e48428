//! Text whose word vectors are known to fall into two topics, for the tests of every way to learn them.

use crate::corpus::{IntegerCorpus, SENTENCE_END, Vocabulary};
use crate::learn::Settings;
use crate::word_vectors::WordVectors;

/// Sentences of two topics of 20 words each that never meet, and 10 words that are everywhere.
pub fn two_topics(sentences: usize) -> (Vocabulary, IntegerCorpus) {
    let mut state = 12_345_u64;
    let mut below = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut counts = vec![0_u64; 50];
    let mut tokens = Vec::new();
    for sentence in 0..sentences {
        for _ in 0..12 {
            let word = match below(4) {
                0 => 40 + below(10),
                _ => (sentence as u64 % 2) * 20 + below(20),
            };
            counts[word as usize] += 1;
            tokens.push(word as u32);
        }
        tokens.push(SENTENCE_END);
    }
    let words = counts
        .iter()
        .enumerate()
        .map(|(word, &count)| (format!("word{word}"), count));
    (Vocabulary::from_counts(words), IntegerCorpus::from_tokens(tokens))
}

/// Settings that tell the topics of 4,000 such sentences apart in no time.
pub fn small() -> Settings {
    Settings {
        dimension: 20,
        sample: 0.0,
        epochs: 3,
        learning_rate: 0.05,
        ..Settings::default()
    }
}

/// Mean cosine of words of one topic less that of words of both, words that are everywhere left out.
pub fn separation(vectors: &WordVectors) -> f64 {
    let cosine = |a: usize, b: usize| {
        let (a, b) = (&vectors.vectors.row(a), &vectors.vectors.row(b));
        let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let (mut same, mut other) = (0.0, 0.0);
    for a in 0..20 {
        for b in 0..20 {
            same += if a == b { 0.0 } else { cosine(a, b) / 380.0 };
            other += cosine(a, 20 + b) / 400.0;
        }
    }
    same - other
}
