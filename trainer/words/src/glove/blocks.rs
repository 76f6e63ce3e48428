//! Co-occurrences on disk, in blocks that can be learned at the same time.
//!
//! Row r and column c of the matrix of co-occurrences belong to the parts r mod P and c mod P. Two blocks that
//! share no part of the rows and none of the columns change different vectors, so P threads can learn P blocks
//! at once without a lock, a race, or a result that depends on them (Gemulla et al. 2011, "Large-Scale Matrix
//! Factorization with Distributed Stochastic Gradient Descent", section 4). Rows are sorted by frequency, so
//! each part has its share of frequent words. A block's vectors also fit into the processor's cache.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use memmap2::Mmap;

use super::runs::{self, Merge, Runs};
use crate::error::{Result, WordsError};

/// Records written at a time for one block.
const PAGE: usize = 256;

/// A row, a column, and the bits of their weight as f32: 12 bytes.
type Record = [u32; 3];

/// The matrix of co-occurrences, both halves.
#[derive(Debug)]
pub(super) struct Blocks {
    map: Option<Mmap>,
    parts: usize,
    blocks: Vec<Block>,
    records: u64,
}

#[derive(Debug, Default)]
struct Block {
    /// Which pages of the file are its own.
    pages: Vec<u32>,
    records: usize,
    /// Records of the page not yet written.
    open: Vec<Record>,
}

impl Blocks {
    /// Writes the merged counts to `parts` × `parts` blocks; `go_on` is asked now and then.
    ///
    /// # Errors
    /// A full disk, or an interruption.
    pub(super) fn write(
        counts: &[Runs],
        parts: usize,
        scratch: &Path,
        go_on: impl Fn() -> Result<()>,
    ) -> Result<Self> {
        let mut writer = Writer::new(parts, scratch)?;
        for (number, entry) in Merge::new(counts).enumerate() {
            if number % (1 << 16) == 0 {
                go_on()?;
            }
            let ((a, b), weight) = (entry.words(), entry.co_occurrences().to_bits());
            writer.record([a, b, weight])?;
            if a != b {
                writer.record([b, a, weight])?;
            }
        }
        writer.finish()
    }

    /// Number of parts of the rows, and of the columns.
    pub(super) fn parts(&self) -> usize {
        self.parts
    }

    /// Number of records.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Number of records of a block.
    pub(super) fn records_of(&self, row_part: usize, column_part: usize) -> usize {
        self.blocks[row_part * self.parts + column_part].records
    }

    /// The records of a block: row, column, co-occurrences.
    pub(super) fn block(&self, row_part: usize, column_part: usize) -> impl Iterator<Item = (u32, u32, f32)> {
        let block = &self.blocks[row_part * self.parts + column_part];
        let records: &[Record] = self.map.as_deref().map_or(&[], bytemuck::cast_slice);
        let pages = block.pages.iter().map(|&page| page as usize * PAGE);
        let all = pages.flat_map(|start| &records[start..start + PAGE]);
        all.take(block.records)
            .map(|&[row, column, weight]| (row, column, f32::from_bits(weight)))
    }
}

struct Writer<'a> {
    scratch: &'a Path,
    file: BufWriter<File>,
    parts: usize,
    blocks: Vec<Block>,
    pages: u32,
}

impl<'a> Writer<'a> {
    fn new(parts: usize, scratch: &'a Path) -> Result<Self> {
        Ok(Writer {
            scratch,
            file: BufWriter::with_capacity(1 << 20, runs::scratch_file(scratch)?),
            parts,
            blocks: (0..parts * parts).map(|_| Block::default()).collect(),
            pages: 0,
        })
    }

    fn record(&mut self, record: Record) -> Result<()> {
        let [row, column, _] = record;
        let number = row as usize % self.parts * self.parts + column as usize % self.parts;
        self.blocks[number].open.push(record);
        if self.blocks[number].open.len() == PAGE {
            self.page(number)?;
        }
        Ok(())
    }

    /// Writes the open page of a block, filled up with zeros.
    fn page(&mut self, number: usize) -> Result<()> {
        let block = &mut self.blocks[number];
        block.records += block.open.len();
        block.open.resize(PAGE, [0; 3]);
        self.file
            .write_all(bytemuck::cast_slice(&block.open))
            .map_err(WordsError::write(self.scratch))?;
        block.open.clear();
        block.pages.push(self.pages);
        self.pages += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Blocks> {
        for number in 0..self.blocks.len() {
            if !self.blocks[number].open.is_empty() {
                self.page(number)?;
            }
            self.blocks[number].open = Vec::new();
        }
        let write = WordsError::write(self.scratch);
        let file = self
            .file
            .into_inner()
            .map_err(|error| write(error.into_error()))?;
        // A map cannot be empty.
        let map = match self.pages {
            0 => None,
            _ => Some(runs::map(&file, self.scratch)?),
        };
        Ok(Blocks {
            map,
            parts: self.parts,
            records: self.blocks.iter().map(|block| block.records as u64).sum(),
            blocks: self.blocks,
        })
    }
}
