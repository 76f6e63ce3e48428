//! Agreement of signs: bits that are equal, less those that differ.

use super::{CodeRows, Isa, Scorer};
use crate::codes::QueryCode;

scorer! {
    portable: score_with,
    wide: score_with,
    avx2: "avx2,popcnt",
    avx512: "avx512f,avx512vl,avx512vpopcntdq,popcnt"
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
