//! Unit vectors: an index of cosines compares directions, whatever lengths the model gives its vectors.

use encoder::vectors::{is_zero, normalize};
use indexer_ann::Metric;

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
    indexer_ann::dot(&a, &b)
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
}
