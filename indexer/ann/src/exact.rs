//! Search by comparing with every row: for small sets, for selective filters, and as the judge of recall.

use std::collections::BinaryHeap;

use crate::graph::Neighbor;
use crate::metric::Metric;
use crate::row_set::RowSet;
use crate::rows::Rows;

/// The up to `k` rows nearest to `query` among those accepted (none for all), best first, ties by row.
///
/// Nothing is found for a query of another dimension than the rows have.
pub fn exact(
    rows: Rows<'_>,
    metric: Metric,
    query: &[f32],
    k: usize,
    accept: Option<&RowSet>,
) -> Vec<Neighbor> {
    let mut best = Best::new(k);
    if query.len() == rows.dimension() && k > 0 {
        let mut offer = |row: u32| {
            if let Some(vector) = rows.get(row as usize) {
                best.offer(Neighbor {
                    row,
                    score: metric.score(query, vector),
                });
            }
        };
        match accept {
            Some(accept) => accept.iter().for_each(&mut offer),
            None => (0..rows.len() as u32).for_each(&mut offer),
        }
    }
    best.finish()
}

/// The best `k` of those offered.
struct Best {
    k: usize,
    /// The worst on top.
    heap: BinaryHeap<WorstFirst>,
}

struct WorstFirst(Neighbor);

impl Best {
    fn new(k: usize) -> Self {
        let heap = BinaryHeap::new();
        Self { k, heap }
    }

    fn offer(&mut self, neighbor: Neighbor) {
        if self.heap.len() < self.k {
            self.heap.push(WorstFirst(neighbor));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && WorstFirst(neighbor) < *worst
        {
            *worst = WorstFirst(neighbor);
        }
    }

    fn finish(self) -> Vec<Neighbor> {
        let mut found: Vec<Neighbor> = self
            .heap
            .into_iter()
            .map(|WorstFirst(neighbor)| neighbor)
            .collect();
        found.sort_unstable_by(Neighbor::best_first);
        found
    }
}

impl Ord for WorstFirst {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Neighbor::best_first(&self.0, &other.0)
    }
}

impl PartialOrd for WorstFirst {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for WorstFirst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for WorstFirst {}
