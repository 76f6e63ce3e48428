//! Unit vectors: an index compares directions, whatever lengths the model gives its vectors.

use indexer_ann::dot;

/// Scales a row to length 1. Rows that the model has normalized already stay as they are, bit by
/// bit, and a row of zeros has no direction and stays too.
pub(crate) fn normalize(row: &mut [f32]) {
    const CLOSE_TO_ONE: f32 = 1e-5;
    let squared = dot(row, row);
    if squared > 0.0 && (squared - 1.0).abs() > CLOSE_TO_ONE {
        let scale = squared.sqrt().recip();
        row.iter_mut().for_each(|value| *value *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_need_it_are_scaled() {
        let mut row = [3.0, 4.0];
        normalize(&mut row);
        assert!((dot(&row, &row) - 1.0).abs() < 1e-6);
        for kept in [[0.0, 0.0], [0.6, 0.8]] {
            let mut row = kept;
            normalize(&mut row);
            assert_eq!(row, kept);
        }
    }
}
