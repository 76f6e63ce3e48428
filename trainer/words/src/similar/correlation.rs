//! How far two lists of numbers go together.

/// Pearson's correlation; `None` where it is undefined: fewer than two values, or all of one list equal.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if x.len() != y.len() || x.is_empty() || constant(x) || constant(y) {
        return None;
    }
    let (x, y) = (deviations(x), deviations(y));
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let correlation = sum(&x, &y) / (sum(&x, &x) * sum(&y, &y)).sqrt();
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}

/// Deviations from the mean, in units of the largest, so that their squares neither overflow nor vanish.
fn deviations(values: &[f64]) -> Vec<f64> {
    let mean = values
        .iter()
        .map(|value| value / values.len() as f64)
        .sum::<f64>();
    let largest = values
        .iter()
        .map(|value| (value - mean).abs())
        .fold(0.0, f64::max);
    values.iter().map(|value| (value - mean) / largest).collect()
}

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&mean_ranks(x), &mean_ranks(y))
}

/// Rank of each value, from 1.
fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = before as f64 + (equal.len() + 1) as f64 / 2.0;
        for &at in equal {
            ranks[at] = rank;
        }
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(mean_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(mean_ranks(&[0.0, -0.0, 1.0]), [1.5, 1.5, 3.0]);
    }

    #[test]
    fn correlations_by_hand() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(pearson(&x, &[2.0, 4.0, 6.0, 8.0]), Some(1.0));
        assert_eq!(spearman(&x, &[1.0, 10.0, 100.0, 1000.0]), Some(1.0));
        assert_eq!(spearman(&x, &[4.0, 3.0, 2.0, 1.0]), Some(-1.0));
        // Deviations (-1.5, -0.5, 0.5, 1.5) and (-1, 1, -1, 1): 2 / sqrt(5 · 4).
        let found = pearson(&x, &[0.0, 2.0, 0.0, 2.0]).unwrap();
        assert!((found - 2.0 / 20.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_is_undefined_is_no_number() {
        assert_eq!(pearson(&[], &[]), None);
        assert_eq!(pearson(&[1.0], &[2.0]), None);
        assert_eq!(pearson(&[0.1, 0.1, 0.1], &[1.0, 2.0, 3.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[0.3, 0.3]), None);
    }

    #[test]
    fn huge_and_tiny_numbers_are_numbers_too() {
        assert_eq!(pearson(&[1e300, -1e300], &[1.0, 2.0]), Some(-1.0));
        assert_eq!(pearson(&[1e-300, 3e-300, 2e-300], &[1.0, 3.0, 2.0]), Some(1.0));
    }
}
