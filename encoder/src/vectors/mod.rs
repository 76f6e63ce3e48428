//! Vectors in memory: rows of one flat buffer, and their inner product.

mod exact;

pub use exact::{TopK, exact_top_k};

/// Row-major `f32` vectors of one dimension; shape `(len, dimension)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    dimension: usize,
    data: Vec<f32>,
}

impl Vectors {
    /// No rows yet; `dimension` is at least 1.
    pub fn new(dimension: usize) -> Self {
        Self::from_rows(dimension, Vec::new())
    }

    /// Takes rows that lie one behind the other.
    ///
    /// # Panics
    /// If `dimension` is 0 or does not divide the length of `data`: a bug of the caller.
    pub fn from_rows(dimension: usize, data: Vec<f32>) -> Self {
        assert!(
            dimension > 0 && data.len().is_multiple_of(dimension),
            "rows of {dimension} numbers"
        );
        Self { dimension, data }
    }

    /// Numbers per row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len() / self.dimension
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Row `i`, `i < len()`.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.dimension..(i + 1) * self.dimension]
    }

    /// All rows, one behind the other.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.data.chunks_exact(self.dimension)
    }

    /// The flat buffer.
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// Appends one row.
    ///
    /// # Panics
    /// If its length is not the dimension: a bug of the caller.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dimension, "the length of a row");
        self.data.extend_from_slice(row);
    }

    /// The same directions at length 1, by [`normalize`], so that inner products are cosines.
    pub fn normalized(mut self) -> Self {
        self.data.chunks_exact_mut(self.dimension).for_each(normalize);
        self
    }

    /// Appends all rows of `other`, which has the same dimension.
    pub fn extend(&mut self, other: &Vectors) {
        assert_eq!(other.dimension, self.dimension, "the dimension of both");
        self.data.extend_from_slice(&other.data);
    }
}

/// A row that a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The row of the document.
    pub row: u32,
    /// Higher is nearer: inner product, BM25 or a fused score.
    pub score: f32,
}

impl Neighbor {
    /// Best first: score descending, ties by row ascending, so that results never depend on chance.
    pub fn best_first(a: &Self, b: &Self) -> std::cmp::Ordering {
        b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
    }
}

/// Whether a vector has no direction: a text of which the model knows no word. Nothing is near to it.
pub fn is_zero(vector: &[f32]) -> bool {
    vector.iter().all(|value| *value == 0.0)
}

/// Scales a row to length 1. Rows that the model has normalized already stay as they are, bit by bit, and a row of
/// zeros has no direction and stays too.
pub fn normalize(row: &mut [f32]) {
    const CLOSE_TO_ONE: f32 = 1e-5;
    const EXACT: std::ops::Range<f32> = 1e-30..1e30;
    let squared = dot(row, row);
    if (squared - 1.0).abs() <= CLOSE_TO_ONE {
        return;
    }
    if EXACT.contains(&squared) {
        let scale = squared.sqrt().recip();
        row.iter_mut().for_each(|value| *value *= scale);
    } else if !is_zero(row) {
        // The squares of so small or large numbers are no numbers of f32.
        let squared: f64 = row.iter().map(|value| f64::from(*value).powi(2)).sum();
        let scale = squared.sqrt().recip();
        row.iter_mut()
            .for_each(|value| *value = (f64::from(*value) * scale) as f32);
    }
}

/// Inner product of two rows of equal length; the cosine where both are unit vectors.
///
/// Sixteen independent sums let the compiler keep them in vector registers.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks
        .remainder()
        .iter()
        .zip(b_chunks.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_need_it_are_scaled() {
        let mut row = [3.0, 4.0];
        normalize(&mut row);
        assert!((dot(&row, &row) - 1.0).abs() < 1e-6);
        for length in [1e-44, 1e-30, 1e-20, 1e15, 1e30] {
            let mut row = [length, 0.0, -length];
            normalize(&mut row);
            assert!((dot(&row, &row) - 1.0).abs() < 1e-6, "{length}: {row:?}");
        }
        let kept = Vectors::from_rows(2, vec![0.0, 0.0, 0.6, 0.8]);
        assert_eq!(kept.clone().normalized(), kept);
    }

    #[test]
    fn dot_equals_the_plain_sum_at_every_length() {
        for length in 0..70 {
            let a: Vec<f32> = (0..length).map(|i| i as f32 * 0.5 - 3.0).collect();
            let b: Vec<f32> = (0..length).map(|i| 1.0 - i as f32 * 0.25).collect();
            let plain: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(x * y)).sum();
            assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-2, "length {length}");
        }
    }
}
