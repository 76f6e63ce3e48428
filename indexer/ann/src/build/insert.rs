//! Inserting a batch: neighbours out, then links back.

use std::ops::Range;

use rayon::prelude::*;

use super::Building;
use super::select::Choice;
use crate::walk::{Context, Space, descend, score_of, widen};

/// The neighbours of a new node on layer 0, 1, …, its highest.
type Chosen = Vec<Vec<u32>>;

/// A link back: from a neighbour of layer `layer` to the new node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Back {
    layer: usize,
    from: u32,
    to: u32,
}

impl Building {
    /// Inserts the nodes of a range, which come next.
    pub(super) fn insert(&mut self, batch: Range<usize>) {
        let nodes = batch.start as u32..batch.end as u32;
        let chosen: Vec<Chosen> = nodes
            .clone()
            .into_par_iter()
            .map(|node| self.choose(node, batch.start))
            .collect();
        let mut back: Vec<Back> = Vec::new();
        for (to, layers) in nodes.zip(chosen) {
            for (layer, near) in layers.into_iter().enumerate() {
                back.extend(near.iter().map(|&from| Back { layer, from, to }));
                self.links.layers[layer].set(to, near);
            }
        }
        back.par_sort_unstable();
        self.link_back(&back);
    }

    /// The neighbours of a node among the first `inserted` ones.
    fn choose(&self, node: u32, inserted: usize) -> Chosen {
        // Nodes that come later have no links yet, so a walk never meets them.
        debug_assert!((node as usize) >= inserted);
        let space = self.space();
        self.contexts.with(|context| {
            self.coder.query_of_code(space.rows.row(node), &mut context.query);
            self.choose_on_layers(&space, node, inserted, context)
        })
    }

    fn choose_on_layers(
        &self,
        space: &Space<'_>,
        node: u32,
        inserted: usize,
        context: &mut Context,
    ) -> Chosen {
        let layers = &self.links.layers;
        let top_of_all = self.links.top_of(0);
        let top = self.links.top_of(node);
        let mut best = (score_of(space, context, 0), 0);
        for layer in layers[top + 1..=top_of_all].iter().rev() {
            best = descend(space, context, best, |near| layer.near(near), |near| near);
        }
        let mut choice = Choice::default();
        let mut chosen: Chosen = vec![Vec::new(); top + 1];
        for (number, layer) in layers[..=top].iter().enumerate().rev() {
            let ef = self.parameters.ef_construction.min(inserted);
            widen(space, context, best, ef, |near| layer.near(near));
            let candidates = context.pool.entries();
            if let Some(nearest) = candidates.first() {
                best = (nearest.score(), nearest.node());
            }
            let candidates = candidates.iter().copied();
            chosen[number] = self.select(space, (node, self.parameters.m), candidates, &mut choice);
        }
        chosen
    }

    /// Makes the links back, sorted by where they start; lists that are full are chosen anew.
    fn link_back(&mut self, back: &[Back]) {
        let groups: Vec<&[Back]> = back
            .chunk_by(|a, b| (a.layer, a.from) == (b.layer, b.from))
            .collect();
        let (free, full): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| {
            let Back { layer, from, .. } = group[0];
            self.links.layers[layer].has_room(from, group.len())
        });
        for group in free {
            let Back { layer, from, .. } = group[0];
            self.links.layers[layer].extend(from, group.iter().map(|back| back.to));
        }
        let cut: Vec<Vec<u32>> = full.par_iter().map(|group| self.cut(group)).collect();
        for (group, near) in full.into_iter().zip(cut) {
            let Back { layer, from, .. } = group[0];
            self.links.layers[layer].set(from, near);
        }
    }

    fn cut(&self, group: &[Back]) -> Vec<u32> {
        let Back { layer, from, .. } = group[0];
        let layer = &self.links.layers[layer];
        let near: Vec<u32> = layer
            .near(from)
            .iter()
            .copied()
            .chain(group.iter().map(|back| back.to))
            .collect();
        self.select_again(&self.space(), (from, layer.width), &near, &mut Choice::default())
    }
}
