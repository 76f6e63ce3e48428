//! What one search needs besides the graph, kept and used again.
//!
//! A search marks the nodes it has seen. Clearing marks would cost as much as the index is large,
//! so each search has a number of its own, the epoch, and a mark holds where it equals that number.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

/// A node and its inner product with the query. Greater is better; equal scores go to the lower row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub score: f32,
    pub row: u32,
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.row.cmp(&self.row))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scored {}

/// Marks on nodes that are all taken back at once.
#[derive(Debug, Default)]
pub(super) struct Visited {
    marks: Vec<u32>,
    epoch: u32,
}

impl Visited {
    /// Takes all marks back and makes room for `count` nodes.
    fn restart(&mut self, count: usize) {
        self.marks.resize(count, 0);
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }

    /// Marks a node; whether it had no mark before. Nodes that do not exist count as marked.
    pub fn insert(&mut self, row: u32) -> bool {
        match self.marks.get_mut(row as usize) {
            Some(mark) if *mark != self.epoch => {
                *mark = self.epoch;
                true
            }
            _ => false,
        }
    }
}

/// The buffers of one search; nothing is allocated per hop.
#[derive(Debug, Default)]
pub(super) struct SearchContext {
    pub visited: Visited,
    /// `C` of the paper: nodes whose neighbours have not been looked at, best on top.
    pub candidates: BinaryHeap<Scored>,
    /// `W` of the paper: the best nodes so far, worst on top.
    pub nearest: BinaryHeap<std::cmp::Reverse<Scored>>,
    /// Neighbours of one node that have not been seen yet.
    pub fresh: Vec<u32>,
}

impl SearchContext {
    /// Empties all buffers for a search in `count` nodes.
    pub fn restart(&mut self, count: usize) {
        self.visited.restart(count);
        self.candidates.clear();
        self.nearest.clear();
    }
}

/// Contexts that wait for their next search: one per search that ran at the same time.
#[derive(Debug, Default)]
pub(super) struct ContextPool(Mutex<Vec<SearchContext>>);

impl ContextPool {
    /// Runs `search` with a context of the pool.
    pub fn with<T>(&self, search: impl FnOnce(&mut SearchContext) -> T) -> T {
        let waiting = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut context = waiting().pop().unwrap_or_default();
        let found = search(&mut context);
        waiting().push(context);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_end_with_their_epoch_even_when_the_numbers_run_out() {
        let mut visited = Visited {
            marks: Vec::new(),
            epoch: u32::MAX - 1,
        };
        for _ in 0..3 {
            visited.restart(2);
            assert!(visited.insert(0) && !visited.insert(0) && visited.insert(1));
            assert!(!visited.insert(2), "no such node");
        }
    }

    #[test]
    fn of_equal_scores_the_lower_row_is_better() {
        let (low, high) = (Scored { score: 0.5, row: 1 }, Scored { score: 0.5, row: 2 });
        assert!(low > high);
    }
}
