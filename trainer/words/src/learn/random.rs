//! The random numbers of learning: fast, and the same wherever a chunk of the corpus is learned.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The stream with this name among those of a seed, independent of all others.
    pub(crate) fn stream(seed: u64, name: u64) -> Self {
        // An odd multiplier visits every seed once; seed_from_u64 then mixes all bits (SplitMix64).
        Random(Xoshiro256PlusPlus::seed_from_u64(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .wrapping_add(name.wrapping_mul(0xd134_2543_de82_ef95)),
        ))
    }

    /// 64 random bits.
    #[inline]
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, by multiplication (Lemire 2019); its bias, bound ÷ 2³², is far below what
    /// sampling could notice.
    #[inline]
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
