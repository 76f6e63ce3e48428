//! One ranking from two: a weighted sum of scores, each side scaled to 0..1.
//!
//! Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (ACM TOIS 2023), section 4:
//! a convex combination of min-max scaled scores, α·vector + (1 - α)·BM25. It keeps how far apart two hits
//! are, which reciprocal rank fusion throws away: that gives the weaker side half the say whatever it
//! found, and lost to vectors alone on every set measured here (see ARCHITECTURE.md).

use std::collections::HashMap;

use encoder::vectors::Neighbor;

use super::{Mode, Place};

/// The paper's α, chosen on development sets (see ARCHITECTURE.md).
const VECTOR_WEIGHT: f64 = 0.8;

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
    let (meaning, words) = (Scale::of(&candidates.vector), Scale::of(&candidates.bm25));
    let mut ranked: Vec<Ranked> = found
        .into_iter()
        .map(|(row, (vector, bm25))| {
            let score = VECTOR_WEIGHT * meaning.share(vector) + (1.0 - VECTOR_WEIGHT) * words.share(bm25);
            Ranked {
                row,
                score: score as f32,
                vector,
                bm25,
            }
        })
        .collect();
    ranked.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.row.cmp(&other.row)));
    ranked
}

/// The range of one side's scores for this query.
struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    /// `neighbors` are sorted, best first.
    fn of(neighbors: &[Neighbor]) -> Self {
        let score = |neighbor: Option<&Neighbor>| neighbor.map_or(0.0, |found| f64::from(found.score));
        Self {
            lowest: score(neighbors.last()),
            highest: score(neighbors.first()),
        }
    }

    /// 1 for the side's best, 0 for its last and for what it did not propose; where all are equal, 1.
    fn share(&self, place: Option<Place>) -> f64 {
        match place {
            None => 0.0,
            Some(_) if self.highest <= self.lowest => 1.0,
            Some(place) => (f64::from(place.score) - self.lowest) / (self.highest - self.lowest),
        }
    }
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
