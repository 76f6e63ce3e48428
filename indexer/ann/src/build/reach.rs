//! Every node within reach of the entry point, which choosing among neighbours does not promise.

use super::Building;
use crate::row_set::RowSet;
use crate::walk::{Context, widen};

/// Nodes looked at for one to link from.
const CANDIDATES: usize = 64;

/// The final lists of layer 0.
pub(super) type Lists = Vec<Vec<u32>>;

impl Building {
    /// Gives each node out of reach a link from a node near it that is in reach and has room, and tells how many links
    /// that took. Whatever such a node leads to is then in reach as well.
    pub(super) fn connect(&self, lists: &mut Lists) -> usize {
        let mut reached = RowSet::new(lists.len());
        reach(0, lists, &mut reached);
        let mut context = Context::default();
        let mut added = 0;
        for node in 0..lists.len() as u32 {
            if reached.contains(node) {
                continue;
            }
            let from = self.nearest_reached(node, lists, &mut context);
            lists[from as usize].push(node);
            added += 1;
            reach(node, lists, &mut reached);
        }
        added
    }

    /// A node in reach and near `node`: the nearest with room for one more neighbour, else the one with the fewest.
    fn nearest_reached(&self, node: u32, lists: &Lists, context: &mut Context) -> u32 {
        let space = self.space();
        self.coder.query_of_code(space.rows.row(node), &mut context.query);
        let start = (crate::walk::score_of(&space, context, 0), 0);
        widen(&space, context, start, CANDIDATES, |near| &lists[near as usize]);
        let walked = || context.pool.entries().iter().map(|entry| entry.node());
        let filled = |node: &u32| lists[*node as usize].len();
        walked()
            .find(|node| filled(node) < 2 * self.parameters.m)
            .or_else(|| walked().min_by_key(filled))
            .unwrap_or(0)
    }
}

/// Marks all that can be reached from `start`.
fn reach(start: u32, lists: &Lists, reached: &mut RowSet) {
    let mut waiting = vec![start];
    reached.insert(start);
    while let Some(node) = waiting.pop() {
        let near = lists[node as usize].iter();
        waiting.extend(near.filter(|near| reached.insert(**near)));
    }
}
