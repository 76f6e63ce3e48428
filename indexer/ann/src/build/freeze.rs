//! From lists in memory to the file.

use std::io::{self, Write};

use rayon::prelude::*;

use super::links::Layer;
use super::reach::Lists;
use super::{Building, Parameters};
use crate::codes::Coder;
use crate::graph::format::{EMPTY, HEADER_BYTES, Header};
use crate::rows::Rows;

/// A finished graph, ready to be written.
#[derive(Debug)]
pub struct Frozen {
    header: Header,
    /// The rows of each node, in the order of the file.
    rows: Vec<u32>,
    /// Where those of each node start, and where the last ones end.
    starts: Vec<u32>,
    level0: Lists,
    /// The nodes on upper layers.
    nodes: Vec<u32>,
    upper: Vec<Lists>,
    /// Links added because choosing among neighbours had left nodes out of reach.
    pub repaired_links: usize,
}

impl Building {
    pub(super) fn freeze(self, vectors: Rows<'_>) -> Frozen {
        let mut layers = self.links.layers.iter().map(Layer::lists);
        let mut level0 = layers.next().unwrap_or_default();
        let upper: Vec<Lists> = layers.collect();
        let repaired_links = self.connect(&mut level0);
        let order = near_each_other(&level0);
        let mut places = vec![0; order.len()];
        for (place, node) in (0..).zip(&order) {
            places[*node as usize] = place;
        }
        let listed = upper.first().map_or(1, Vec::len);
        let nodes = places[..listed].to_vec();
        let (mut rows, mut starts) = (Vec::with_capacity(vectors.len()), vec![0]);
        for node in &order {
            rows.extend(self.groups.rows(self.order[*node as usize]));
            starts.push(rows.len() as u32);
        }
        let level0: Lists = order
            .par_iter()
            .map(|node| {
                level0[*node as usize]
                    .iter()
                    .map(|near| places[*near as usize])
                    .collect()
            })
            .collect();
        let Parameters { m, codes, metric, .. } = self.parameters;
        let coder = match codes == self.coder.codes {
            true => self.coder,
            false => Coder::fit(codes, metric, vectors),
        };
        let header = Header {
            count: level0.len(),
            rows: rows.len(),
            coder,
            m,
            width: level0.iter().map(Vec::len).max().unwrap_or(0).max(2 * m),
            upper: listed,
            layers: upper.iter().map(Vec::len).collect(),
        };
        Frozen {
            header,
            rows,
            starts,
            level0,
            nodes,
            upper,
            repaired_links,
        }
    }
}

/// The nodes in an order in which most lie near their neighbours: breadth first from the entry point.
fn near_each_other(level0: &Lists) -> Vec<u32> {
    let mut seen = crate::RowSet::new(level0.len());
    let mut order = vec![0];
    seen.insert(0);
    let mut next = 0;
    while let Some(&node) = order.get(next) {
        next += 1;
        let near = level0[node as usize].iter().copied();
        order.extend(near.filter(|near| seen.insert(*near)));
    }
    order
}

impl Frozen {
    /// Writes the graph in the form of the format module; `vectors` are the rows that it was built of.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, vectors: Rows<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut out = Padded { out, written: 0 };
        out.write(&self.header.to_bytes())?;
        debug_assert_eq!(out.written, HEADER_BYTES);
        let coder = self.header.coder;
        let mut code = crate::lines::Lines::default();
        let mut biases: Vec<f32> = Vec::new();
        out.start_part()?;
        for row in self.first_rows() {
            let code = code.resized(coder.stride());
            coder.encode(vectors.row(row as usize), code);
            out.write(code)?;
            if coder.is_biased() {
                biases.push(coder.bias(code));
            }
        }
        out.lists(&self.level0, self.header.width)?;
        out.numbers(&self.rows)?;
        out.numbers(&biases)?;
        out.numbers(&self.nodes)?;
        self.upper
            .iter()
            .try_for_each(|lists| out.lists(lists, self.header.m))?;
        match self.header.has_groups() {
            true => out.numbers(&self.starts),
            false => Ok(()),
        }
    }

    /// The row whose code each node has.
    fn first_rows(&self) -> impl Iterator<Item = u32> {
        let starts = self.starts.iter().take(self.header.count);
        starts.map(|start| self.rows[*start as usize])
    }
}

/// Writes parts that start on cache lines.
struct Padded<'a, W> {
    out: &'a mut W,
    written: usize,
}

impl<W: Write> Padded<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.out.write_all(bytes)
    }

    fn start_part(&mut self) -> io::Result<()> {
        let gap = self.written.next_multiple_of(64) - self.written;
        self.write(&[0; 64][..gap])
    }

    fn numbers<T: bytemuck::NoUninit>(&mut self, numbers: &[T]) -> io::Result<()> {
        self.start_part()?;
        self.write(bytemuck::cast_slice(numbers))
    }

    fn lists(&mut self, lists: &Lists, width: usize) -> io::Result<()> {
        self.start_part()?;
        for list in lists {
            let list = &list[..list.len().min(width)];
            self.write(bytemuck::cast_slice(list))?;
            for _ in list.len()..width {
                self.write(&EMPTY.to_le_bytes())?;
            }
        }
        Ok(())
    }
}
