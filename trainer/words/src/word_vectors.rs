//! What learning gives: a vector for each word, and with subwords for words never seen.

use crate::corpus::Vocabulary;
use crate::subwords::Subwords;
use crate::table::Table;

/// Words and their vectors, most frequent word first.
#[derive(Debug, Clone, PartialEq)]
pub struct WordVectors {
    /// The words and how often each was seen (0 where a file does not say).
    pub vocabulary: Vocabulary,
    /// One row for each word; with subwords it is the mean of the word's own row and its n-grams'.
    pub vectors: Table,
    /// The n-grams' vectors, where the model has them.
    pub subwords: Option<SubwordVectors>,
}

/// Vectors of character n-grams (Bojanowski et al. 2017), hashed into buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct SubwordVectors {
    /// How words are cut and hashed.
    pub subwords: Subwords,
    /// The buckets that have a vector, ascending; the others were never seen.
    pub buckets: Vec<u32>,
    /// A row for each of `buckets`.
    pub vectors: Table,
}

impl WordVectors {
    /// The vector of a word: its row, else the mean of its n-grams' vectors where there are subwords.
    ///
    /// `None` for a word that is not there and has no n-gram that was seen either.
    pub fn vector(&self, word: &str) -> Option<Vec<f32>> {
        if let Some(row) = self.vocabulary.row(word) {
            return Some(self.vectors.row(row as usize).to_vec());
        }
        self.subwords.as_ref()?.vector(word)
    }
}

impl SubwordVectors {
    /// The mean of the vectors of a word's n-grams that have one; `None` where none has.
    pub fn vector(&self, word: &str) -> Option<Vec<f32>> {
        let mut ids = Vec::new();
        self.subwords.ids(word, &mut ids);
        let rows: Vec<usize> = ids
            .iter()
            .filter_map(|id| self.buckets.binary_search(id).ok())
            .collect();
        if rows.is_empty() {
            return None;
        }
        let mut mean = vec![0.0_f32; self.vectors.dimension()];
        for &row in &rows {
            for (mean, value) in mean.iter_mut().zip(self.vectors.row(row).iter()) {
                *mean += value / rows.len() as f32;
            }
        }
        Some(mean)
    }
}
