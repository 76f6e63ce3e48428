//! Learning on libtorch's CPU, held against plain loops in 64-bit floats.

mod learning;
mod parts;

use trainer_words::corpus::{IntegerCorpus, SENTENCE_END, Vocabulary};
use trainer_words::learn::Settings;

/// Sentences of two topics of 20 words each that never meet, and 10 words that are everywhere.
fn two_topics(sentences: usize) -> (Vocabulary, IntegerCorpus) {
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

fn small() -> Settings {
    Settings {
        dimension: 20,
        sample: 0.0,
        epochs: 3,
        learning_rate: 0.05,
        ..Settings::default()
    }
}
