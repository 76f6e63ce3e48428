//! The vectors while they are learned: rows that several threads read and write without locks.
//!
//! Each row starts on a cache line and fills whole ones, so two rows never share a line and every SIMD width
//! divides a row. Pages are huge where the system gives them: rows are visited at random, and the small pages
//! of a large vocabulary overflow the processor's page tables.

use memmap2::MmapMut;

use crate::error::{Result, WordsError};

/// Floats in a cache line; the widest SIMD register holds as many.
pub(crate) const LINE: usize = 16;

/// A row-major matrix of f32, rows padded with zeros to whole cache lines.
///
/// Threads update rows through raw pointers at the same time, on purpose (Hogwild, Recht et al. 2011,
/// arXiv 1106.5730): lost updates cost less than locks. No reference to shared rows exists while they do.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// Owns the memory; reached through `start` alone.
    _memory: MmapMut,
    start: *mut f32,
    rows: usize,
    columns: usize,
    stride: usize,
}

#[expect(
    unsafe_code,
    reason = "rows are plain floats, always initialized; racing updates are the method, see above"
)]
unsafe impl Sync for Matrix {}
#[expect(
    unsafe_code,
    reason = "the pointer leads into memory that moves with the matrix"
)]
unsafe impl Send for Matrix {}

impl Matrix {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Result<Self> {
        let stride = columns.next_multiple_of(LINE);
        let bytes = rows
            .checked_mul(stride)
            .and_then(|floats| floats.checked_mul(size_of::<f32>()));
        let too_large = |reason: String| {
            WordsError::Setting(format!(
                "{rows} vectors of {columns} numbers do not fit into memory: {reason}; lower dimension, \
                 max_vocabulary or subwords.buckets, or raise min_count"
            ))
        };
        let bytes = bytes.ok_or_else(|| too_large("more than the address space".to_owned()))?;
        let mut memory = MmapMut::map_anon(bytes.max(1)).map_err(|error| too_large(error.to_string()))?;
        #[cfg(target_os = "linux")]
        {
            // A hint: without huge pages everything works, slower.
            let _ = memory.advise(memmap2::Advice::HugePage);
        }
        let start = memory.as_mut_ptr().cast::<f32>();
        Ok(Matrix {
            _memory: memory,
            start,
            rows,
            columns,
            stride,
        })
    }

    /// Floats from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers in a row, padding not counted.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Start of a row: `stride` floats, on a cache line.
    ///
    /// # Panics
    /// There is no such row.
    #[inline]
    pub(crate) fn row(&self, row: u32) -> *mut f32 {
        assert!((row as usize) < self.rows, "row {row} of {}", self.rows);
        self.start.wrapping_add(row as usize * self.stride)
    }

    /// A row's numbers, without the padding; for times when no thread writes.
    pub(crate) fn values(&self, row: usize) -> &[f32] {
        let start = self.row(row as u32);
        #[expect(
            unsafe_code,
            reason = "`row` checks the bounds, and no learning thread is running"
        )]
        unsafe {
            std::slice::from_raw_parts(start, self.columns)
        }
    }

    /// A row's numbers, to be set before learning.
    pub(crate) fn values_mut(&mut self, row: usize) -> &mut [f32] {
        let start = self.row(row as u32);
        #[expect(
            unsafe_code,
            reason = "`row` checks the bounds, and the matrix is borrowed mutably"
        )]
        unsafe {
            std::slice::from_raw_parts_mut(start, self.columns)
        }
    }
}
