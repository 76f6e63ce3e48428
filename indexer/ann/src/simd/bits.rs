//! Agreement of signs: bits that are equal, less those that differ.

use super::{CodeRows, Isa, Scorer};
use crate::codes::QueryCode;

pub(super) fn scorer(isa: Isa) -> Scorer {
    match isa {
        Isa::Portable => score,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => score_avx2,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => score_avx512,
    }
}

fn score(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    score_with(query, rows, nodes, scores);
}

#[cfg(target_arch = "x86_64")]
fn score_avx2(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    #[target_feature(enable = "avx2,popcnt")]
    fn inner(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        score_with(query, rows, nodes, scores);
    }
    #[expect(unsafe_code, reason = "called only where the instructions were detected")]
    unsafe {
        inner(query, rows, nodes, scores);
    }
}

#[cfg(target_arch = "x86_64")]
fn score_avx512(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    #[target_feature(enable = "avx512f,avx512vl,avx512vpopcntdq,popcnt")]
    fn inner(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
        score_with(query, rows, nodes, scores);
    }
    #[expect(unsafe_code, reason = "called only where the instructions were detected")]
    unsafe {
        inner(query, rows, nodes, scores);
    }
}

#[inline(always)]
fn score_with(query: &QueryCode, rows: CodeRows<'_>, nodes: &[u32], scores: &mut [f32]) {
    const AHEAD: usize = 4;
    let numbers: &[u64] = bytemuck::cast_slice(query.bytes());
    for (i, (&node, score)) in nodes.iter().zip(scores).enumerate() {
        if let Some(&next) = nodes.get(i + AHEAD) {
            rows.prefetch(next);
        }
        let row: &[u64] = bytemuck::cast_slice(rows.row(node));
        let differ: u32 = numbers.iter().zip(row).map(|(q, x)| (q ^ x).count_ones()).sum();
        *score = -(differ as f32);
    }
}
