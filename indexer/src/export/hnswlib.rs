//! hnswlib's own file, with the vectors, the graph and a label for each element.
//!
//! The layout is what `HierarchicalNSW::saveIndex` of hnswlib 0.8 writes on a 64-bit machine, little-endian:
//!
//! ```text
//! header    offset of layer 0, room for elements, elements, bytes per element, offset of the label, offset of the
//!           vector: u64; highest layer, entry point: u32; M of upper layers, of layer 0, of nodes to come: u64;
//!           mult: f64; ef_construction: u64
//! elements  each: number of neighbours (u16), a mark of deletion (u8), 0 (u8), room for neighbours on layer 0
//!           (u32 each), vector (f32 each), label (u64)
//! upper     each: bytes that follow (u32); for each layer: number of neighbours (u32), room for them (u32 each)
//! ```

use std::io::{self, BufWriter, Write};
use std::path::Path;

use indexer_ann::{Graph, Node, RowSet};

use super::aside::Aside;
use super::{STRIDE, advance};
use crate::build::Observer;
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;
use crate::segment::Segment;

/// hnswlib's mark of a deleted element.
const DELETED: u8 = 1;

/// Writes the file; the label of a document is its place among those that are not deleted, counted from 0. Elements that
/// are deleted get labels after them.
pub(super) fn write(reader: &IndexReader, out: &Path, observer: &mut dyn Observer) -> Result<Aside> {
    let (segment, graph) = only_graph(reader)?;
    let aside = Aside::create(out)?;
    let mut to = BufWriter::with_capacity(1 << 20, aside.file());
    let failed = |error: io::Error| IndexError::write(out)(error);
    let one_row_each = one_row_each(graph.nodes()?, graph.widths().0);
    let nodes = one_row_each.as_slice();
    let elements = Elements {
        graph,
        labels: labels(reader, nodes.len()),
        deleted: reader.deleted_rows(0),
    };
    let entry = graph.entry_point()?;
    let header = elements.header(nodes, entry, reader.manifest().hnsw.ef_construction);
    to.write_all(&header).map_err(failed)?;
    for part in nodes.chunks(STRIDE) {
        for node in part {
            let vector = segment.vector(node.row)?;
            elements.element(node, vector, &mut to).map_err(failed)?;
        }
        advance(observer, part.len())?;
    }
    nodes
        .iter()
        .try_for_each(|node| elements.upper(node, &mut to))
        .and_then(|()| to.flush())
        .map_err(failed)?;
    drop(to);
    Ok(aside)
}

/// The graph of an index that has one: hnswlib's file has room for no more.
fn only_graph(reader: &IndexReader) -> Result<(&Segment, &Graph)> {
    let segments: Vec<&Segment> = reader.segments().map(|(_, segment)| segment).collect();
    let graph = match segments[..] {
        [segment] => segment.graph().map(|graph| (segment, graph)),
        _ => None,
    };
    graph.ok_or_else(|| IndexError::Count {
        what: reader.path().display().to_string(),
        expected: "one segment with a graph of today's format, which is what hnswlib can hold".into(),
        found: match segments.len() {
            0 => "no documents".to_owned(),
            1 => "a graph of an earlier format; `index compact` makes it anew".to_owned(),
            several => format!("{several} segments; `index compact` makes one of several"),
        },
    })
}

/// The label of each row.
fn labels(reader: &IndexReader, rows: usize) -> Vec<u64> {
    let mut labels = vec![0; rows];
    let is_live = |row: &u32| reader.is_live(*row);
    let (live, deleted): (Vec<u32>, Vec<u32>) = (0..rows as u32).partition(is_live);
    for (label, row) in (0..).zip(live.into_iter().chain(deleted)) {
        labels[row as usize] = label;
    }
    labels
}

/// A node of one row, which is what an element of hnswlib is.
struct Element {
    row: u32,
    layers: Vec<Vec<u32>>,
}

/// The nodes in their order, each with its first row, then the other rows. A node's rows are a chain: each has the next
/// one in front of the node's own neighbours, of which the last goes where `width` of them are there:
/// it was not chosen for its direction, or is one of many that were.
fn one_row_each(nodes: Vec<Node>, width: usize) -> Vec<Element> {
    let mut chains = Vec::new();
    let mut next = nodes.len() as u32;
    let mut elements: Vec<Element> = Vec::with_capacity(nodes.len());
    for Node { rows, mut layers } in nodes {
        let Some((first, others)) = rows.split_first() else {
            continue;
        };
        let near = layers[0].clone();
        let linked = |to: u32| {
            let kept = near.iter().copied().take(width - 1);
            std::iter::once(to).chain(kept).collect::<Vec<u32>>()
        };
        let more = others.len() as u32;
        if more > 0 {
            layers[0] = linked(next);
        }
        for (place, row) in (next..).zip(others) {
            let is_last = place + 1 == next + more;
            let list = if is_last { near.clone() } else { linked(place + 1) };
            chains.push(Element {
                row: *row,
                layers: vec![list],
            });
        }
        next += more;
        elements.push(Element { row: *first, layers });
    }
    elements.extend(chains);
    elements
}

/// What is said of every element.
struct Elements<'a> {
    graph: &'a Graph,
    labels: Vec<u64>,
    deleted: RowSet,
}

impl Elements<'_> {
    fn header(&self, nodes: &[Element], entry: u32, ef_construction: usize) -> Vec<u8> {
        let (width, m) = self.graph.widths();
        let lists = 4 + 4 * width;
        let label = lists + 4 * self.graph.dimension();
        let top = nodes[entry as usize].layers.len() - 1;
        let mut header = Vec::new();
        for size in [0, nodes.len(), nodes.len(), label + 8, label, lists] {
            header.extend((size as u64).to_le_bytes());
        }
        header.extend([top as u32, entry].iter().flat_map(|number| number.to_le_bytes()));
        for size in [m, width, m] {
            header.extend((size as u64).to_le_bytes());
        }
        header.extend((m as f64).ln().recip().to_le_bytes());
        header.extend((ef_construction as u64).to_le_bytes());
        header
    }

    fn element(&self, node: &Element, vector: &[f32], to: &mut impl Write) -> io::Result<()> {
        let near = &node.layers[0];
        let [low, high] = (near.len() as u16).to_le_bytes();
        let mark = if self.deleted.contains(node.row) {
            DELETED
        } else {
            0
        };
        to.write_all(&[low, high, mark, 0])?;
        list(near, self.graph.widths().0, to)?;
        to.write_all(bytemuck::cast_slice(vector))?;
        to.write_all(&self.labels[node.row as usize].to_le_bytes())
    }

    fn upper(&self, node: &Element, to: &mut impl Write) -> io::Result<()> {
        let m = self.graph.widths().1;
        let layers = &node.layers[1..];
        let bytes = layers.len() * (4 + 4 * m);
        to.write_all(&(bytes as u32).to_le_bytes())?;
        for near in layers {
            to.write_all(&(near.len() as u32).to_le_bytes())?;
            list(near, m, to)?;
        }
        Ok(())
    }
}

/// Writes neighbours into room for `width` of them.
fn list(near: &[u32], width: usize, to: &mut impl Write) -> io::Result<()> {
    to.write_all(bytemuck::cast_slice(near))?;
    let rest = vec![0_u8; 4 * (width - near.len())];
    to.write_all(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_a_node_become_a_chain_that_leads_where_the_node_does() {
        let node = |rows: &[u32], near: &[u32]| Node {
            rows: rows.to_vec(),
            layers: vec![near.to_vec()],
        };
        let nodes = vec![
            node(&[1], &[1, 2]),
            node(&[0, 3, 5], &[0, 2]),
            node(&[2, 4], &[1]),
        ];
        let elements = one_row_each(nodes, 2);
        let found: Vec<(u32, &[u32])> = elements
            .iter()
            .map(|element| (element.row, element.layers[0].as_slice()))
            .collect();
        let expected: [(u32, &[u32]); 6] = [
            (1, &[1, 2]),
            (0, &[3, 0]),
            (2, &[5, 1]),
            (3, &[4, 0]),
            (5, &[0, 2]),
            (4, &[1]),
        ];
        assert_eq!(found, expected);
    }
}
