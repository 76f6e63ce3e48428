//! A file mapped into memory, and its numbers in place.
//!
//! The one place of the crate that maps files, because mapping is `unsafe`: the rest sees bytes.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{IndexError, Result};

#[cfg(target_endian = "big")]
compile_error!("index files hold little-endian numbers that are read in place");

/// A read-only file in memory.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps the whole of `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(IndexError::read(path))?;
        #[expect(
            unsafe_code,
            reason = "files of a committed segment are never written or cut again: \
            a new index goes into new files, and deleting a file leaves its mapping whole"
        )]
        let map = unsafe { Mmap::map(&file) }.map_err(IndexError::read(path))?;
        Ok(Self { map })
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The numbers in a range of bytes, or none where the range is not inside the file or not
    /// aligned for them: that of a checked header always is.
    pub fn numbers<T: bytemuck::AnyBitPattern>(&self, bytes: Range<usize>) -> &[T] {
        self.map
            .get(bytes)
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .unwrap_or_default()
    }
}

/// The little-endian number at `offset` of a header; 0 behind its end.
pub(crate) fn header_u32(header: &[u8], offset: usize) -> u32 {
    header
        .get(offset..offset + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}
