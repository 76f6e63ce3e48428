//! A file mapped into memory, its numbers in place, each block checked before it is first used.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::blocks::{BlockHash, Blocks, count_blocks};
use crate::error::{AnnError, Result};

#[cfg(target_endian = "big")]
compile_error!("index files hold little-endian numbers that are read in place");

/// A read-only file in memory.
///
/// With checksums of its blocks, a block is compared with its own when something of it is used for the first time.
/// [`Self::read`] says at once where one is wrong. Where that would be in the way, in the midst of a walk, parts are
/// [touched](Self::touch) and used, and what came of it counts only if the file is still [intact](Self::intact) in the
/// end.
#[derive(Debug)]
pub struct MappedFile {
    path: PathBuf,
    map: Mmap,
    blocks: Option<Blocks>,
}

impl MappedFile {
    /// Maps the whole of `path`, whose content the caller knows to be right or checks in another way.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let map = File::open(path).and_then(|file| {
            #[expect(
                unsafe_code,
                reason = "whoever opens an index keeps its files unchanged while it is open: a committed file is never \
                written or cut again, a new state goes into new files, and deleting a file leaves its mapping whole"
            )]
            unsafe {
                Mmap::map(&file)
            }
        });
        match map {
            Ok(map) => Ok(Self {
                path: path.to_owned(),
                map,
                blocks: None,
            }),
            Err(source) => Err(AnnError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Maps the whole of `path`, whose blocks have the checksums `expected`. Reads nothing of it yet.
    ///
    /// # Errors
    /// The file cannot be read, or has another number of blocks.
    pub fn open_checked(path: &Path, expected: Vec<BlockHash>) -> Result<Self> {
        let mut file = Self::open(path)?;
        let found = count_blocks(file.len());
        if found != expected.len() {
            let expected = format!("{} blocks", expected.len());
            return Err(AnnError::damaged(path, expected, format!("{found}")));
        }
        file.blocks = Some(Blocks::new(expected));
        Ok(file)
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of a range, checked; none where it is not inside the file.
    ///
    /// # Errors
    /// The file is damaged, here or where it was used before.
    pub fn read(&self, bytes: Range<usize>) -> Result<&[u8]> {
        self.touch(bytes.clone());
        self.intact()?;
        Ok(self.part(&bytes))
    }

    /// Checks the blocks of a range; [`Self::intact`] tells what came of it.
    #[inline(always)]
    pub fn touch(&self, bytes: Range<usize>) {
        if let Some(blocks) = &self.blocks {
            blocks.touch(&self.map, bytes);
        }
    }

    /// Whether there is no block left to be checked.
    #[inline(always)]
    pub(crate) fn is_whole(&self) -> bool {
        self.blocks.as_ref().is_none_or(Blocks::is_whole)
    }

    /// Whether all that was used so far is what was written.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn intact(&self) -> Result<()> {
        self.blocks
            .as_ref()
            .map_or(Ok(()), |blocks| blocks.intact(&self.path))
    }

    /// The bytes of a range, unchecked, or none where it is not inside the file.
    #[inline]
    pub(crate) fn part(&self, bytes: &Range<usize>) -> &[u8] {
        self.map.get(bytes.clone()).unwrap_or_default()
    }

    /// The numbers in a range of bytes, unchecked, or none where the range is not inside the file or not aligned for
    /// them: that of a checked header always is.
    #[inline]
    pub(crate) fn numbers<T: bytemuck::AnyBitPattern>(&self, bytes: &Range<usize>) -> &[T] {
        bytemuck::try_cast_slice(self.part(bytes)).unwrap_or_default()
    }
}

/// Numbers of equal size in a part of a file, each checked before its first use.
#[derive(Debug)]
pub(crate) struct Numbers<'a, T> {
    file: &'a MappedFile,
    start: usize,
    numbers: &'a [T],
}

impl<T> Clone for Numbers<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Numbers<'_, T> {}

impl<'a, T: bytemuck::AnyBitPattern> Numbers<'a, T> {
    /// The numbers in a range of bytes of the file.
    pub fn new(file: &'a MappedFile, bytes: &Range<usize>) -> Self {
        Self {
            file,
            start: bytes.start,
            numbers: file.numbers(bytes),
        }
    }

    /// Number `i`, if there is one.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<T> {
        let number = self.numbers.get(i)?;
        self.touch(i..i + 1);
        Some(*number)
    }

    /// List `i` of lists of `width` numbers; empty where there is none.
    #[inline(always)]
    pub fn list(&self, width: usize, i: usize) -> &'a [T] {
        let part = i * width..(i + 1) * width;
        let Some(list) = self.numbers.get(part.clone()) else {
            return &[];
        };
        self.touch(part);
        list
    }

    #[inline(always)]
    fn touch(&self, part: Range<usize>) {
        let place = |number: usize| self.start + number * size_of::<T>();
        self.file.touch(place(part.start)..place(part.end));
    }
}
