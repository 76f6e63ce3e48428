//! The inner product, with the processor's wide multiply-add where it has one, and prefetching.
//!
//! A search spends nearly all its time here. The portable form is compiled for the oldest x86-64;
//! the same loop compiled for AVX2 and FMA is about twice as fast and is chosen at run time.

/// Inner product of two rows of equal length (the shorter one counts where they differ).
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "the processor has just been asked for both features")]
        return unsafe { dot_fma(a, b) };
    }
    encoder::vectors::dot(a, b)
}

/// Four registers of eight sums hide the latency of the multiply-add.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_fma(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 32;
    let length = a.len().min(b.len());
    let (a_chunks, a_rest) = a[..length].as_chunks::<LANES>();
    let (b_chunks, b_rest) = b[..length].as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] = x[lane].mul_add(y[lane], sums[lane]);
        }
    }
    let (low, high) = sums.split_at_mut(LANES / 2);
    for (low, high) in low.iter_mut().zip(high) {
        *low += *high;
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    low.iter().sum::<f32>() + rest
}

/// Asks the processor to fetch the first cache lines of a row that will be read soon.
#[inline]
pub(crate) fn prefetch(row: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(16).take(4) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(
            unsafe_code,
            reason = "a prefetch of any address is harmless, and this one is valid"
        )]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_equal_the_plain_sum_at_every_length() {
        for length in 0..200 {
            let a: Vec<f32> = (0..length)
                .map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0)
                .collect();
            let b: Vec<f32> = (0..length)
                .map(|i| ((i * 53 % 97) as f32 - 48.0) / 48.0)
                .collect();
            let plain: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-4, "length {length}");
        }
    }
}
