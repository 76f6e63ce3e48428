//! The directions that all texts have in common: the first singular vectors of the texts' vectors.
//!
//! As in the paper, the vectors are neither centred nor scaled to unit length. They are never all in memory: what
//! is kept is the matrix C = Σ v vᵀ of d × d numbers, whose eigenvectors are the singular vectors.

use rayon::prelude::*;

use crate::corpus::IntegerCorpus;
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress, Stage};
use crate::table::Table;

/// Sentences looked at. A few hundred thousand fix the first directions far better than the search notices.
const MOST_SENTENCES: u64 = 200_000;
/// Sentences added to the matrix at a time.
const BLOCK: usize = 256;
/// Power iterations for each direction; the first ones need a few dozen.
const MOST_ITERATIONS: usize = 5_000;
/// A direction that moves less than this in a step stands.
const STANDSTILL: f64 = 1e-12;

/// Directions of unit length, orthogonal to each other, the strongest first.
#[derive(Debug, Default)]
pub(super) struct CommonComponents {
    directions: Vec<Vec<f64>>,
    /// For each direction its share of Σ |v|².
    pub shares: Vec<f64>,
    /// Texts looked at.
    pub sentences: u64,
}

impl CommonComponents {
    /// The `count` strongest directions of the sentences of `corpus`, whose words weigh `weights`; fewer where
    /// the sentences span no more.
    pub fn of(
        corpus: &IntegerCorpus,
        (table, weights): (&Table, &[f64]),
        count: usize,
        observer: &dyn Observer,
    ) -> Result<Self> {
        if count == 0 {
            return Ok(Self::default());
        }
        let mut products = Products::new(table.dimension());
        let every = sentences(corpus, 1)
            .count()
            .div_ceil(MOST_SENTENCES as usize)
            .max(1);
        let total = sentences(corpus, every).count() as u64;
        let mut block = Vec::with_capacity(BLOCK * table.dimension());
        for sentence in sentences(corpus, every) {
            push_mean(sentence, table, weights, &mut block);
            products.sentences += 1;
            if block.len() == BLOCK * table.dimension() {
                products.add(&block);
                block.clear();
                if observer.interrupted() {
                    return Err(WordsError::Interrupted);
                }
                observer.progress(&progress(products.sentences, total));
            }
        }
        products.add(&block);
        Ok(products.strongest(count))
    }

    /// Takes the directions out of a row: x − U Uᵀ x.
    pub fn remove(&self, row: &mut [f64]) {
        for direction in &self.directions {
            subtract_along(row, direction);
        }
    }
}

fn progress(done: u64, total: u64) -> Progress {
    Progress {
        stage: Stage::CommonComponents,
        done,
        total,
        epoch: 0,
        loss: None,
        learning_rate: 0.0,
    }
}

/// Every `every`-th sentence, from the first on.
fn sentences(corpus: &IntegerCorpus, every: usize) -> impl Iterator<Item = &[u32]> {
    corpus
        .chunks()
        .iter()
        .flat_map(|&chunk| corpus.sentences(chunk))
        .step_by(every)
}

/// Appends the mean of a sentence's weighted words.
fn push_mean(sentence: &[u32], table: &Table, weights: &[f64], block: &mut Vec<f64>) {
    let start = block.len();
    block.resize(start + table.dimension(), 0.0);
    for &word in sentence {
        let weight = weights[word as usize] / sentence.len() as f64;
        for (mean, value) in block[start..].iter_mut().zip(table.row(word as usize).iter()) {
            *mean += weight * f64::from(*value);
        }
    }
}

/// C, symmetric; only what stands on and right of the diagonal is added up.
struct Products {
    dimension: usize,
    rows: Vec<f64>,
    sentences: u64,
}

impl Products {
    fn new(dimension: usize) -> Self {
        Self {
            dimension,
            rows: vec![0.0; dimension * dimension],
            sentences: 0,
        }
    }

    /// Adds v vᵀ of each v in `block`. Each number is added up by one thread in the order of the sentences, so
    /// the result does not depend on how many threads there are.
    fn add(&mut self, block: &[f64]) {
        let dimension = self.dimension;
        self.rows
            .par_chunks_exact_mut(dimension)
            .enumerate()
            .for_each(|(i, row)| {
                for vector in block.chunks_exact(dimension) {
                    for (sum, value) in row[i..].iter_mut().zip(&vector[i..]) {
                        *sum += vector[i] * value;
                    }
                }
            });
    }

    /// Power iteration, each direction kept orthogonal to those before it.
    fn strongest(mut self, count: usize) -> CommonComponents {
        for i in 0..self.dimension {
            for j in 0..i {
                self.rows[i * self.dimension + j] = self.rows[j * self.dimension + i];
            }
        }
        let trace: f64 = self.rows.iter().step_by(self.dimension + 1).sum();
        let mut found = CommonComponents {
            sentences: self.sentences,
            ..CommonComponents::default()
        };
        while found.directions.len() < count {
            let Some((direction, strength)) = self.next_direction(&found.directions, trace) else {
                break;
            };
            found.directions.push(direction);
            found.shares.push(strength / trace);
        }
        found
    }

    /// The strongest direction orthogonal to `before` and its eigenvalue; none where nothing is left.
    fn next_direction(&self, before: &[Vec<f64>], trace: f64) -> Option<(Vec<f64>, f64)> {
        let mut direction = self.start(before)?;
        let mut strength = 0.0;
        for _ in 0..MOST_ITERATIONS {
            let mut next = self.times(&direction);
            before.iter().for_each(|other| subtract_along(&mut next, other));
            strength = scale_to_one(&mut next);
            // What rounding leaves of an exhausted matrix is no direction; NaN is none either.
            if strength.partial_cmp(&(1e-12 * trace)) != Some(std::cmp::Ordering::Greater) {
                return None;
            }
            let step = next
                .iter()
                .zip(&direction)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            direction = next;
            if step < STANDSTILL {
                break;
            }
        }
        Some((direction, strength))
    }

    /// Where the iteration starts: of C's columns, without the directions `before`, the longest.
    fn start(&self, before: &[Vec<f64>]) -> Option<Vec<f64>> {
        let columns = self.rows.chunks_exact(self.dimension).map(|row| {
            let mut row = row.to_vec();
            before.iter().for_each(|other| subtract_along(&mut row, other));
            let length = scale_to_one(&mut row);
            (row, length)
        });
        let longest = columns.reduce(|best, other| if other.1 > best.1 { other } else { best });
        longest.filter(|(_, length)| *length > 0.0).map(|(row, _)| row)
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        let rows = self.rows.chunks_exact(self.dimension);
        rows.map(|row| product(row, vector)).collect()
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

fn subtract_along(vector: &mut [f64], direction: &[f64]) {
    let along = product(vector, direction);
    for (value, part) in vector.iter_mut().zip(direction) {
        *value -= along * part;
    }
}

/// Scales to unit length, zeros excepted; the length before.
fn scale_to_one(vector: &mut [f64]) -> f64 {
    let length = product(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    length
}
