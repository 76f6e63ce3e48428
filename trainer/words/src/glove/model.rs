//! The parameters: vectors of words and of contexts, their biases, and AdaGrad's sums of squares.

use encoder::vectors::Vectors;

use super::kernel::Tables;
use super::settings::Settings;
use crate::corpus::Vocabulary;
use crate::error::Result;
use crate::learn::kernel::LARGEST;
use crate::learn::matrix::{LINE, Matrix};
use crate::learn::random::Random;
use crate::word_vectors::WordVectors;

/// Name of the random stream of the initial vectors; blocks have the names from 0 up.
const INITIAL: u64 = u64::MAX;

/// All that learning changes.
#[derive(Debug)]
pub(super) struct Model {
    /// Rows w, b, 1, padding; then as many sums of squares.
    pub(super) words: Matrix,
    /// Rows c, 1, b̃, padding; then as many sums of squares.
    pub(super) contexts: Matrix,
    dimension: usize,
}

impl Model {
    /// Vectors and biases drawn evenly from ±1/(2·dimension), as the authors' program begins.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(super) fn new(vocabulary: &Vocabulary, settings: &Settings) -> Result<Self> {
        let dimension = settings.dimension;
        let mut random = Random::stream(settings.seed, INITIAL);
        Ok(Model {
            words: table(
                vocabulary.len(),
                dimension,
                [dimension, dimension + 1],
                &mut random,
            )?,
            contexts: table(
                vocabulary.len(),
                dimension,
                [dimension + 1, dimension],
                &mut random,
            )?,
            dimension,
        })
    }

    /// What the kernel works on.
    pub(super) fn tables(&self) -> Tables<'_> {
        Tables {
            words: &self.words,
            contexts: &self.contexts,
        }
    }

    /// The sums w + w̃, as in the paper's section 4.2.
    pub(super) fn word_vectors(&self, vocabulary: &Vocabulary) -> WordVectors {
        let mut values = Vec::with_capacity(vocabulary.len() * self.dimension);
        for row in 0..vocabulary.len() {
            let (word, context) = (self.words.values(row), self.contexts.values(row));
            let sums = word.iter().zip(context).map(|(word, context)| word + context);
            values.extend(sums.take(self.dimension));
        }
        WordVectors {
            vocabulary: vocabulary.clone(),
            vectors: Vectors::from_rows(self.dimension, values).into(),
            subwords: None,
        }
    }

    /// How many numbers reached the bound.
    pub(super) fn at_bound(&self) -> usize {
        let at_bound = |matrix: &Matrix| -> usize {
            let rows = (0..matrix.rows()).map(|row| &matrix.values(row)[..self.dimension + 2]);
            rows.flatten().filter(|value| value.abs() >= LARGEST).count()
        };
        at_bound(&self.words) + at_bound(&self.contexts)
    }

    /// The score of a pair: w·w̃ + b + b̃.
    #[cfg(test)]
    pub(super) fn score(&self, word: usize, context: usize) -> f64 {
        let pairs = self.words.values(word).iter().zip(self.contexts.values(context));
        pairs
            .take(self.dimension + 2)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    }
}

/// Rows with a bias and a one at these places.
fn table(rows: usize, dimension: usize, [bias, one]: [usize; 2], random: &mut Random) -> Result<Matrix> {
    let length = (dimension + 2).next_multiple_of(LINE);
    let mut table = Matrix::zeros(rows, 2 * length)?;
    let width = 1.0 / dimension as f64;
    for row in 0..rows {
        let (vector, squares) = table.values_mut(row).split_at_mut(length);
        squares.fill(f32::INFINITY);
        for at in (0..dimension).chain([bias]) {
            vector[at] = ((random.unit() - 0.5) * width) as f32;
            squares[at] = 1.0;
        }
        vector[one] = 1.0;
    }
    Ok(table)
}
