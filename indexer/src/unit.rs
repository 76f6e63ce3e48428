//! Unit vectors: an index of cosines compares directions, whatever lengths the model gives its vectors.

use encoder::vectors::is_zero;
use indexer_ann::{Metric, dot};

/// A vector as an index of `metric` stores it and asks for it: of unit length where directions are compared, else as
/// it is.
pub(crate) fn prepare(metric: Metric, row: &mut [f32]) {
    if metric == Metric::Cosine {
        normalize(row);
    }
}

/// The cosine of two vectors of any length; 0 where one is zeros.
#[cfg(feature = "build")]
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    normalize(&mut a);
    normalize(&mut b);
    dot(&a, &b)
}

/// The largest number of a vector that scores are computed of: squares of it, summed over any dimension, stay finite.
pub(crate) const LARGEST: f32 = 1e15;

/// Whether a number can be one of a vector.
pub(crate) fn is_in_range(number: f32) -> bool {
    number.abs() <= LARGEST
}

/// Whether `metric` can say what is near to a query. Zeros have no direction and the same product with everything;
/// they are a place like any other where distances are measured.
pub(crate) fn can_ask(metric: Metric, query: &[f32]) -> bool {
    query.iter().all(|number| is_in_range(*number)) && (metric == Metric::Euclidean || !is_zero(query))
}

/// Scales a row to length 1. Rows that the model has normalized already stay as they are, bit by
/// bit, and a row of zeros has no direction and stays too.
pub(crate) fn normalize(row: &mut [f32]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_kept_where_they_count() {
        for metric in Metric::ALL {
            let mut row = [3.0, 4.0];
            prepare(metric, &mut row);
            assert_eq!(row == [3.0, 4.0], metric != Metric::Cosine, "{metric:?}");
            assert_eq!(can_ask(metric, &[0.0; 2]), metric == Metric::Euclidean);
            assert!(can_ask(metric, &row));
            assert!(!can_ask(metric, &[1.0, f32::NAN]) && !can_ask(metric, &[1.0, 1e16]));
        }
    }

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
        for kept in [[0.0, 0.0], [0.6, 0.8]] {
            let mut row = kept;
            normalize(&mut row);
            assert_eq!(row, kept);
        }
    }
}
