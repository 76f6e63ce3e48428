//! Random numbers made where they are used.
//!
//! A number is a hash of its position and of a key. So the same seed gives the same numbers on every device
//! and with any number of threads, nothing is copied to the device, and libtorch's own generator, which the
//! whole process shares, is left alone.

use tch::{Device, Kind, TchError, Tensor};

/// Hashes stay in 32 bits, held in 64: products of two never overflow.
const BITS: i64 = 0xffff_ffff;

/// Multipliers that mix well (found by C. Wellons' search, "Prospecting for hash functions"); below 2³¹.
const MULTIPLIERS: [i64; 2] = [0x7feb_352d, 0x297a_2d39];

/// What the numbers are for: each use has its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    /// The vectors before learning.
    Initial,
    /// Which frequent words are skipped.
    Subsampling,
    /// How far each window reaches.
    Reach,
    /// Which cell of the alias table is drawn.
    Cell,
    /// Whether it is the cell's own word.
    Side,
}

/// `count` whole numbers in 0..2³², shape `(count,)`, 64-bit.
pub(super) fn bits(seed: u64, of: Use, stream: u64, count: i64, device: Device) -> Result<Tensor, TchError> {
    let key = mixed(mixed(seed).wrapping_add(mixed(stream).rotate_left(17)) ^ of as u64);
    let (low, high) = ((key as i64) & BITS, (key >> 32) as i64);
    // Positions beyond 2³² would repeat; a piece of text is far below.
    let positions = Tensor::f_arange(count, (Kind::Int64, device))?.f_bitwise_and(BITS)?;
    hashed(&hashed(&positions.f_bitwise_xor(low)?)?.f_bitwise_xor(high)?)
}

/// Whole numbers in 0..`bound`, by multiplication (Lemire 2019): `bits · bound ÷ 2³²`.
pub(super) fn below(bits: &Tensor, bound: i64) -> Result<Tensor, TchError> {
    shifted(&bits.f_mul_scalar(bound)?, 32)
}

fn hashed(bits: &Tensor) -> Result<Tensor, TchError> {
    let mut bits = bits.f_bitwise_xor_tensor(&shifted(bits, 16)?)?;
    for multiplier in MULTIPLIERS {
        bits = bits.f_mul_scalar(multiplier)?.f_bitwise_and(BITS)?;
        bits = bits.f_bitwise_xor_tensor(&shifted(&bits, 15)?)?;
    }
    Ok(bits)
}

fn shifted(bits: &Tensor, by: i64) -> Result<Tensor, TchError> {
    bits.f_bitwise_right_shift_tensor_scalar(by)
}

/// All bits of a key depend on all others (SplitMix64's finish).
fn mixed(key: u64) -> u64 {
    let key = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
