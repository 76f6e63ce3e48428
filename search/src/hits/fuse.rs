//! One ranking from two: reciprocal rank fusion.
//!
//! Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
//! methods" (SIGIR 2009), equation 1: score(d) = Σ 1 / (60 + rank of d). Ranks rather than scores, because
//! BM25 has no upper bound and inner products have, so that their sum would follow whichever is larger.

use std::collections::HashMap;

use encoder::vectors::Neighbor;

use super::{Mode, Place};

/// The paper's k: how little the first ranks stand out from those below.
const SMOOTHING: f64 = 60.0;

/// What each half of the index proposes, best first. A half that was not asked is empty.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// By inner product.
    pub vector: Vec<Neighbor>,
    /// By BM25.
    pub bm25: Vec<Neighbor>,
}

/// A row of the index with its place in the answer's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The row in the index.
    pub row: u32,
    /// What it was ordered by.
    pub score: f32,
    /// Its place among the vectors' proposals.
    pub vector: Option<Place>,
    /// Its place among the words' proposals.
    pub bm25: Option<Place>,
}

/// The best `k` of the candidates, best first; equal scores by row, so that the order is always the same.
pub fn rank(candidates: &Candidates, mode: Mode, k: usize) -> Vec<Ranked> {
    let mut ranked = match mode {
        Mode::Hybrid => fuse(candidates),
        Mode::Vector => places(&candidates.vector)
            .map(|(row, place)| Ranked {
                row,
                score: place.score,
                vector: Some(place),
                bm25: None,
            })
            .collect(),
        Mode::Bm25 => places(&candidates.bm25)
            .map(|(row, place)| Ranked {
                row,
                score: place.score,
                vector: None,
                bm25: Some(place),
            })
            .collect(),
    };
    ranked.truncate(k);
    ranked
}

fn fuse(candidates: &Candidates) -> Vec<Ranked> {
    let mut found: HashMap<u32, (Option<Place>, Option<Place>)> = HashMap::new();
    for (row, place) in places(&candidates.vector) {
        found.entry(row).or_default().0 = Some(place);
    }
    for (row, place) in places(&candidates.bm25) {
        found.entry(row).or_default().1 = Some(place);
    }
    let mut scored: Vec<(f64, Ranked)> = found
        .into_iter()
        .map(|(row, (vector, bm25))| {
            let score: f64 = [vector, bm25].iter().flatten().map(reciprocal).sum();
            (
                score,
                Ranked {
                    row,
                    score: score as f32,
                    vector,
                    bm25,
                },
            )
        })
        .collect();
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.row.cmp(&other.row)));
    scored.into_iter().map(|(_, ranked)| ranked).collect()
}

fn reciprocal(place: &Place) -> f64 {
    1.0 / (SMOOTHING + place.rank as f64)
}

fn places(neighbors: &[Neighbor]) -> impl Iterator<Item = (u32, Place)> {
    neighbors.iter().zip(1..).map(|(found, rank)| {
        (
            found.row,
            Place {
                rank,
                score: found.score,
            },
        )
    })
}
