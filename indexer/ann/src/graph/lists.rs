//! The graph as lists, for whoever writes it in another form.

use super::Graph;
use crate::error::Result;

/// A node with its neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The row of the vectors that it is.
    pub row: u32,
    /// Its neighbours on layer 0, on layer 1, …, by their numbers; on layer 0 nearest first.
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
        let row_of = self.numbers(&self.layout.rows);
        let count = self.len();
        let near = |list: &[u32]| -> Vec<u32> {
            let nodes = list.iter().copied();
            nodes.take_while(|near| (*near as usize) < count).collect()
        };
        let mut nodes: Vec<Node> = (0..count as u32)
            .map(|node| Node {
                row: row_of.get(node as usize).unwrap_or_default(),
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
        Ok(nodes)
    }
}
