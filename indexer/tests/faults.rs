//! Faults: whatever breaks while an index is written or read, the last commit is whole, or the damage is named.
//!
//! Each test tries a few places, chosen by a seed, and many where `SEXTANT_FAULTS` says how many: `cargo xtask faults`.
#![cfg(feature = "build")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "faults/changes.rs"]
mod changes;
#[path = "faults/place.rs"]
mod place;
#[path = "faults/shim.rs"]
mod shim;

#[path = "faults/bytes.rs"]
mod bytes;
#[path = "faults/calls.rs"]
mod calls;
#[path = "faults/kill.rs"]
mod kill;
#[path = "faults/mutation.rs"]
mod mutation;
#[path = "faults/odd.rs"]
mod odd;

/// How many places each test tries: `few`, or what `SEXTANT_FAULTS` says.
fn tries(few: usize) -> usize {
    std::env::var("SEXTANT_FAULTS").map_or(few, |many| many.parse().expect("SEXTANT_FAULTS is a number"))
}

/// How many places a quick test tries: `few`, or all of them where `SEXTANT_FAULTS` is set.
fn tries_or_all(few: usize) -> usize {
    std::env::var("SEXTANT_FAULTS").map_or(few, |_| usize::MAX)
}

/// `count` numbers of `0..below`, or all of them where there are no more, by a seed; ascending.
fn chosen(below: usize, count: usize, seed: u64) -> Vec<usize> {
    use rand::SeedableRng;
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut numbers = rand::seq::index::sample(&mut random, below, count.min(below)).into_vec();
    numbers.sort_unstable();
    numbers
}
