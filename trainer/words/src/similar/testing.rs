//! Small word vectors for tests.

use encoder::vectors::Vectors;

use crate::corpus::Vocabulary;
use crate::subwords::Subwords;
use crate::word_vectors::{SubwordVectors, WordVectors};

/// Words with their vectors, without subwords.
pub(super) fn words(words: &[(&str, &[f32])]) -> WordVectors {
    let mut vectors = Vectors::new(words[0].1.len());
    for (_, vector) in words {
        vectors.push(vector);
    }
    WordVectors {
        vocabulary: Vocabulary::from_counts(words.iter().map(|(word, _)| ((*word).to_owned(), 0))),
        vectors: vectors.into(),
        subwords: None,
    }
}

/// Words with their vectors; each n-gram of three letters has the vector of the first word that it is in.
pub(super) fn with_subwords(known: &[(&str, &[f32])]) -> WordVectors {
    let subwords = Subwords {
        minn: 3,
        maxn: 3,
        buckets: 1_000_000,
    };
    let mut rows = std::collections::BTreeMap::new();
    for (word, vector) in known {
        let mut ids = Vec::new();
        subwords.ids(word, &mut ids);
        for id in ids {
            rows.entry(id).or_insert(*vector);
        }
    }
    let mut vectors = Vectors::new(known[0].1.len());
    for vector in rows.values() {
        vectors.push(vector);
    }
    WordVectors {
        subwords: Some(SubwordVectors {
            subwords,
            buckets: rows.into_keys().collect(),
            vectors: vectors.into(),
        }),
        ..words(known)
    }
}
