//! The training pairs: each distinct text once, each pair a row of text numbers.
//!
//! Numbers instead of strings make the batch sampler's comparisons cheap, and a text that occurs in a
//! thousand pairs is kept once. Texts that would fill the memory lie in a file; what stays in memory is 4 bytes for
//! each text of a pair and 8 for each distinct one.

mod read;

use std::collections::HashMap;
use std::path::PathBuf;

pub use read::{read, read_without_negatives};

use super::stretches::Stretches;
use crate::error::Result;

/// Of a hundred million texts two share one with a probability of 6 · 10⁻¹⁴.
type TextHash = [u8; 12];

fn hash(text: &str) -> TextHash {
    let mut hash = TextHash::default();
    hash.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..12]);
    hash
}

/// Pairs with `width` texts each: anchor, positive, then the hard negatives.
#[derive(Debug, Clone)]
pub struct Pairs {
    texts: Stretches,
    /// The number of each text by its hash; empty once all are read.
    numbers: HashMap<TextHash, u32>,
    rows: Vec<u32>,
    width: usize,
    /// One for each pair, or none at all.
    scores: Vec<f32>,
    files: Vec<Bound>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The file.
    pub path: PathBuf,
    /// Its columns for anchor, positive and hard negatives.
    pub columns: Vec<String>,
    /// Its column of scores, where the loss needs one.
    pub score: Option<String>,
    /// Its pairs.
    pub pairs: usize,
    /// Rows left out because their anchor and positive are one text, which teaches nothing: how many, and the first.
    pub left_out: Option<(usize, String)>,
}

impl Pairs {
    /// No pairs yet; `width` is 2 plus the number of hard negatives.
    pub fn new(width: usize) -> Self {
        Pairs {
            texts: Stretches::default(),
            numbers: HashMap::new(),
            rows: Vec::new(),
            width,
            scores: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds a pair; `row` has `width` texts.
    pub fn push(&mut self, row: &[&str]) {
        debug_assert_eq!(row.len(), self.width);
        for text in row {
            let next = self.texts.count() as u32;
            let number = *self.numbers.entry(hash(text)).or_insert(next);
            if number == next {
                self.texts.push(text.as_bytes());
            }
            self.rows.push(number);
        }
    }

    /// Adds a pair with its score; a set of pairs has scores for all or for none.
    pub fn push_scored(&mut self, row: &[&str], score: f32) {
        self.push(row);
        self.scores.push(score);
        debug_assert_eq!(self.scores.len(), self.len());
    }

    /// Puts texts into a file where there are many.
    fn spill(&mut self) -> Result<()> {
        self.texts.spill()
    }

    /// All pairs are there.
    fn finish(&mut self) -> Result<()> {
        self.numbers = HashMap::new();
        self.rows.shrink_to_fit();
        self.texts.finish()
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Texts in each pair: anchor, positive, hard negatives.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The scores of the pairs in their order; empty where the loss needs none.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// The files that the pairs come from, in the order of reading.
    pub fn files(&self) -> &[Bound] {
        &self.files
    }

    /// The distinct texts, in the order of their numbers.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.texts.count()).map(|number| self.text(number as u32))
    }

    /// The text with number `number`.
    pub fn text(&self, number: u32) -> &str {
        // They were text when they were put there.
        str::from_utf8(self.texts.get(number as usize)).unwrap_or_default()
    }

    /// The text numbers of pair `pair`, which is below `len()`.
    pub fn row(&self, pair: u32) -> &[u32] {
        let start = pair as usize * self.width;
        &self.rows[start..start + self.width]
    }

    /// The texts of one column for a batch of pairs; column 0 holds the anchors, 1 the positives, 2… the
    /// negatives.
    pub fn column(&self, batch: &[u32], column: usize) -> Vec<&str> {
        batch
            .iter()
            .map(|&pair| self.text(self.row(pair)[column]))
            .collect()
    }
}
