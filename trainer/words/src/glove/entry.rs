//! A pair of words and how much it co-occurs, as it is counted.

use bytemuck::{Pod, Zeroable};

/// The weight 1. Weights are whole numbers of this part, so their sum does not depend on the order of
/// adding, hence not on memory, spills or threads; 1/1000, the least weight, is right to 2 · 10⁻⁶.
const ONE: u64 = 1 << 28;

/// A pair of words, either first, and the sum of its weights.
///
/// `repr(C)`, two u64, no padding: written to disk as it lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Entry {
    key: u64,
    /// 0 marks a place without entry.
    pub(super) weight: u64,
}

#[expect(
    unsafe_code,
    reason = "two u64 and nothing else, for which every bit pattern is valid"
)]
unsafe impl Zeroable for Entry {}
#[expect(unsafe_code, reason = "as above")]
unsafe impl Pod for Entry {}

impl Entry {
    /// Order does not matter: the matrix of co-occurrences is symmetric, and half of it is counted.
    #[inline]
    pub(super) fn new(a: u32, b: u32, weight: u64) -> Self {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        Entry {
            key: u64::from(low) << 32 | u64::from(high),
            weight,
        }
    }

    /// What entries are sorted by.
    #[inline]
    pub(super) fn key(&self) -> u64 {
        self.key
    }

    /// The two words, the more frequent first.
    pub(super) fn words(&self) -> (u32, u32) {
        ((self.key >> 32) as u32, self.key as u32)
    }

    /// Co-occurrences of the first word with the second. A word beside itself is met from both sides.
    pub(super) fn co_occurrences(&self) -> f32 {
        let (a, b) = self.words();
        let sides = if a == b { 2.0 } else { 1.0 };
        (self.weight as f64 * sides / ONE as f64) as f32
    }
}

/// Weight of two words at each distance up to the window; distance 0 has none.
pub(super) fn weights(window: usize) -> Vec<u64> {
    let each = |distance: u64| (ONE + distance / 2).checked_div(distance).unwrap_or(0);
    (0..=window as u64).map(each).collect()
}
