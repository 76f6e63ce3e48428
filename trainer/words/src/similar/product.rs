//! Many dot products at once: a block of queries with a block of rows, in registers.
//!
//! Four rows meet one, two or four queries at a time, so that each number that is loaded is used several times.
//! Every product is summed in the same order whatever block it falls into.

#![expect(
    unsafe_code,
    reason = "SIMD kernels compiled for a feature; a kernel is offered only where the processor has it"
)]

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Portable, Simd, compiled_kernels};

/// Numbers in a row are padded with zeros to a multiple of this, the widest register.
pub(super) const LANES: usize = 16;

/// Rows are padded with rows of zeros to a multiple of this.
pub(super) const ROWS: usize = 4;

/// The product, compiled for one kind of processor.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    #[cfg(test)]
    name: &'static str,
    scores: unsafe fn(&[f32], &[f32], usize, &mut [f32]),
}

impl Kernel {
    /// The fastest that this processor has.
    pub(super) fn fastest() -> Self {
        Self::available()[0]
    }

    /// All that this processor has, fastest first; the portable one is always there.
    fn available() -> Vec<Self> {
        compiled_kernels!()
    }

    /// `scores[q, r] = queries[q] · rows[r]`; shapes `(Q, R)`, `(Q, stride)`, `(R, stride)`.
    ///
    /// # Panics
    /// The stride is no multiple of [`LANES`], R none of [`ROWS`], or a length does not fit: a bug of the caller.
    pub(super) fn scores(&self, queries: &[f32], rows: &[f32], stride: usize, scores: &mut [f32]) {
        assert!(stride > 0 && stride.is_multiple_of(LANES));
        assert!(queries.len().is_multiple_of(stride) && rows.len().is_multiple_of(stride * ROWS));
        assert_eq!(scores.len(), (queries.len() / stride) * (rows.len() / stride));
        // SAFETY: the processor has the kernel's feature (`available`); the shapes were just checked.
        unsafe { (self.scores)(queries, rows, stride, scores) }
    }
}

macro_rules! compiled_for {
    ($module:ident, $simd:ty, $queries:literal $(, $feature:literal)?) => {
        mod $module {
            use super::*;

            pub(super) const KERNEL: Kernel = Kernel {
                #[cfg(test)]
                name: stringify!($module),
                scores,
            };

            $(#[target_feature(enable = $feature)])?
            unsafe fn scores(queries: &[f32], rows: &[f32], stride: usize, scores: &mut [f32]) {
                unsafe { any_scores::<$simd, $queries>(queries, rows, stride, scores) }
            }
        }
    };
}

// As many queries as the registers hold sums for: 4 × 4 of 32, 2 × 4 of 16.
#[cfg(target_arch = "x86_64")]
compiled_for!(avx512, Avx512, 4, "avx512f,avx512dq,avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, Avx2, 2, "avx2,fma");
compiled_for!(portable, Portable, 2);

/// # Safety
/// The processor has the feature of `S`; shapes as in [`Kernel::scores`].
#[inline(always)]
unsafe fn any_scores<S: Simd, const QUERIES: usize>(
    queries: &[f32],
    rows: &[f32],
    stride: usize,
    scores: &mut [f32],
) {
    let width = rows.len() / stride;
    let blocks = queries.chunks_exact(QUERIES * stride);
    let rest = blocks.remainder();
    let (whole, last) = scores.split_at_mut(scores.len() - rest.len() / stride * width);
    for (queries, scores) in blocks.zip(whole.chunks_exact_mut(QUERIES * width)) {
        unsafe { block::<S, QUERIES>(queries, rows, stride, scores) }
    }
    for (query, scores) in rest.chunks_exact(stride).zip(last.chunks_exact_mut(width)) {
        unsafe { block::<S, 1>(query, rows, stride, scores) }
    }
}

/// # Safety
/// As [`any_scores`], with exactly `QUERIES` queries.
#[inline(always)]
unsafe fn block<S: Simd, const QUERIES: usize>(
    queries: &[f32],
    rows: &[f32],
    stride: usize,
    scores: &mut [f32],
) {
    let width = rows.len() / stride;
    for (number, rows) in rows.chunks_exact(ROWS * stride).enumerate() {
        let mut sums = [[unsafe { S::splat(0.0) }; ROWS]; QUERIES];
        for at in (0..stride).step_by(S::LANES) {
            let row: [S::V; ROWS] =
                std::array::from_fn(|row| unsafe { S::load(rows.as_ptr().add(row * stride + at)) });
            for (query, sums) in sums.iter_mut().enumerate() {
                let query = unsafe { S::load(queries.as_ptr().add(query * stride + at)) };
                for (sum, row) in sums.iter_mut().zip(row) {
                    *sum = unsafe { S::fma(query, row, *sum) };
                }
            }
        }
        for (query, sums) in sums.into_iter().enumerate() {
            let start = query * width + number * ROWS;
            scores[start..start + ROWS].copy_from_slice(&unsafe { S::sums(sums) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_gives_the_plain_products_and_the_same_bits_in_any_block() {
        let value = |i: usize| ((i * 7919 % 1009) as f32 / 1009.0) - 0.5;
        for (queries, rows, stride) in [(1, 4, 16), (2, 8, 48), (7, 12, 304), (9, 4, 32)] {
            let a: Vec<f32> = (0..queries * stride).map(value).collect();
            let b: Vec<f32> = (0..rows * stride).map(|i| value(i * 3 + 1)).collect();
            for kernel in Kernel::available() {
                let mut scores = vec![f32::NAN; queries * rows];
                kernel.scores(&a, &b, stride, &mut scores);
                for (q, query) in a.chunks_exact(stride).enumerate() {
                    for (r, row) in b.chunks_exact(stride).enumerate() {
                        let plain: f64 = query
                            .iter()
                            .zip(row)
                            .map(|(x, y)| f64::from(*x) * f64::from(*y))
                            .sum();
                        let found = scores[q * rows + r];
                        assert!(
                            (f64::from(found) - plain).abs() < 1e-4,
                            "{} {found} {plain}",
                            kernel.name
                        );
                    }
                    let mut alone = vec![f32::NAN; rows];
                    kernel.scores(query, &b, stride, &mut alone);
                    assert_eq!(alone, scores[q * rows..(q + 1) * rows], "{}", kernel.name);
                }
            }
        }
    }
}
