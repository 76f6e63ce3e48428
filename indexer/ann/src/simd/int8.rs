//! Inner products of an `i8` query and rows of `u8`, whose zero is 128: what VNNI multiplies in one instruction. What
//! the shift of the rows adds is the same for every row of a query, and is taken off.

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
    let numbers: &[i8] = bytemuck::cast_slice(query.bytes());
    for (&node, score) in nodes.iter().zip(scores) {
        let products = numbers.iter().zip(rows.row(node));
        let sum: i32 = products.map(|(q, x)| i32::from(*q) * i32::from(*x)).sum();
        *score = (sum - query.shift()) as f32;
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{CodeRows, QueryCode};

    /// Rows that are multiplied side by side.
    const TOGETHER: usize = 4;

    pub fn score_avx512(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        #[expect(unsafe_code, reason = "called only where the instructions were detected")]
        unsafe {
            score_vnni(query, rows, nodes, scores);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn score_vnni(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        let (lines, _) = query.bytes().as_chunks::<64>();
        let (groups, rest) = nodes.as_chunks::<TOGETHER>();
        for (g, group) in groups.iter().enumerate() {
            let next = &nodes[(g + 1) * TOGETHER..];
            next.iter().take(TOGETHER).for_each(|next| rows.prefetch(*next));
            let sums = sums(lines, group.map(|node| rows.row(node)));
            for (score, sum) in scores[g * TOGETHER..].iter_mut().zip(sums) {
                *score = (sum - query.shift()) as f32;
            }
        }
        for (&node, score) in rest.iter().zip(&mut scores[groups.len() * TOGETHER..]) {
            let [sum] = sums(lines, [rows.row(node)]);
            *score = (sum - query.shift()) as f32;
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sums<const N: usize>(query: &[[u8; 64]], rows: [&[u8]; N]) -> [i32; N] {
        let rows = rows.map(|row| row.as_chunks::<64>().0);
        let mut sums = [_mm512_setzero_si512(); N];
        for (line, q) in query.iter().enumerate() {
            #[expect(unsafe_code, reason = "the loads stay inside arrays of 64 bytes")]
            unsafe {
                let q = _mm512_loadu_si512(q.as_ptr().cast());
                for (row, sum) in rows.iter().zip(&mut sums) {
                    let x = _mm512_loadu_si512(row[line].as_ptr().cast());
                    *sum = _mm512_dpbusd_epi32(*sum, x, q);
                }
            }
        }
        sums.map(|sum| _mm512_reduce_add_epi32(sum))
    }

    pub fn score_avx2(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        for (i, (&node, score)) in nodes.iter().zip(scores).enumerate() {
            nodes.get(i + 2).inspect(|next| rows.prefetch(**next));
            #[expect(unsafe_code, reason = "called only where the instructions were detected")]
            let sum = unsafe { sum_avx2(query.bytes(), rows.row(node)) };
            *score = (sum - query.shift()) as f32;
        }
    }

    /// Through 16 bits, because the instruction for 8 bits saturates.
    #[target_feature(enable = "avx2")]
    fn sum_avx2(query: &[u8], row: &[u8]) -> i32 {
        let (query, _) = query.as_chunks::<32>();
        let (row, _) = row.as_chunks::<32>();
        let mut sums = [_mm256_setzero_si256(); 2];
        for (q, x) in query.iter().zip(row) {
            #[expect(unsafe_code, reason = "the loads stay inside arrays of 32 bytes")]
            unsafe {
                for (half, sum) in sums.iter_mut().enumerate() {
                    let q = _mm256_cvtepi8_epi16(_mm_loadu_si128(q.as_ptr().add(16 * half).cast()));
                    let x = _mm256_cvtepu8_epi16(_mm_loadu_si128(x.as_ptr().add(16 * half).cast()));
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(q, x));
                }
            }
        }
        let sum = _mm256_add_epi32(sums[0], sums[1]);
        let sum = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
        let sum = _mm_add_epi32(sum, _mm_shuffle_epi32::<0b1110>(sum));
        _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32::<0b01>(sum)))
    }
}
