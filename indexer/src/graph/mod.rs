//! The frozen graph: a flat file, mapped and searched in place.
//!
//! Opening it costs the same whatever its size, and it knows nothing of how it was built. A file
//! that lies cannot do harm: sizes are checked when it is opened, and every number taken from it is
//! checked before it is used as the number of a node.

mod context;
mod format;
mod search;
mod simd;
#[cfg(feature = "build")]
mod write;

use std::path::Path;

use encoder::vectors::Neighbor;

use crate::error::Result;
use crate::mapped::MappedFile;
use crate::vectors_file::Rows;
use context::ContextPool;
use format::{Header, Layout};
use search::Links;

pub(crate) use format::FILE_NAME;
pub(crate) use simd::dot;
#[cfg(feature = "build")]
pub(crate) use write::Lists;

/// A graph file, open for searching.
#[derive(Debug)]
pub(crate) struct Graph {
    file: MappedFile,
    header: Header,
    layout: Layout,
    contexts: ContextPool,
}

impl Graph {
    /// Maps the file and checks its sizes.
    pub fn open(path: &Path) -> Result<Self> {
        let file = MappedFile::open(path)?;
        let (header, layout) = Header::parse(path, file.bytes())?;
        Ok(Self {
            file,
            header,
            layout,
            contexts: ContextPool::default(),
        })
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.header.count as usize
    }

    /// Up to `k` nodes nearest to `query`, best first, from a walk that keeps `ef` candidates.
    pub fn search(&self, rows: Rows<'_>, query: &[f32], k: usize, ef: usize) -> Vec<Neighbor> {
        let view = self.view();
        let ef = ef.max(k).min(view.count);
        let mut found = self
            .contexts
            .with(|context| search::search(&view, rows, query, ef, context));
        found.truncate(k);
        found
    }

    /// The nodes that a walk can reach from the entry point on layer 0.
    #[cfg(feature = "build")]
    pub fn reachable(&self) -> indexer_ann::RowSet {
        let view = self.view();
        let mut reached = indexer_ann::RowSet::new(view.count);
        let mut waiting = vec![view.entry.0];
        while let Some(node) = waiting.pop() {
            if (node as usize) < view.count && reached.insert(node) {
                waiting.extend(view.neighbors(0, node));
            }
        }
        reached
    }

    fn view(&self) -> View<'_> {
        View {
            count: self.header.count as usize,
            width: self.header.width as usize,
            m: self.header.m as usize,
            entry: (self.header.entry, self.header.top as usize),
            level0: self.file.numbers(self.layout.level0.clone()),
            ids: self.file.numbers(self.layout.ids.clone()),
            starts: self.file.numbers(self.layout.starts.clone()),
            blocks: self.file.numbers(self.layout.blocks.clone()),
        }
    }
}

/// The parts of the file as numbers.
struct View<'a> {
    count: usize,
    width: usize,
    m: usize,
    entry: (u32, usize),
    level0: &'a [u32],
    ids: &'a [u32],
    starts: &'a [u32],
    blocks: &'a [u32],
}

impl View<'_> {
    /// The neighbours on an upper layer, if the node is on it.
    fn upper(&self, layer: usize, node: u32) -> Option<&[u32]> {
        let place = self.ids.binary_search(&node).ok()?;
        let first = *self.starts.get(place)? as usize;
        let end = *self.starts.get(place + 1)? as usize;
        let block = first.checked_add(layer - 1).filter(|block| *block < end)?;
        self.blocks.get(block.checked_mul(self.m)?..)?.get(..self.m)
    }
}

impl Links for View<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn entry(&self) -> (u32, usize) {
        self.entry
    }

    fn neighbors(&self, layer: usize, node: u32) -> &[u32] {
        if layer == 0 {
            return self
                .level0
                .get(node as usize * self.width..)
                .and_then(|rest| rest.get(..self.width))
                .unwrap_or_default();
        }
        self.upper(layer, node).unwrap_or_default()
    }
}
