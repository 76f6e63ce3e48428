//! The layout of a graph file, stated once for its reader and its writer.
//!
//! All numbers are little-endian; each part starts on a multiple of 64 bytes, with zeros before it. Nodes are numbered
//! so that neighbours lie near each other; `rows` tells which row of the vectors each one is. Rows with equal codes are
//! one node: then the version is 3, and `starts` tells where the rows of each node begin. A slot without a neighbour holds
//! `u32::MAX`.
//!
//! ```text
//! header    128 bytes: magic, version, then the fields of `Header` as `u32` in their order, the number of rows last, in
//!           version 3; zeros
//! codes     count × stride bytes: each node's vector in codes, for the walk
//! level 0   count × width: the neighbours of each node, those first that were chosen for their directions; not by distance
//! rows      count (version 3: rows): the row of each node, or the rows of each, ascending
//! biases    count × f32: the part of a node's score that no query changes; for Euclidean distance only
//! nodes     upper: the nodes on layer 1 or higher, the highest layers first; the first one is the entry point
//! layer 1   layers[0] × m: neighbours on layer 1, numbered by their place in `nodes`
//! layer 2   layers[1] × m: …
//! starts    count + 1: where the rows of each node start among all, and where the last ones end; version 3 only
//! ```

use std::ops::Range;
use std::path::Path;

use crate::codes::{Coder, Codes};
use crate::error::{AnnError, Result};
use crate::metric::Metric;
use crate::walk::MOST_NODES;

/// The number of no node.
#[cfg(feature = "build")]
pub(crate) const EMPTY: u32 = u32::MAX;
/// Layers above layer 0 that a graph can have.
pub(crate) const MOST_LAYERS: usize = 16;

const MAGIC: &[u8; 8] = b"SXTGRAPH";
/// One row a node.
const VERSION: u32 = 2;
/// Rows with equal codes are one node.
const VERSION_OF_GROUPS: u32 = 3;
pub(crate) const HEADER_BYTES: usize = 128;
const LINE: usize = 64;
/// Fields before those of the layers.
const FIELDS: usize = 9;
/// The field behind those of the layers: the rows, in version 3.
const ROWS_FIELD: usize = FIELDS + MOST_LAYERS;

/// Sizes of a frozen graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    /// Nodes.
    pub count: usize,
    /// Rows: as many, or more where some have equal codes.
    pub rows: usize,
    /// How vectors become codes.
    pub coder: Coder,
    /// Slots per node and upper layer: `M` of the paper.
    pub m: usize,
    /// Slots per node on layer 0: `Mmax0` of the paper, or more where a repair needed room.
    pub width: usize,
    /// Nodes that are listed with their upper layers: at least the entry point.
    pub upper: usize,
    /// Nodes on layer 1, on layer 2, …: the first ones of `nodes`.
    pub layers: Vec<usize>,
}

/// The byte ranges of the parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub codes: Range<usize>,
    pub level0: Range<usize>,
    pub rows: Range<usize>,
    pub biases: Range<usize>,
    pub nodes: Range<usize>,
    pub layers: Vec<Range<usize>>,
    /// Empty where each node has one row.
    pub starts: Range<usize>,
}

impl Header {
    /// Reads and checks the header against the length of the file.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<(Self, Layout)> {
        let number = |field: usize| {
            let bytes = bytes.get(8 + 4 * field..)?.first_chunk()?;
            Some(u32::from_le_bytes(*bytes))
        };
        if let Some(found @ 1..VERSION) = number(0)
            && bytes.starts_with(MAGIC)
        {
            return Err(AnnError::Older {
                path: path.to_owned(),
                found,
                supported: VERSION,
            });
        }
        if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
            return Err(AnnError::damaged(path, "the header of a graph file", "another"));
        }
        if !matches!(number(0), Some(VERSION | VERSION_OF_GROUPS)) {
            let found = format!("version {}", number(0).unwrap_or_default());
            let expected = format!("a graph file of version {VERSION} or {VERSION_OF_GROUPS}");
            return Err(AnnError::damaged(path, expected, found));
        }
        let header = Self::from_fields(|field| number(field).unwrap_or_default());
        let layout = header.as_ref().and_then(Self::layout);
        match (header, layout) {
            (Some(header), Some((layout, end))) if end == bytes.len() => Ok((header, layout)),
            (header, _) => {
                let found = format!("{} bytes with {header:?}", bytes.len());
                let expected = "a graph whose sizes agree with its length";
                Err(AnnError::damaged(path, expected, found))
            }
        }
    }

    /// The header whose fields have these numbers, if they fit together.
    fn from_fields(number: impl Fn(usize) -> u32) -> Option<Self> {
        let size = |field| number(field) as usize;
        let coder = Coder {
            codes: *Codes::ALL.get(size(3))?,
            metric: *Metric::ALL.get(size(4))?,
            dimension: size(2),
            scale: f32::from_bits(number(8)),
        };
        let layers = (FIELDS..FIELDS + MOST_LAYERS)
            .map(size)
            .take_while(|nodes| *nodes > 0);
        let has_groups = number(0) == VERSION_OF_GROUPS;
        let header = Self {
            count: size(1),
            rows: size(if has_groups { ROWS_FIELD } else { 1 }),
            coder,
            m: size(5),
            width: size(6),
            upper: size(7),
            layers: layers.collect(),
        };
        let descending = header.layers.is_sorted_by(|lower, higher| lower >= higher);
        let sound = (1..=MOST_NODES).contains(&header.count)
            && (header.count..=MOST_NODES).contains(&header.rows)
            && header.has_groups() == has_groups
            && coder.dimension > 0
            && coder.scale.is_finite()
            && (1..=header.count).contains(&header.upper)
            && header.layers.first().is_none_or(|nodes| *nodes == header.upper)
            && descending;
        sound.then_some(header)
    }

    /// Whether a node can have several rows.
    pub fn has_groups(&self) -> bool {
        self.rows > self.count
    }

    /// The header's bytes.
    #[cfg(feature = "build")]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let Coder {
            codes,
            metric,
            dimension,
            scale,
        } = self.coder;
        let place = |found: Option<usize>| found.unwrap_or_default() as u32;
        let version = match self.has_groups() {
            true => VERSION_OF_GROUPS,
            false => VERSION,
        };
        let fields: [u32; FIELDS] = [
            version,
            self.count as u32,
            dimension as u32,
            place(Codes::ALL.iter().position(|other| *other == codes)),
            place(Metric::ALL.iter().position(|other| *other == metric)),
            self.m as u32,
            self.width as u32,
            self.upper as u32,
            scale.to_bits(),
        ];
        let layers = self.layers.iter().map(|nodes| *nodes as u32);
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        for (slot, value) in fields.into_iter().chain(layers).enumerate() {
            bytes[8 + 4 * slot..][..4].copy_from_slice(&value.to_le_bytes());
        }
        if self.has_groups() {
            bytes[8 + 4 * ROWS_FIELD..][..4].copy_from_slice(&(self.rows as u32).to_le_bytes());
        }
        bytes
    }

    /// Where the parts lie and where the file ends; none if the sizes are beyond all memory.
    pub fn layout(&self) -> Option<(Layout, usize)> {
        let mut end = HEADER_BYTES;
        let mut part = |count: usize, bytes: usize| -> Option<Range<usize>> {
            let start = end.checked_next_multiple_of(LINE)?;
            end = start.checked_add(count.checked_mul(bytes)?)?;
            Some(start..end)
        };
        let biases = if self.coder.is_biased() { self.count } else { 0 };
        let layout = Layout {
            codes: part(self.count, self.coder.stride())?,
            level0: part(self.count, self.width.checked_mul(4)?)?,
            rows: part(self.rows, 4)?,
            biases: part(biases, 4)?,
            nodes: part(self.upper, 4)?,
            layers: self
                .layers
                .iter()
                .map(|nodes| part(*nodes, self.m.checked_mul(4)?))
                .collect::<Option<_>>()?,
            starts: match self.has_groups() {
                true => part(self.count + 1, 4)?,
                false => 0..0,
            },
        };
        Some((layout, end))
    }
}
