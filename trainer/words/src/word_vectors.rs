//! What learning gives: a vector for each word, and with subwords for words never seen.

use encoder::vectors::Vectors;

use crate::corpus::Vocabulary;
use crate::subwords::Subwords;

/// Words and their vectors, most frequent word first.
#[derive(Debug, Clone, PartialEq)]
pub struct WordVectors {
    /// The words and how often each was seen (0 where a file does not say).
    pub vocabulary: Vocabulary,
    /// One row for each word; with subwords it is the mean of the word's own row and its n-grams'.
    pub vectors: Vectors,
    /// The n-grams' vectors, where the model has them.
    pub subwords: Option<SubwordVectors>,
}

/// Vectors of character n-grams (Bojanowski et al. 2017), hashed into buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct SubwordVectors {
    /// How words are cut and hashed.
    pub subwords: Subwords,
    /// `buckets` rows.
    pub buckets: Vectors,
}

impl WordVectors {
    /// The vector of a word: its row, else the mean of its n-grams' vectors where there are subwords.
    ///
    /// `None` for a word that is not there and has no n-gram either.
    pub fn vector(&self, word: &str) -> Option<Vec<f32>> {
        if let Some(row) = self.vocabulary.row(word) {
            return Some(self.vectors.row(row as usize).to_vec());
        }
        let subwords = self.subwords.as_ref()?;
        let mut ids = Vec::new();
        subwords.subwords.ids(word, &mut ids);
        if ids.is_empty() {
            return None;
        }
        let mut sum = vec![0.0_f32; self.vectors.dimension()];
        for &id in &ids {
            for (sum, value) in sum.iter_mut().zip(subwords.buckets.row(id as usize)) {
                *sum += value;
            }
        }
        for value in &mut sum {
            *value /= ids.len() as f32;
        }
        Some(sum)
    }
}
