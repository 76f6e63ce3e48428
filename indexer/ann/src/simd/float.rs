//! Inner products and distances of `f32`.

use super::{CodeRows, Isa, Scorer};
use crate::codes::QueryCode;

/// Sums that run side by side, to fill wide registers and hide the latency of the multiply-add.
const LANES: usize = 64;

scorer! {
    portable: score_with::<false>,
    wide: score_with::<true>,
    avx2: "avx2,fma",
    avx512: "avx512f,avx512vl,fma"
}

/// The inner product of two vectors, or with `SQUARES` the squared Euclidean distance.
pub(super) fn sum<const SQUARES: bool>(isa: Isa, a: &[f32], b: &[f32]) -> f32 {
    match isa {
        Isa::Portable => sum_with::<false, SQUARES>(a, b),
        #[cfg(target_arch = "x86_64")]
        #[expect(
            unsafe_code,
            reason = "the processor has the instructions: they were detected"
        )]
        Isa::Avx2 => unsafe { sum_avx2::<SQUARES>(a, b) },
        #[cfg(target_arch = "x86_64")]
        #[expect(
            unsafe_code,
            reason = "the processor has the instructions: they were detected"
        )]
        Isa::Avx512 => unsafe { sum_avx512::<SQUARES>(a, b) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn sum_avx2<const SQUARES: bool>(a: &[f32], b: &[f32]) -> f32 {
    sum_with::<true, SQUARES>(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,fma")]
fn sum_avx512<const SQUARES: bool>(a: &[f32], b: &[f32]) -> f32 {
    sum_with::<true, SQUARES>(a, b)
}

#[inline(always)]
fn score_with<const FUSED: bool>(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    const AHEAD: usize = 2;
    let query: &[f32] = bytemuck::cast_slice(query.bytes());
    for (i, (&node, score)) in nodes.iter().zip(scores).enumerate() {
        if let Some(&next) = nodes.get(i + AHEAD) {
            rows.prefetch(next);
        }
        *score = sum_with::<FUSED, false>(query, bytemuck::cast_slice(rows.row(node)));
    }
}

/// The sum of `x y`, or with `SQUARES` of `(x - y)²`.
///
/// `FUSED` where the processor multiplies and adds in one instruction; elsewhere that is a slow call.
#[inline(always)]
fn sum_with<const FUSED: bool, const SQUARES: bool>(a: &[f32], b: &[f32]) -> f32 {
    let add = |x: f32, y: f32, sum: f32| {
        let (x, y) = if SQUARES { (x - y, x - y) } else { (x, y) };
        if FUSED { x.mul_add(y, sum) } else { sum + x * y }
    };
    let length = a.len().min(b.len());
    let (a_chunks, a_rest) = a[..length].as_chunks::<LANES>();
    let (b_chunks, b_rest) = b[..length].as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] = add(x[lane], y[lane], sums[lane]);
        }
    }
    let mut rest = [0.0_f32; 16];
    let (a_lines, a_rest) = a_rest.as_chunks::<16>();
    let (b_lines, b_rest) = b_rest.as_chunks::<16>();
    for (x, y) in a_lines.iter().zip(b_lines) {
        for lane in 0..16 {
            rest[lane] = add(x[lane], y[lane], rest[lane]);
        }
    }
    for lane in 0..16 {
        rest[lane] += (sums[lane] + sums[lane + 16]) + (sums[lane + 32] + sums[lane + 48]);
    }
    let product = |(x, y): (&f32, &f32)| if SQUARES { (x - y) * (x - y) } else { x * y };
    let tail: f32 = a_rest.iter().zip(b_rest).map(product).sum();
    halves(rest) + tail
}

/// The sum, by adding halves, which wide registers do in few steps.
#[inline(always)]
fn halves(sums: [f32; 16]) -> f32 {
    let mut sums = sums;
    for width in [8, 4, 2, 1] {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
    }
    sums[0]
}
