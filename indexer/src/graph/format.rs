//! `graph.bin`: the layout of the frozen graph, stated once for its reader and its writer.
//!
//! All numbers are little-endian `u32`; a slot without a neighbour holds `u32::MAX`.
//!
//! ```text
//! header    64 bytes: magic, then the fields of `Header` in their order, then zeros
//! level 0   count × width: the neighbours of each node, nearest first
//! ids       upper: the nodes that are on layer 1 or higher, ascending
//! starts    upper + 1: where each of them has its first block, in blocks
//! blocks    blocks × m: per node its neighbours on layer 1, then on layer 2, …
//! ```

use std::ops::Range;
use std::path::Path;

use crate::error::{IndexError, Result};
use crate::mapped::header_u32;

/// Name of the file inside a segment.
pub(crate) const FILE_NAME: &str = "graph.bin";
/// The number of no node.
#[cfg(feature = "build")]
pub(super) const EMPTY: u32 = u32::MAX;
/// Layers above layer 0 that a graph can have.
pub(super) const MAX_LAYER: u32 = 15;

const MAGIC: &[u8; 8] = b"SXTGRAPH";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 64;

/// Sizes of a frozen graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Header {
    /// Nodes.
    pub count: u32,
    /// Slots per node and upper layer: `M` of the paper.
    pub m: u32,
    /// Slots per node on layer 0: `Mmax0` of the paper, or more where a repair needed room.
    pub width: u32,
    /// The node where every search starts.
    pub entry: u32,
    /// The layer of that node, the highest.
    pub top: u32,
    /// Nodes on layer 1 or higher.
    pub upper: u32,
    /// Neighbour lists above layer 0.
    pub blocks: u32,
}

/// The byte ranges of the parts.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub level0: Range<usize>,
    pub ids: Range<usize>,
    pub starts: Range<usize>,
    pub blocks: Range<usize>,
}

impl Header {
    /// Reads and checks the header against the length of the file.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<(Self, Layout)> {
        if bytes.len() < HEADER_BYTES || &bytes[..8] != MAGIC || header_u32(bytes, 8) != VERSION {
            return Err(IndexError::damaged(path, "the header of a graph file", "another"));
        }
        let [count, m, width, entry, top, upper, blocks] =
            [12, 16, 20, 24, 28, 32, 36].map(|offset| header_u32(bytes, offset));
        let header = Self {
            count,
            m,
            width,
            entry,
            top,
            upper,
            blocks,
        };
        let sound = entry < count && top <= MAX_LAYER && upper <= count && top <= blocks;
        match header
            .layout()
            .filter(|layout| sound && layout.blocks.end == bytes.len())
        {
            Some(layout) => Ok((header, layout)),
            None => {
                let found = format!("{} bytes with {header:?}", bytes.len());
                Err(IndexError::damaged(
                    path,
                    "a graph whose sizes agree with its length",
                    found,
                ))
            }
        }
    }

    /// The header's bytes.
    #[cfg(feature = "build")]
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let fields = [
            VERSION,
            self.count,
            self.m,
            self.width,
            self.entry,
            self.top,
            self.upper,
            self.blocks,
        ];
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        for (slot, value) in fields.iter().enumerate() {
            bytes[8 + 4 * slot..][..4].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Where the parts lie; none if the sizes are beyond all memory.
    fn layout(&self) -> Option<Layout> {
        let mut end = HEADER_BYTES;
        let mut part = |rows: u32, columns: u32| -> Option<Range<usize>> {
            let bytes = (rows as usize).checked_mul(columns as usize)?.checked_mul(4)?;
            let start = end;
            end = start.checked_add(bytes)?;
            Some(start..end)
        };
        Some(Layout {
            level0: part(self.count, self.width)?,
            ids: part(self.upper, 1)?,
            starts: part(self.upper.checked_add(1)?, 1)?,
            blocks: part(self.blocks, self.m)?,
        })
    }
}
