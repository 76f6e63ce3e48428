//! The search of Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
//! Navigable Small World graphs" (2018).
//!
//! | here | paper |
//! | --- | --- |
//! | [`descend`] | Algorithm 5, K-NN-SEARCH, lines 3–5: SEARCH-LAYER with `ef` = 1 on the upper layers |
//! | [`widen`] | Algorithm 2, SEARCH-LAYER; `C` and `W` are one sorted [`Pool`], as in Fu et al., NSG (2019) |
//!
//! The same code walks the frozen graph of a file and the lists of a graph that is being built.

mod pool;
mod visited;

pub(crate) use pool::{Entry, MOST_NODES, Pool};
use visited::Visited;

use crate::codes::QueryCode;
use crate::mapped::MappedFile;
use crate::simd::{CodeRows, Scorer, prefetch};

/// Coded rows and how they are scored.
#[derive(Clone, Copy)]
pub(crate) struct Space<'a> {
    pub rows: CodeRows<'a>,
    pub scorer: Scorer,
    /// The part of each row's score that no query changes; empty where there is none.
    pub biases: &'a [f32],
    /// Number of rows.
    pub count: usize,
    /// The file that all this lies in; none while a graph is being built.
    pub origin: Option<Origin<'a>>,
}

/// A file, and where its codes and biases begin.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub file: &'a MappedFile,
    pub codes: usize,
    pub biases: usize,
}

impl Space<'_> {
    /// Scores nodes, all of which exist.
    #[inline(always)]
    pub fn score(&self, query: &QueryCode, nodes: &[u32], scores: &mut Vec<f32>) {
        self.touch(nodes);
        scores.clear();
        scores.resize(nodes.len(), 0.0);
        (self.scorer)(query, self.rows, nodes, scores);
        if !self.biases.is_empty() {
            for (score, node) in scores.iter_mut().zip(nodes) {
                *score += self.biases[*node as usize] * query.bias_scale();
            }
        }
    }

    /// Checks what is read of nodes, where it is read for the first time.
    #[inline(always)]
    fn touch(&self, nodes: &[u32]) {
        let Some(origin) = self.origin.filter(|origin| !origin.file.is_whole()) else {
            return;
        };
        let stride = self.rows.stride;
        for node in nodes {
            let code = origin.codes + *node as usize * stride;
            origin.file.touch(code..code + stride);
        }
        if !self.biases.is_empty() {
            for node in nodes {
                let bias = origin.biases + *node as usize * size_of::<f32>();
                origin.file.touch(bias..bias + size_of::<f32>());
            }
        }
    }
}

/// The buffers of one walk, kept and used again: nothing is allocated per query.
#[derive(Debug, Default)]
pub(crate) struct Context {
    pub query: QueryCode,
    pub pool: Pool,
    visited: Visited,
    fresh: Vec<u32>,
    scores: Vec<f32>,
}

/// Rows whose fetching begins while neighbours are still looked through.
const FETCHED_EARLY: usize = 4;

/// From `start` to the node of a layer whose neighbours are all farther from the query.
///
/// `neighbors` gives the nodes beside one on the layer; `node_of` tells which row a number of that layer is.
pub(crate) fn descend<'a>(
    space: &Space<'_>,
    context: &mut Context,
    start: (f32, u32),
    neighbors: impl Fn(u32) -> &'a [u32],
    node_of: impl Fn(u32) -> u32,
) -> (f32, u32) {
    let Context {
        query, fresh, scores, ..
    } = context;
    let (mut best, mut here) = start;
    loop {
        let near = neighbors(here);
        fresh.clear();
        fresh.extend(
            near.iter()
                .map(|&number| node_of(number))
                .take_while(|node| (*node as usize) < space.count),
        );
        space.score(query, fresh, scores);
        let before = here;
        for (&number, &score) in near.iter().zip(scores.iter()) {
            if score > best {
                (best, here) = (score, number);
            }
        }
        if here == before {
            return (best, here);
        }
    }
}

/// The score of one node.
pub(crate) fn score_of(space: &Space<'_>, context: &mut Context, node: u32) -> f32 {
    space.score(&context.query, &[node], &mut context.scores);
    context.scores[0]
}

/// Widens from `start` until none of the `ef` best nodes seen has neighbours that were not looked at. They are left in
/// the context's pool.
///
/// `neighbors` gives the nodes beside one; the first number that is no node ends them, so that no number of a file is
/// ever used unchecked.
pub(crate) fn widen<'a>(
    space: &Space<'_>,
    context: &mut Context,
    start: (f32, u32),
    ef: usize,
    neighbors: impl Fn(u32) -> &'a [u32],
) {
    let Context {
        query,
        pool,
        visited,
        fresh,
        scores,
    } = context;
    visited.restart(space.count);
    pool.restart(ef.min(space.count));
    visited.insert(start.1);
    pool.insert(Entry::new(start.0, start.1));
    while let Some(node) = pool.expand() {
        // Most often it stays the next one, and its list is fetched while these neighbours are scored.
        if let Some(next) = pool.peek() {
            prefetch(neighbors(next));
        }
        fresh.clear();
        for &near in neighbors(node) {
            if near as usize >= space.count {
                break;
            }
            if visited.insert(near) {
                if fresh.len() < FETCHED_EARLY {
                    space.rows.prefetch(near);
                }
                fresh.push(near);
            }
        }
        space.score(query, fresh, scores);
        for (&near, &score) in fresh.iter().zip(scores.iter()) {
            pool.insert(Entry::new(score, near));
        }
        if let Some(next) = pool.peek() {
            prefetch(neighbors(next));
        }
    }
}
