//! The search of Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using
//! Hierarchical Navigable Small World graphs" (2018), with the inner product as nearness.
//!
//! | here | paper |
//! | --- | --- |
//! | [`search`] | Algorithm 5, K-NN-SEARCH |
//! | [`descend`] | its lines 3–5: SEARCH-LAYER with `ef` = 1 on the upper layers |
//! | [`search_layer`] | Algorithm 2, SEARCH-LAYER |

use std::cmp::Reverse;

use encoder::vectors::Neighbor;

use super::context::{Scored, SearchContext};
use super::simd::{dot, prefetch};
use crate::vectors_file::Rows;

/// A graph that can be walked: the frozen file, or lists in memory while one is being made.
pub(crate) trait Links {
    /// Number of nodes.
    fn count(&self) -> usize;
    /// Where every search starts, and the highest layer, which that node is on.
    fn entry(&self) -> (u32, usize);
    /// The neighbours of `node` on `layer`; the first one that is no node ends the list.
    fn neighbors(&self, layer: usize, node: u32) -> &[u32];
}

/// The nodes nearest to `query`, best first, ties by row: up to `ef` of those that the walk saw.
///
/// `query` has as many numbers as a row of `rows`, and `rows` as many rows as `links` has nodes.
pub(super) fn search(
    links: &impl Links,
    rows: Rows<'_>,
    query: &[f32],
    ef: usize,
    context: &mut SearchContext,
) -> Vec<Neighbor> {
    if links.count() == 0 || ef == 0 {
        return Vec::new();
    }
    let nearest_above = descend(links, rows, query);
    context.restart(links.count());
    search_layer(links, rows, query, nearest_above, (ef, context));
    let mut found: Vec<Neighbor> = context
        .nearest
        .drain()
        .map(|Reverse(Scored { score, row })| Neighbor { row, score })
        .collect();
    found.sort_unstable_by(Neighbor::best_first);
    found
}

/// From the entry point down to layer 1, on each layer to the node nearest to `query`.
fn descend(links: &impl Links, rows: Rows<'_>, query: &[f32]) -> Scored {
    let (entry, top) = links.entry();
    let mut best = Scored {
        score: dot(query, rows.row(entry as usize)),
        row: entry,
    };
    for layer in (1..=top).rev() {
        loop {
            let here = best.row;
            for row in nodes(links, layer, here) {
                best = best.max(Scored {
                    score: dot(query, rows.row(row as usize)),
                    row,
                });
            }
            if best.row == here {
                break;
            }
        }
    }
    best
}

/// Widens from `start` on layer 0 until no candidate can improve the `ef` nearest seen.
fn search_layer(
    links: &impl Links,
    rows: Rows<'_>,
    query: &[f32],
    start: Scored,
    (ef, context): (usize, &mut SearchContext),
) {
    let SearchContext {
        visited,
        candidates,
        nearest,
        fresh,
    } = context;
    visited.insert(start.row);
    candidates.push(start);
    nearest.push(Reverse(start));
    while let Some(candidate) = candidates.pop() {
        if nearest.len() >= ef && nearest.peek().is_some_and(|Reverse(worst)| candidate < *worst) {
            break;
        }
        fresh.clear();
        fresh.extend(nodes(links, 0, candidate.row).filter(|row| visited.insert(*row)));
        for (i, &row) in fresh.iter().enumerate() {
            if let Some(&next) = fresh.get(i + 1) {
                prefetch(rows.row(next as usize));
            }
            let seen = Scored {
                score: dot(query, rows.row(row as usize)),
                row,
            };
            if nearest.len() < ef {
                nearest.push(Reverse(seen));
            } else if let Some(mut worst) = nearest.peek_mut().filter(|worst| seen > worst.0) {
                *worst = Reverse(seen);
            } else {
                continue;
            }
            candidates.push(seen);
        }
    }
}

/// The neighbours that exist. Empty slots and damage are numbers of no node and end the list, so
/// that no number of a file is ever used as an index unchecked.
fn nodes(links: &impl Links, layer: usize, node: u32) -> impl Iterator<Item = u32> {
    let count = links.count();
    links
        .neighbors(layer, node)
        .iter()
        .copied()
        .take_while(move |&row| (row as usize) < count)
}
