//! Exact search: every document against every query. Slow and right: the judge of recall.

use rayon::prelude::*;

use super::{Neighbor, Vectors, dot};

/// The `k` documents with the highest inner product for each query, best first, ties by row.
///
/// `queries` has shape `(Q, D)`, `documents` `(N, D)`; each answer has `min(k, N)` entries.
/// Documents are walked in tiles that stay in the processor's cache while all queries of a thread
/// look at them.
pub fn exact_top_k(queries: &Vectors, documents: &Vectors, k: usize) -> Vec<Vec<Neighbor>> {
    assert_eq!(
        queries.dimension(),
        documents.dimension(),
        "queries and documents of one model"
    );
    const QUERIES_PER_TASK: usize = 32;
    const DOCUMENTS_PER_TILE: usize = 256;
    let rows: Vec<&[f32]> = queries.rows().collect();
    rows.par_chunks(QUERIES_PER_TASK)
        .flat_map_iter(|queries| {
            let mut best: Vec<TopK> = queries.iter().map(|_| TopK::new(k)).collect();
            for start in (0..documents.len()).step_by(DOCUMENTS_PER_TILE) {
                let end = (start + DOCUMENTS_PER_TILE).min(documents.len());
                for (query, top) in queries.iter().zip(&mut best) {
                    for row in start..end {
                        top.offer(Neighbor {
                            row: row as u32,
                            score: dot(query, documents.row(row)),
                        });
                    }
                }
            }
            best.into_iter().map(TopK::into_sorted)
        })
        .collect()
}

/// The best `k` seen so far, cut back to `k` whenever twice as many have gathered.
#[derive(Debug, Clone)]
pub struct TopK {
    k: usize,
    gathered: Vec<Neighbor>,
    floor: f32,
}

impl TopK {
    /// Nothing seen yet. Room for up to `2 * k` is taken as it is needed.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            gathered: Vec::new(),
            floor: f32::NEG_INFINITY,
        }
    }

    /// Nothing worse than this can still get in.
    pub fn floor(&self) -> f32 {
        self.floor
    }

    /// The rows that may still be among the best, in no order.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        self.gathered.iter().map(|candidate| candidate.row)
    }

    /// Takes a candidate that is among the best, and forgets any other.
    pub fn offer(&mut self, candidate: Neighbor) {
        if self.k == 0 || candidate.score < self.floor {
            return;
        }
        self.gathered.push(candidate);
        if self.gathered.len() == 2 * self.k {
            self.gathered
                .select_nth_unstable_by(self.k - 1, Neighbor::best_first);
            self.gathered.truncate(self.k);
            self.floor = self.gathered[self.k - 1].score;
        }
    }

    /// What another has seen comes to this; both have the same `k`.
    pub fn merge(&mut self, other: TopK) {
        for candidate in other.gathered {
            self.offer(candidate);
        }
    }

    /// The best, best first, ties by row.
    pub fn into_sorted(mut self) -> Vec<Neighbor> {
        self.gathered.sort_unstable_by(Neighbor::best_first);
        self.gathered.truncate(self.k);
        self.gathered.shrink_to_fit();
        self.gathered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_sorting_everything() {
        let value = |i: usize| ((i * 7919 % 1009) as f32 / 1009.0) - 0.5;
        let documents = Vectors::from_rows(8, (0..8 * 700).map(value).collect());
        let queries = Vectors::from_rows(8, (0..8 * 40).map(|i| value(i * 3 + 1)).collect());
        for k in [0, 1, 10, 699, 1000] {
            let found = exact_top_k(&queries, &documents, k);
            for (query, found) in queries.rows().zip(&found) {
                let mut all: Vec<Neighbor> = documents
                    .rows()
                    .enumerate()
                    .map(|(row, document)| Neighbor {
                        row: row as u32,
                        score: dot(query, document),
                    })
                    .collect();
                all.sort_by(Neighbor::best_first);
                all.truncate(k);
                assert_eq!(found, &all);
            }
        }
    }

    #[test]
    fn what_two_have_seen_is_what_one_would_have_seen() {
        let neighbor = |row: u32| Neighbor {
            row,
            score: (row * 7919 % 101) as f32,
        };
        let seen = |rows: std::ops::Range<u32>| {
            let mut best = TopK::new(7);
            rows.for_each(|row| best.offer(neighbor(row)));
            best
        };
        let (all, mut first) = (seen(0..300), seen(0..90));
        first.merge(seen(90..300));
        assert!(first.floor() <= first.clone().into_sorted()[6].score);
        assert_eq!(first.into_sorted(), all.into_sorted());
    }

    #[test]
    fn ties_go_to_the_lower_row() {
        let documents = Vectors::from_rows(1, vec![1.0; 100]);
        let found = exact_top_k(&Vectors::from_rows(1, vec![1.0]), &documents, 3);
        assert_eq!(found[0].iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
