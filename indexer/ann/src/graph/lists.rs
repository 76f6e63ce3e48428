//! The graph as lists, for whoever writes it in another form.

use super::Graph;
use crate::error::{AnnError, Result};
use crate::row_set::RowSet;

/// A node with its neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The rows of the vectors that it is: one, or all that have its codes, ascending.
    pub rows: Vec<u32>,
    /// Its neighbours on layer 0, on layer 1, …, by their numbers: those first that were chosen for their directions, then
    /// others; not in the order of their distances.
    pub layers: Vec<Vec<u32>>,
}

impl Graph {
    /// Slots of a node on layer 0 and on each higher one: no list is longer.
    pub fn widths(&self) -> (usize, usize) {
        (self.header.width, self.header.m)
    }

    /// The number of the node where every walk starts.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn entry_point(&self) -> Result<u32> {
        let entry = self.entry();
        self.file.intact()?;
        Ok(entry)
    }

    /// All nodes in the order of their numbers.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn nodes(&self) -> Result<Vec<Node>> {
        let count = self.header.count;
        let near = |list: &[u32]| -> Vec<u32> {
            let nodes = list.iter().copied();
            nodes.take_while(|near| (*near as usize) < count).collect()
        };
        let mut nodes: Vec<Node> = (0..count as u32)
            .map(|node| Node {
                rows: self.rows_of(node).collect(),
                layers: vec![near(self.near(node))],
            })
            .collect();
        // Lists of higher layers are numbered by their place among the nodes that have some.
        let placed = self.numbers(&self.layout.nodes);
        for (layer, part) in (1..).zip(&self.layout.layers) {
            let lists = self.numbers(part);
            for place in 0..self.header.layers[layer - 1] {
                let list = lists.list(self.header.m, place).iter();
                let list: Vec<u32> = list.map_while(|near| placed.get(*near as usize)).collect();
                let node = placed.get(place).and_then(|node| nodes.get_mut(node as usize));
                if let Some(node) = node {
                    node.layers.push(near(&list));
                }
            }
        }
        self.file.intact()?;
        self.each_row_once(&nodes)?;
        Ok(nodes)
    }

    /// Refuses a file by which a node has no row, or a row no node or two.
    fn each_row_once(&self, nodes: &[Node]) -> Result<()> {
        let mut seen = RowSet::new(self.len());
        for node in nodes {
            let is_sound = |row: &u32| (*row as usize) < self.len() && seen.insert(*row);
            if node.rows.is_empty() || !node.rows.iter().all(is_sound) {
                let expected = format!("each of {} rows once", self.len());
                let found = format!("a node with the rows {:?}", node.rows);
                return Err(AnnError::damaged(self.file.path(), expected, found));
            }
        }
        Ok(())
    }
}
