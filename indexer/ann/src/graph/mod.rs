//! The frozen graph: a flat file, mapped and searched in place.
//!
//! Opening it costs the same whatever its size, and it knows nothing of how it was built. A file that lies cannot do
//! harm: sizes are checked when it is opened, and every number taken from it is checked before it is used. Where the
//! checksums of its blocks are known, each block is compared with its own before it is first used.

mod contexts;
pub(crate) mod format;
mod lists;
mod search;

use std::ops::Range;

use crate::codes::Codes;
use crate::error::Result;
use crate::mapped::{MappedFile, Numbers};
use crate::metric::Metric;
use crate::row_set::RowSet;
use crate::simd::{CodeRows, Isa};
use crate::walk::{Origin, Space};
pub(crate) use contexts::ContextPool;
use format::{HEADER_BYTES, Header, Layout};

pub use lists::Node;
pub use search::{Found, SearchOptions, Strategy};

/// A row and its score, greater for nearer; see [`Metric`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The row.
    pub row: u32,
    /// Its score.
    pub score: f32,
}

impl Neighbor {
    /// The order of hits: by score, best first, ties by row.
    pub fn best_first(a: &Self, b: &Self) -> std::cmp::Ordering {
        b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
    }
}

/// A graph file, open for searching. Several threads can search it at the same time.
#[derive(Debug)]
pub struct Graph {
    file: MappedFile,
    header: Header,
    layout: Layout,
    isa: Isa,
    contexts: ContextPool,
}

impl Graph {
    /// Takes a graph's file and checks its sizes.
    ///
    /// # Errors
    /// The file is no graph, its sizes do not agree with its length, or its first block is damaged.
    pub fn open(file: MappedFile) -> Result<Self> {
        file.read(0..HEADER_BYTES.min(file.len()))?;
        let (header, layout) = Header::parse(file.path(), file.part(&(0..file.len())))?;
        Ok(Self {
            file,
            header,
            layout,
            isa: Isa::detect(),
            contexts: ContextPool::default(),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.header.rows
    }

    /// Whether there is no row; a graph always has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers per vector.
    pub fn dimension(&self) -> usize {
        self.header.coder.dimension
    }

    /// What near means.
    pub fn metric(&self) -> Metric {
        self.header.coder.metric
    }

    /// What a walk reads of the vectors.
    pub fn codes(&self) -> Codes {
        self.header.coder.codes
    }

    /// The rows that a walk can reach from the entry point on layer 0: all of a whole graph.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn reachable(&self) -> Result<RowSet> {
        let count = self.header.count;
        let mut reached = RowSet::new(count);
        let mut waiting = vec![self.entry()];
        reached.insert(self.entry());
        while let Some(node) = waiting.pop() {
            let near = self
                .near(node)
                .iter()
                .take_while(|near| (**near as usize) < count);
            waiting.extend(near.filter(|near| reached.insert(**near)));
        }
        let mut rows = RowSet::new(self.len());
        for row in reached.iter().flat_map(|node| self.rows_of(node)) {
            rows.insert(row);
        }
        self.file.intact()?;
        Ok(rows)
    }

    /// The node where every walk starts.
    fn entry(&self) -> u32 {
        let node = self.numbers(&self.layout.nodes).get(0);
        node.filter(|node| (*node as usize) < self.header.count)
            .unwrap_or(0)
    }

    /// The rows that a node stands for, ascending.
    #[inline]
    fn rows_of(&self, node: u32) -> impl Iterator<Item = u32> {
        let places = match self.header.has_groups() {
            true => {
                let starts = self.numbers(&self.layout.starts);
                let [start, end] = [0, 1].map(|next| starts.get(node as usize + next).unwrap_or_default());
                start..end.min(self.header.rows as u32)
            }
            false => node..node + 1,
        };
        let rows = self.numbers(&self.layout.rows);
        places.filter_map(move |place| rows.get(place as usize))
    }

    /// The neighbours of a node on layer 0; a number of no node ends them.
    fn near(&self, node: u32) -> &[u32] {
        self.numbers(&self.layout.level0)
            .list(self.header.width, node as usize)
    }

    fn numbers(&self, part: &Range<usize>) -> Numbers<'_, u32> {
        Numbers::new(&self.file, part)
    }

    fn space(&self) -> Space<'_> {
        let coder = self.header.coder;
        Space {
            rows: CodeRows {
                bytes: self.file.part(&self.layout.codes),
                stride: coder.stride(),
            },
            scorer: self.isa.scorer(coder.codes),
            biases: self.file.numbers(&self.layout.biases),
            count: self.header.count,
            origin: Some(Origin {
                file: &self.file,
                codes: self.layout.codes.start,
                biases: self.layout.biases.start,
            }),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "build")]
mod tests;
