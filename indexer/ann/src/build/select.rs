//! Which candidates become neighbours: those that no chosen one is nearer to (Malkov & Yashunin 2018, Algorithm 4), so
//! that links lead in all directions.

use crate::walk::{Entry, Space};

use super::Building;
use crate::codes::QueryCode;

/// The part of a list that is filled in any case.
const KEPT: (usize, usize) = (3, 4);

/// The buffers of a choice.
#[derive(Debug, Default)]
pub(super) struct Choice {
    query: QueryCode,
    scores: Vec<f32>,
    /// The node that chooses, then those it has chosen.
    chosen: Vec<u32>,
    /// Those that were passed over, nearest first.
    others: Vec<u32>,
}

impl Building {
    /// Up to `width` of `candidates`, which are sorted, best first: those that lead in new directions, and then the
    /// nearest others until three quarters are filled (`keepPrunedConnections` of the paper's algorithm), which leaves
    /// room for links that are still to come.
    pub(super) fn select(
        &self,
        space: &Space<'_>,
        (node, width): (u32, usize),
        candidates: impl IntoIterator<Item = Entry>,
        choice: &mut Choice,
    ) -> Vec<u32> {
        let Choice {
            query,
            scores,
            chosen,
            others,
        } = choice;
        chosen.clear();
        chosen.push(node);
        others.clear();
        for candidate in candidates {
            if chosen.len() > width {
                break;
            }
            let candidate = candidate.node();
            if candidate == node {
                continue;
            }
            self.coder.query_of_code(space.rows.row(candidate), query);
            space.score(query, chosen, scores);
            let (to_node, to_chosen) = (scores[0], &scores[1..]);
            if to_chosen.iter().all(|score| *score < to_node) {
                chosen.push(candidate);
            } else {
                others.push(candidate);
            }
        }
        let filled = 1 + width * KEPT.0 / KEPT.1;
        chosen.extend(others.iter().take(filled.saturating_sub(chosen.len())));
        chosen[1..].to_vec()
    }

    /// The neighbours of a full list that stay, by their scores.
    pub(super) fn select_again(
        &self,
        space: &Space<'_>,
        (node, width): (u32, usize),
        near: &[u32],
        choice: &mut Choice,
    ) -> Vec<u32> {
        self.coder.query_of_code(space.rows.row(node), &mut choice.query);
        space.score(&choice.query, near, &mut choice.scores);
        let scored = near.iter().zip(&choice.scores);
        let mut entries: Vec<Entry> = scored.map(|(near, score)| Entry::new(*score, *near)).collect();
        entries.sort_unstable();
        entries.dedup();
        self.select(space, (node, width), entries, choice)
    }
}
