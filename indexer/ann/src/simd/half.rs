//! Inner products of an `f32` query and `f16` rows.

use half::f16;

use super::{CodeRows, Isa, Scorer};
use crate::codes::QueryCode;

pub(super) fn scorer(isa: Isa) -> Scorer {
    match isa {
        Isa::Portable => score,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => wide::score_avx2,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => wide::score_avx512,
    }
}

fn score(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    let query: &[f32] = bytemuck::cast_slice(query.bytes());
    for (&node, score) in nodes.iter().zip(scores) {
        let row = rows
            .row(node)
            .as_chunks()
            .0
            .iter()
            .map(|x| f16::from_le_bytes(*x));
        *score = query.iter().zip(row).map(|(q, x)| q * x.to_f32()).sum();
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{CodeRows, QueryCode};

    /// Rows whose fetching is begun before they are read.
    const AHEAD: usize = 2;

    pub fn score_avx2(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        for (i, (&node, score)) in nodes.iter().zip(scores).enumerate() {
            nodes.get(i + AHEAD).inspect(|next| rows.prefetch(**next));
            #[expect(unsafe_code, reason = "called only where the instructions were detected")]
            unsafe {
                *score = dot_avx2(query.bytes(), rows.row(node));
            }
        }
    }

    pub fn score_avx512(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        for (i, (&node, score)) in nodes.iter().zip(scores).enumerate() {
            nodes.get(i + AHEAD).inspect(|next| rows.prefetch(**next));
            #[expect(unsafe_code, reason = "called only where the instructions were detected")]
            unsafe {
                *score = dot_avx512(query.bytes(), rows.row(node));
            }
        }
    }

    /// 32 numbers a round: 64 bytes of the row, 128 of the query.
    #[target_feature(enable = "avx512f")]
    fn dot_avx512(query: &[u8], row: &[u8]) -> f32 {
        let (query, _) = query.as_chunks::<128>();
        let (row, _) = row.as_chunks::<64>();
        let mut sums = [_mm512_setzero_ps(); 2];
        for (q, x) in query.iter().zip(row) {
            #[expect(unsafe_code, reason = "the loads stay inside the arrays of 128 and 64 bytes")]
            unsafe {
                for (half, sum) in sums.iter_mut().enumerate() {
                    let x = _mm512_cvtph_ps(_mm256_loadu_si256(x.as_ptr().add(32 * half).cast()));
                    let q = _mm512_loadu_ps(q.as_ptr().add(64 * half).cast());
                    *sum = _mm512_fmadd_ps(q, x, *sum);
                }
            }
        }
        _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]))
    }

    #[target_feature(enable = "avx2,fma,f16c")]
    fn dot_avx2(query: &[u8], row: &[u8]) -> f32 {
        let (query, _) = query.as_chunks::<128>();
        let (row, _) = row.as_chunks::<64>();
        let mut sums = [_mm256_setzero_ps(); 4];
        for (q, x) in query.iter().zip(row) {
            #[expect(unsafe_code, reason = "the loads stay inside the arrays of 128 and 64 bytes")]
            unsafe {
                for (quarter, sum) in sums.iter_mut().enumerate() {
                    let x = _mm256_cvtph_ps(_mm_loadu_si128(x.as_ptr().add(16 * quarter).cast()));
                    let q = _mm256_loadu_ps(q.as_ptr().add(32 * quarter).cast());
                    *sum = _mm256_fmadd_ps(q, x, *sum);
                }
            }
        }
        let sum = _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3]));
        let sum = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
        let sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)))
    }
}
