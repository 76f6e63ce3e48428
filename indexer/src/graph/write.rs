//! A graph while it is made: lists in memory, connected where the builder left gaps, then frozen.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::context::SearchContext;
use super::format::{EMPTY, Header};
use super::search::{Links, search};
use super::simd::dot;
use crate::vectors_file::Rows;

/// Neighbour lists of a graph, each nearest first.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Neighbours per node and upper layer at most; twice as many on layer 0.
    pub m: usize,
    /// The node where searches start; it is on the highest layer.
    pub entry: u32,
    /// The neighbours on layer 0 of each node.
    pub level0: Vec<Vec<u32>>,
    /// For each node on layer 1 or higher, its neighbours on layer 1, 2, ….
    pub upper: BTreeMap<u32, Vec<Vec<u32>>>,
}

impl Links for Lists {
    fn count(&self) -> usize {
        self.level0.len()
    }

    fn entry(&self) -> (u32, usize) {
        (self.entry, self.upper.get(&self.entry).map_or(0, Vec::len))
    }

    fn neighbors(&self, layer: usize, node: u32) -> &[u32] {
        let list = match layer {
            0 => self.level0.get(node as usize),
            _ => self.upper.get(&node).and_then(|layers| layers.get(layer - 1)),
        };
        list.map_or(&[], Vec::as_slice)
    }
}

impl Lists {
    /// Makes every node reachable on layer 0 from the entry point, which a builder that prunes
    /// lists (and inserts in parallel) does not promise, and tells how many links that took.
    ///
    /// A node out of reach gets a link from a node near it that is in reach and has room. Whatever
    /// it leads to is then in reach as well.
    pub fn connect(&mut self, rows: Rows<'_>) -> usize {
        const CANDIDATES: usize = 64;
        let mut reached = vec![false; self.level0.len()];
        self.reach(self.entry, &mut reached);
        let mut context = SearchContext::default();
        let mut added = 0;
        for node in 0..self.level0.len() as u32 {
            if reached[node as usize] {
                continue;
            }
            let row = rows.row(node as usize);
            let near: Vec<u32> = search(self, rows, row, CANDIDATES, &mut context)
                .iter()
                .map(|neighbor| neighbor.row)
                .filter(|row| reached[*row as usize])
                .collect();
            let from = self
                .with_room(&near)
                .unwrap_or_else(|| nearest(rows, row, &reached).unwrap_or(self.entry));
            self.level0[from as usize].push(node);
            added += 1;
            self.reach(node, &mut reached);
        }
        added
    }

    /// The first node with room for one more neighbour, else the one with the fewest.
    fn with_room(&self, near: &[u32]) -> Option<u32> {
        let filled = |node: &u32| self.level0[*node as usize].len();
        near.iter()
            .find(|node| filled(node) < 2 * self.m)
            .or_else(|| near.iter().min_by_key(|node| filled(node)))
            .copied()
    }

    /// Marks all that can be reached from `start` on layer 0.
    fn reach(&self, start: u32, reached: &mut [bool]) {
        let mut waiting = vec![start];
        reached[start as usize] = true;
        while let Some(node) = waiting.pop() {
            for &next in &self.level0[node as usize] {
                if !std::mem::replace(&mut reached[next as usize], true) {
                    waiting.push(next);
                }
            }
        }
    }

    /// Writes the graph in the form of the [format module](super::format).
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let header = self.header();
        out.write_all(&header.to_bytes())?;
        for list in &self.level0 {
            write_list(list, header.width as usize, out)?;
        }
        write_list(
            &self.upper.keys().copied().collect::<Vec<_>>(),
            self.upper.len(),
            out,
        )?;
        let mut starts = vec![0_u32];
        for layers in self.upper.values() {
            starts.push(starts[starts.len() - 1] + layers.len() as u32);
        }
        write_list(&starts, starts.len(), out)?;
        for list in self.upper.values().flatten() {
            write_list(list, self.m, out)?;
        }
        Ok(())
    }

    fn header(&self) -> Header {
        let widest = self.level0.iter().map(Vec::len).max().unwrap_or(0);
        Header {
            count: self.level0.len() as u32,
            m: self.m as u32,
            width: widest.max(2 * self.m) as u32,
            entry: self.entry,
            top: self.entry().1 as u32,
            upper: self.upper.len() as u32,
            blocks: self.upper.values().map(Vec::len).sum::<usize>() as u32,
        }
    }
}

/// Writes up to `slots` numbers and fills what is left with [`EMPTY`].
fn write_list(list: &[u32], slots: usize, out: &mut impl Write) -> io::Result<()> {
    let list = &list[..list.len().min(slots)];
    out.write_all(bytemuck::cast_slice(list))?;
    for _ in list.len()..slots {
        out.write_all(&EMPTY.to_le_bytes())?;
    }
    Ok(())
}

/// The reached node nearest to `row`, by looking at all.
fn nearest(rows: Rows<'_>, row: &[f32], reached: &[bool]) -> Option<u32> {
    let score = |node: &usize| dot(row, rows.row(*node));
    (0..reached.len())
        .filter(|node| reached[*node])
        .max_by(|a, b| score(a).total_cmp(&score(b)).then(b.cmp(a)))
        .map(|node| node as u32)
}

#[cfg(test)]
mod tests {
    use super::super::{FILE_NAME, Graph};
    use super::*;
    use encoder::vectors::Vectors;

    /// Points on a circle; each knows the next one, until `gap`, whose link is missing.
    fn ring(count: u32, gap: u32) -> (Vectors, Lists) {
        let mut vectors = Vectors::new(2);
        for i in 0..count {
            let angle = i as f32 / count as f32 * std::f32::consts::TAU;
            vectors.push(&[angle.cos(), angle.sin()]);
        }
        let next = |i: u32| if i == gap { vec![] } else { vec![(i + 1) % count] };
        let upper = BTreeMap::from([(0, vec![vec![3], vec![]]), (3, vec![vec![0]])]);
        (
            vectors,
            Lists {
                m: 4,
                entry: 0,
                level0: (0..count).map(next).collect(),
                upper,
            },
        )
    }

    fn stored(lists: &Lists) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        lists.write(&mut std::fs::File::create(&path).unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_node_out_of_reach_gets_one_link() {
        let (vectors, mut lists) = ring(40, 10);
        assert_eq!(lists.connect(Rows::from(&vectors)), 1);
        let mut reached = vec![false; 40];
        lists.reach(0, &mut reached);
        assert!(reached.iter().all(|reached| *reached));
        assert_eq!(lists.connect(Rows::from(&vectors)), 0);
    }

    #[test]
    fn the_frozen_graph_finds_what_the_lists_find() {
        let (vectors, mut lists) = ring(40, 10);
        lists.connect(Rows::from(&vectors));
        let (_folder, path) = stored(&lists);
        let graph = Graph::open(&path).unwrap();
        let rows = Rows::from(&vectors);
        for i in 0..40 {
            let frozen = graph.search(rows, vectors.row(i), 40, 40);
            let listed = search(&lists, rows, vectors.row(i), 40, &mut SearchContext::default());
            assert_eq!(frozen, listed);
            assert_eq!((frozen.len(), frozen[0].row), (40, i as u32));
        }
    }

    #[test]
    fn no_damage_to_the_file_can_do_more_than_spoil_the_result() {
        let (vectors, mut lists) = ring(12, 5);
        lists.connect(Rows::from(&vectors));
        let (_folder, path) = stored(&lists);
        let whole = std::fs::read(&path).unwrap();
        for offset in 0..whole.len() {
            for value in [0x00, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[offset] = value;
                std::fs::write(&path, &bytes).unwrap();
                if let Ok(graph) = Graph::open(&path)
                    && graph.len() == vectors.len()
                {
                    graph.search(Rows::from(&vectors), vectors.row(3), 5, 8);
                }
            }
        }
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Graph::open(&path).is_err(), "{length} bytes");
        }
    }
}
