//! One ranking from two: a weighted sum of scores, each side scaled to 0..1.
//!
//! Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (ACM TOIS 2023), section 4:
//! a convex combination of min-max scaled scores, α·vector + (1 - α)·BM25. It keeps how far apart two hits
//! are, which reciprocal rank fusion throws away: that gives the weaker side half the say whatever it
//! found, and lost to vectors alone on every set measured here (see ARCHITECTURE.md).
//!
//! A side's scale is that of its first [`FUSION_DEPTH`] candidates, however many there are, so that the best hits are
//! the same ones whether ten are asked for or a thousand.

use std::cmp::Ordering;
use std::collections::HashMap;

use encoder::vectors::Neighbor;

use super::{Mode, Place};

/// The paper's α, chosen on development sets (see ARCHITECTURE.md).
const VECTOR_WEIGHT: f64 = 0.8;

/// What each half proposes for fusion, at least, and what its scale is made of: deep enough that a document which one
/// half ranks low can still be lifted by the other.
pub const FUSION_DEPTH: usize = 100;

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

/// The best `k` of the candidates, best first; equal scores by row, so that the order is always the same. For
/// [`Mode::Hybrid`] each half that was asked proposes [`FUSION_DEPTH`] documents, or all that it has.
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
    let meaning = Scale::of(&candidates.vector, None);
    // A document without a word of the query has the score 0, so that is where a list ends that has all others.
    let words = Scale::of(&candidates.bm25, Some(0.0));
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
    ranked.sort_by(best_first);
    ranked
}

/// By the fused score. It is 0 for all that lies deeper than the scales reach, and has an order of its own: by vectors,
/// then by words. Whatever is left goes by row.
fn best_first(one: &Ranked, other: &Ranked) -> Ordering {
    let by_score = other.score.total_cmp(&one.score);
    if one.score > 0.0 {
        return by_score.then(one.row.cmp(&other.row));
    }
    let score = |place: Option<Place>| place.map_or(f32::NEG_INFINITY, |place| place.score);
    by_score
        .then_with(|| score(other.vector).total_cmp(&score(one.vector)))
        .then_with(|| score(other.bm25).total_cmp(&score(one.bm25)))
        .then(one.row.cmp(&other.row))
}

/// The range of one side's scores for this query.
struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    /// Of `neighbors`, which are sorted, best first. `unlisted` is the score of documents that are in no list which has
    /// room for more; `None` where they have scores of their own.
    fn of(neighbors: &[Neighbor], unlisted: Option<f64>) -> Self {
        let first = &neighbors[..neighbors.len().min(FUSION_DEPTH)];
        let score = |neighbor: Option<&Neighbor>| neighbor.map_or(0.0, |found| f64::from(found.score));
        let last = score(first.last());
        Self {
            lowest: unlisted.filter(|_| first.len() < FUSION_DEPTH).unwrap_or(last),
            highest: score(first.first()),
        }
    }

    /// 1 for the side's best, 0 from its lowest on and for what it did not propose; where all are equal, 1.
    fn share(&self, place: Option<Place>) -> f64 {
        let range = self.highest - self.lowest;
        match place.map(|place| f64::from(place.score)) {
            None => 0.0,
            Some(score) if range <= 0.0 => f64::from(score >= self.highest),
            Some(score) => ((score - self.lowest) / range).max(0.0),
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
