//! The rows with the highest cosine to each of many queries: exact, blocked, parallel.
//!
//! A tile of rows is scaled to unit length into a buffer that stays in the second-level cache, and all queries
//! pass over it before the next tile is read. So the table is read from memory (or from a mapped file) once for
//! a whole block of queries, and never copied as a whole.

use std::ops::Range;

use encoder::vectors::{Neighbor, TopK, Vectors};
use rayon::prelude::*;

use super::product::{Kernel, LANES, ROWS};
use crate::table::Table;

/// Bytes of a tile: an eighth to a half of what processors have as second-level cache.
const TILE_BYTES: usize = 128 << 10;

/// Queries that pass over the table together; bounds the memory of their answers.
const QUERIES_AT_ONCE: usize = 4096;

/// Queries that pass over a tile together.
const QUERIES_PER_PRODUCT: usize = 4;

/// The `k` of the first `rows` rows with the highest cosine to each query, best first, ties by row.
///
/// Rows for which `excluded(query, row)` holds are left out. A row of zeros has cosine 0 with everything.
pub(super) fn best(
    table: &Table,
    rows: usize,
    queries: &Vectors,
    k: usize,
    excluded: &(impl Fn(usize, u32) -> bool + Sync),
) -> Vec<Vec<Neighbor>> {
    let rows = rows.min(table.rows());
    let k = k.min(rows);
    let mut answers = Vec::with_capacity(queries.len());
    for first in (0..queries.len()).step_by(QUERIES_AT_ONCE) {
        let block = first..queries.len().min(first + QUERIES_AT_ONCE);
        let block = Padded::new(table.dimension(), block.map(|query| queries.row(query)));
        let excluded = |query, row| excluded(first + query, row);
        answers.extend(best_of_block(table, rows, &block, k, &excluded));
    }
    answers
}

/// Unit vectors, each padded with zeros to the width of the registers; shape `(rows, stride)`.
struct Padded {
    stride: usize,
    data: Vec<f32>,
}

impl Padded {
    fn new<'a>(dimension: usize, rows: impl ExactSizeIterator<Item = &'a [f32]>) -> Self {
        let stride = dimension.next_multiple_of(LANES);
        let mut data = vec![0.0; rows.len() * stride];
        for (row, padded) in rows.zip(data.chunks_exact_mut(stride)) {
            normalize(row, padded);
        }
        Padded { stride, data }
    }
}

fn best_of_block(
    table: &Table,
    rows: usize,
    queries: &Padded,
    k: usize,
    excluded: &(impl Fn(usize, u32) -> bool + Sync),
) -> Vec<Vec<Neighbor>> {
    let tile_rows = (TILE_BYTES / (queries.stride * size_of::<f32>())).next_multiple_of(ROWS);
    let tile_rows = tile_rows.max(ROWS);
    let count = queries.data.len() / queries.stride;
    let nothing = || vec![TopK::new(k); count];
    let start = || Run {
        best: nothing(),
        tile: vec![0.0; tile_rows * queries.stride],
        scores: vec![0.0; tile_rows * QUERIES_PER_PRODUCT],
    };
    // Few and long runs of tiles, because each has answers of its own.
    let tiles = rows.div_ceil(tile_rows);
    let tiles_of_run = tiles.div_ceil(4 * rayon::current_num_threads()).max(1);
    let kernel = Kernel::fastest();
    let runs = (0..tiles).into_par_iter().with_min_len(tiles_of_run);
    let runs = runs.fold(start, |mut run, tile| {
        let first = tile * tile_rows;
        fill(
            &mut run.tile,
            table,
            first..rows.min(first + tile_rows),
            queries.stride,
        );
        run.ask(&kernel, queries, first..rows.min(first + tile_rows), excluded);
        run
    });
    let best = runs.map(|run| run.best).reduce(nothing, |mut one, other| {
        one.iter_mut()
            .zip(other)
            .for_each(|(one, other)| one.merge(other));
        one
    });
    best.into_iter().map(TopK::into_sorted).collect()
}

/// A run of tiles by one thread.
struct Run {
    /// The best so far of each query.
    best: Vec<TopK>,
    /// Unit vectors of a tile's rows; shape `(tile rows, stride)`.
    tile: Vec<f32>,
    /// Cosines of some queries and all rows of the tile; shape `(QUERIES_PER_PRODUCT, tile rows)`.
    scores: Vec<f32>,
}

impl Run {
    /// Puts all queries to the tile, which holds `rows`.
    fn ask(
        &mut self,
        kernel: &Kernel,
        queries: &Padded,
        rows: Range<usize>,
        excluded: &impl Fn(usize, u32) -> bool,
    ) {
        let stride = queries.stride;
        let tile_rows = self.tile.len() / stride;
        for (block, queries) in queries.data.chunks(QUERIES_PER_PRODUCT * stride).enumerate() {
            let scores = &mut self.scores[..queries.len() / stride * tile_rows];
            kernel.scores(queries, &self.tile, stride, scores);
            for (query, scores) in (block * QUERIES_PER_PRODUCT..).zip(scores.chunks_exact(tile_rows)) {
                let scores = &scores[..rows.len()];
                offer(&mut self.best[query], scores, rows.start, |row| {
                    excluded(query, row)
                });
            }
        }
    }
}

/// Unit vectors of the rows, then zeros.
fn fill(tile: &mut [f32], table: &Table, rows: Range<usize>, stride: usize) {
    let (full, rest) = tile.split_at_mut(rows.len() * stride);
    for (row, padded) in rows.zip(full.chunks_exact_mut(stride)) {
        normalize(&table.row(row), padded);
    }
    rest.fill(0.0);
}

fn offer(best: &mut TopK, scores: &[f32], first: usize, excluded: impl Fn(u32) -> bool) {
    let mut floor = best.floor();
    for (at, &score) in scores.iter().enumerate() {
        if score >= floor {
            let row = (first + at) as u32;
            if !excluded(row) {
                best.offer(Neighbor { row, score });
                floor = best.floor();
            }
        }
    }
}

/// The row at length 1; a row without a length (all zeros, or not all numbers) stays zero.
fn normalize(row: &[f32], padded: &mut [f32]) {
    let norm = norm(row);
    if norm == 0.0 || !norm.is_finite() {
        padded.fill(0.0);
        return;
    }
    let scale = 1.0 / norm;
    for (padded, &value) in padded.iter_mut().zip(row) {
        *padded = (f64::from(value) * scale) as f32;
    }
}

/// The Euclidean length, without overflow.
pub(super) fn norm(row: &[f32]) -> f64 {
    let chunks = row.chunks_exact(8);
    let rest: f64 = chunks
        .remainder()
        .iter()
        .map(|&value| f64::from(value).powi(2))
        .sum();
    let mut sums = [0.0_f64; 8];
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    (sums.iter().sum::<f64>() + rest).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(i: usize) -> f32 {
        ((i * 7919 % 1009) as f32 / 1009.0) - 0.5
    }

    fn table(rows: usize, dimension: usize) -> Table {
        Vectors::from_rows(dimension, (0..rows * dimension).map(value).collect()).into()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f64 {
        let dot: f64 = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
        dot / (norm(a) * norm(b))
    }

    #[test]
    fn agrees_with_sorting_every_cosine() {
        for (rows, dimension) in [(1, 1), (700, 8), (5000, 50), (333, 17)] {
            let table = table(rows, dimension);
            let queries =
                Vectors::from_rows(dimension, (0..9 * dimension).map(|i| value(i * 5 + 2)).collect());
            let excluded = |query: usize, row: u32| row as usize % 9 == query;
            for k in [0, 1, 10, rows] {
                let found = best(&table, rows, &queries, k, &excluded);
                for (number, (query, found)) in queries.rows().zip(&found).enumerate() {
                    let mut all: Vec<(u32, f64)> = (0..rows as u32)
                        .filter(|&row| !excluded(number, row))
                        .map(|row| (row, cosine(query, &table.row(row as usize))))
                        .collect();
                    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    assert_eq!(found.len(), k.min(all.len()));
                    for (found, (_, cosine)) in found.iter().zip(&all) {
                        assert!((f64::from(found.score) - cosine).abs() < 1e-6);
                    }
                }
            }
        }
    }

    #[test]
    fn ties_go_to_the_first_row_with_any_number_of_threads() {
        let table = Table::from(Vectors::from_rows(2, [3.0, 4.0].repeat(20_000)));
        let query = Vectors::from_rows(2, vec![4.0, 3.0]);
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let found = pool.install(|| best(&table, 20_000, &query, 3, &|_, row| row == 1));
            let rows: Vec<u32> = found[0].iter().map(|found| found.row).collect();
            assert_eq!(rows, [0, 2, 3]);
        }
    }

    #[test]
    fn a_question_alone_has_the_bits_it_has_among_thousands() {
        let table = table(2000, 33);
        let many = Vectors::from_rows(
            33,
            (0..33 * (QUERIES_AT_ONCE + 3))
                .map(|i| value(i * 11 + 5))
                .collect(),
        );
        let all = best(&table, 2000, &many, 2, &|query, row| row as usize == query);
        for query in [0, 1, 4095, 4096, 4098] {
            let alone = Vectors::from_rows(33, many.row(query).to_vec());
            let found = best(&table, 2000, &alone, 2, &|_, row| row as usize == query);
            assert_eq!(found[0], all[query]);
        }
    }

    #[test]
    fn only_the_first_rows_are_looked_at_and_rows_of_zeros_have_cosine_zero() {
        let rows = vec![-1.0, 0.0, 0.0, 0.0, 1e-30, 1e-30, 1e30, 0.0];
        let table = Table::from(Vectors::from_rows(2, rows));
        let query = Vectors::from_rows(2, vec![5.0, 0.0]);
        let found = best(&table, 3, &query, 9, &|_, _| false);
        let found: Vec<(u32, f32)> = found[0].iter().map(|found| (found.row, found.score)).collect();
        assert_eq!(found[1..], [(1, 0.0), (0, -1.0)]);
        assert!((found[0].1 - 0.5_f32.sqrt()).abs() < 1e-6 && found[0].0 == 2);
    }
}
