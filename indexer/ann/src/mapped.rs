//! A file mapped into memory, and its numbers in place.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{AnnError, Result};

#[cfg(target_endian = "big")]
compile_error!("graph files hold little-endian numbers that are read in place");

/// A read-only file in memory.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Maps the whole of `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let map = File::open(path).and_then(|file| {
            #[expect(
                unsafe_code,
                reason = "whoever opens a graph keeps its file unchanged while it is open: files of an index are \
                never written or cut again"
            )]
            unsafe {
                Mmap::map(&file)
            }
        });
        match map {
            Ok(map) => Ok(Self { map }),
            Err(source) => Err(AnnError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The bytes of a range, or none where it is not inside the file.
    #[inline]
    pub fn part(&self, bytes: &Range<usize>) -> &[u8] {
        self.map.get(bytes.clone()).unwrap_or_default()
    }

    /// The numbers in a range of bytes, or none where the range is not inside the file or not aligned for them: that of
    /// a checked header always is.
    #[inline]
    pub fn numbers<T: bytemuck::AnyBitPattern>(&self, bytes: &Range<usize>) -> &[T] {
        bytemuck::try_cast_slice(self.part(bytes)).unwrap_or_default()
    }
}
