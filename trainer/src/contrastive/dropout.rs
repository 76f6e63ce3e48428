//! What libtorch's generator is seeded with before it draws dropout; nothing else draws from it.
//!
//! Each step has seeds of its own, so a training that is gone on with draws what it would have drawn.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// The seeds of a step: the first is for the step, and where it is computed in mini-batches, those behind it are for
/// them. They are not negative; libtorch uses their lower half.
pub fn seeds(seed: u32, step: usize) -> impl Iterator<Item = i64> {
    let mut random = SplitMix64::seed_from_u64(u64::from(seed) << 32 ^ step as u64);
    std::iter::repeat_with(move || (random.next_u64() >> 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_steps_and_mini_batches_have_draws_of_their_own() {
        let mut all: Vec<i64> = (0..50)
            .flat_map(|seed| (1..100).flat_map(move |step| seeds(seed, step).take(3)))
            .map(|seed| seed & 0xffff_ffff)
            .collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert!(count - all.len() < 5, "{} are the same", count - all.len());
        assert!(seeds(1, 1).take(9).eq(seeds(1, 1).take(9)));
        assert!(seeds(u32::MAX, 1).take(99).all(|seed| seed >= 0));
    }
}
