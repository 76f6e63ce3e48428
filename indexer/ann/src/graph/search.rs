//! From a query to its nearest rows: plan, walk, score again.

use super::{Graph, Neighbor};
use crate::error::Result;
use crate::exact::exact;
use crate::row_set::RowSet;
use crate::rows::Rows;
use crate::simd::prefetch;
use crate::walk::{Context, Space, descend, score_of, widen};

/// What a search is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'a> {
    /// Neighbours wanted.
    pub k: usize,
    /// Width of the walk: how many of the best nodes seen it keeps; never used below `k`. More find more, slower.
    pub ef: usize,
    /// The rows that may be found; none for all.
    pub accept: Option<&'a RowSet>,
}

/// How the neighbours were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By walking the graph, approximately.
    Walk,
    /// By comparing with every row that may be found, exactly.
    Exact,
}

impl Strategy {
    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Exact => "exact",
        }
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first, ties by row.
    pub neighbors: Vec<Neighbor>,
    /// How they were found.
    pub strategy: Strategy,
}

/// Rows compared in the time that a walk takes for each node that it keeps: it meets about ten new nodes for each one,
/// in random places, but reads a quarter of the bytes.
const ROWS_PER_KEPT_NODE: usize = 8;

impl Graph {
    /// The up to `k` rows nearest to `query`, which has [`Graph::dimension`] numbers (and length 1 for
    /// [`Metric::Cosine`](crate::Metric::Cosine)). `rows` are the vectors that the graph was made of, in the same order.
    /// Nothing is found for a query of another dimension.
    ///
    /// Where few rows are accepted, all of them are compared; where many are, the walk keeps as many more nodes as
    /// others are met in between.
    ///
    /// # Errors
    /// The graph's file or that of `rows` is damaged.
    pub fn search(&self, rows: Rows<'_>, query: &[f32], options: SearchOptions<'_>) -> Result<Found> {
        let found = self.plan(rows, query, options);
        self.file.intact()?;
        rows.intact()?;
        Ok(found)
    }

    fn plan(&self, rows: Rows<'_>, query: &[f32], options: SearchOptions<'_>) -> Found {
        let SearchOptions { k, ef, accept } = options;
        let mut found = Found {
            neighbors: Vec::new(),
            strategy: Strategy::Walk,
        };
        if k == 0 || query.len() != self.dimension() || rows.dimension() != self.dimension() {
            return found;
        }
        let ef = ef.max(k).min(self.header.count);
        let Some(accept) = accept else {
            found.neighbors = self.walk(rows, query, (k, ef), None);
            return found;
        };
        let accepted = accept.count();
        let width = (ef * self.len()).div_ceil(accepted.max(1));
        if accepted > k && width.saturating_mul(ROWS_PER_KEPT_NODE) < accepted {
            found.neighbors = self.walk(rows, query, (k, width), Some(accept));
            // The accepted rows can all lie far from the query, where the walk never came.
            if found.neighbors.len() == k {
                return found;
            }
        }
        found.strategy = Strategy::Exact;
        found.neighbors = exact(rows, self.metric(), query, k, Some(accept));
        found
    }

    fn walk(
        &self,
        rows: Rows<'_>,
        query: &[f32],
        (k, ef): (usize, usize),
        accept: Option<&RowSet>,
    ) -> Vec<Neighbor> {
        let space = self.space();
        self.contexts.with(|context| {
            self.header.coder.query(query, &mut context.query);
            let start = self.descend(&space, context);
            let (level0, width) = (self.numbers(&self.layout.level0), self.header.width);
            widen(&space, context, start, ef, |node| {
                level0.list(width, node as usize)
            });
            self.score_again(rows, query, k, (context, accept))
        })
    }

    /// From the entry point to the best node of layer 1, which is where layer 0 is entered.
    fn descend(&self, space: &Space<'_>, context: &mut Context) -> (f32, u32) {
        let nodes = self.numbers(&self.layout.nodes);
        let node_of = |number: u32| nodes.get(number as usize).unwrap_or(u32::MAX);
        let mut best = (score_of(space, context, self.entry()), 0);
        for layer in self.layout.layers.iter().rev() {
            let (lists, m) = (self.numbers(layer), self.header.m);
            let near = |number: u32| lists.list(m, number as usize);
            best = descend(space, context, best, near, node_of);
        }
        let node = node_of(best.1);
        if node as usize >= space.count {
            (best.0, self.entry())
        } else {
            (best.0, node)
        }
    }

    /// The best of the walk's nodes that are accepted, by their vectors in full.
    fn score_again(
        &self,
        rows: Rows<'_>,
        query: &[f32],
        k: usize,
        (context, accept): (&Context, Option<&RowSet>),
    ) -> Vec<Neighbor> {
        let mut found: Vec<Neighbor> = Vec::with_capacity(context.pool.entries().len());
        let mut least = f32::NEG_INFINITY;
        for entry in context.pool.entries() {
            if entry.score() < least {
                break;
            }
            let before = found.len();
            let rows = self.rows_of(entry.node());
            let accepted = rows.filter(|row| accept.is_none_or(|accept| accept.contains(*row)));
            found.extend(accepted.map(|row| Neighbor { row, score: 0.0 }));
            if before < k && found.len() >= k {
                least = entry.score() - self.header.coder.doubt(&context.query, entry.score());
            }
        }
        for i in 0..found.len() {
            if let Some(next) = found.get(i + 2).and_then(|next| rows.get(next.row as usize)) {
                prefetch(next);
            }
            // A row that the vectors do not have is a row of a file that lies.
            let row = rows.get(found[i].row as usize);
            found[i].score = row.map_or(f32::NEG_INFINITY, |row| self.metric().score(query, row));
        }
        found.retain(|neighbor| neighbor.score > f32::NEG_INFINITY);
        found.sort_unstable_by(Neighbor::best_first);
        found.truncate(k);
        found
    }
}
