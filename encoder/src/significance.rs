//! Whether a difference between two rankings could be chance.
//!
//! Both answer the same queries, so what counts is each query's difference. How far the mean could lie elsewhere with
//! other queries of the same kind is a bootstrap interval (Efron and Tibshirani 1993, chapter 13); how often chance
//! alone gives a difference as large is a randomization test (Smucker, Allan and Carterette 2007, "A Comparison of
//! Statistical Significance Tests for Information Retrieval Evaluation"): if the rankings were alike, each difference
//! could as well have the other sign.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Draws of queries, and of signs.
const DRAWS: usize = 10_000;

/// The mean difference of paired values, and what chance has to do with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Mean of `after − before`.
    pub mean: f64,
    /// In 95 % of the draws of queries the mean lies in between.
    pub interval: (f64, f64),
    /// Share of the draws of signs with a mean at least as far from 0, the one observed counted in: in (0, 1].
    pub p: f64,
}

/// Compares paired values, one pair for each query, of the same length. The same values give the same result.
///
/// Without queries everything is 0 and p is 1.
pub fn compare(before: &[f64], after: &[f64]) -> Difference {
    debug_assert_eq!(before.len(), after.len());
    let differences: Vec<f64> = std::iter::zip(before, after)
        .map(|(before, after)| after - before)
        .collect();
    if differences.is_empty() {
        return Difference {
            mean: 0.0,
            interval: (0.0, 0.0),
            p: 1.0,
        };
    }
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let mut random = SplitMix64::seed_from_u64(0x5EED);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = differences
                .iter()
                .map(|_| differences[below(&mut random, differences.len())]);
            drawn.sum::<f64>() / count
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let beyond = (0..DRAWS).filter(|_| {
        let flipped = differences
            .iter()
            .map(|difference| sign(&mut random) * difference);
        // A sum in another order may differ in the last bits.
        (flipped.sum::<f64>() / count).abs() >= mean.abs() - 1e-12
    });
    Difference {
        mean,
        interval: (means[DRAWS / 40], means[DRAWS - 1 - DRAWS / 40]),
        p: (beyond.count() + 1) as f64 / (DRAWS + 1) as f64,
    }
}

/// A number below `bound`, by multiplication (Lemire 2019).
fn below(random: &mut SplitMix64, bound: usize) -> usize {
    ((u128::from(random.next_u64()) * bound as u128) >> 64) as usize
}

fn sign(random: &mut SplitMix64) -> f64 {
    if random.next_u64() >> 63 == 0 { 1.0 } else { -1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_difference_is_chance() {
        let same = [0.1, 0.5, 0.9];
        let found = compare(&same, &same);
        assert_eq!((found.mean, found.interval, found.p), (0.0, (0.0, 0.0), 1.0));
        assert_eq!(compare(&[], &[]).p, 1.0);
    }

    #[test]
    fn p_is_near_the_share_of_all_signs() {
        // Of the 32 ways to give these five a sign, 2 have a mean of 0.3 or more on either side.
        let after = [0.1, 0.2, 0.3, 0.4, 0.5];
        let found = compare(&[0.0; 5], &after);
        assert!((found.mean - 0.3).abs() < 1e-12);
        assert!((found.p - 2.0 / 32.0).abs() < 0.01, "{}", found.p);
    }

    #[test]
    fn the_interval_is_near_the_normal_one_where_there_are_many() {
        // Differences of 0 and 1 in turn: the mean's standard deviation is 0.5 / √400.
        let after: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let found = compare(&vec![0.0; 400], &after);
        let (low, high) = found.interval;
        assert!((low - (0.5 - 1.96 * 0.025)).abs() < 0.005, "{low}");
        assert!((high - (0.5 + 1.96 * 0.025)).abs() < 0.005, "{high}");
        assert!(found.p < 0.001);
    }

    #[test]
    fn what_is_worse_has_a_mean_below_zero_and_the_same_p() {
        let (low, high) = ([0.2, 0.1, 0.4, 0.3], [0.3, 0.4, 0.4, 0.9]);
        let (better, worse) = (compare(&low, &high), compare(&high, &low));
        assert_eq!(better.mean, -worse.mean);
        assert!((better.p - worse.p).abs() < 0.02);
        assert_eq!(better, compare(&low, &high));
    }
}
