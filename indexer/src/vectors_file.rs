//! `vectors.bin`: the rows of the index, read in place.
//!
//! A header of 64 bytes (magic, version, dimension, stride, count), then one row of little-endian
//! `f32` after the other. A row starts on a multiple of 64 bytes, a cache line, so the stride is
//! the dimension rounded up to 16 numbers; the numbers in between are 0.

use indexer_ann::{MappedFile, Rows};

use crate::error::{IndexError, Result};
use crate::header::header_u32;

/// Name of the file inside a segment.
pub const FILE_NAME: &str = "vectors.bin";

const MAGIC: &[u8; 8] = b"SXTVECTS";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 64;
/// Numbers in a cache line of 64 bytes.
const LINE: usize = 16;

/// The rows of an index, mapped; shape `(len, dimension)`.
#[derive(Debug)]
pub(crate) struct VectorsFile {
    file: MappedFile,
    dimension: usize,
    stride: usize,
    len: usize,
}

impl VectorsFile {
    /// Takes the file and checks that its header and its length agree.
    pub fn open(file: MappedFile) -> Result<Self> {
        let (path, length) = (file.path(), file.len());
        let bytes = file.read(0..HEADER_BYTES.min(length))?;
        if bytes.len() < HEADER_BYTES || &bytes[..8] != MAGIC || header_u32(bytes, 8) != VERSION {
            return Err(IndexError::damaged(
                path,
                "the header of a vectors file",
                "another",
            ));
        }
        let [dimension, stride, len] = [12, 16, 20].map(|offset| header_u32(bytes, offset) as usize);
        let expected = stride
            .checked_mul(len)
            .and_then(|n| n.checked_mul(4))
            .and_then(|n| n.checked_add(HEADER_BYTES));
        if dimension == 0 || stride != dimension.next_multiple_of(LINE) || expected != Some(length) {
            let expected = format!("{len} rows of {dimension} numbers");
            return Err(IndexError::damaged(path, expected, format!("{length} bytes")));
        }
        Ok(Self {
            file,
            dimension,
            stride,
            len,
        })
    }

    /// Numbers per row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// All rows, of which each one is checked when it is used.
    pub fn rows(&self) -> Rows<'_> {
        let bytes = HEADER_BYTES..self.file.len();
        Rows::of_file(&self.file, &bytes, self.dimension, self.stride)
    }
}

/// Writes `vectors` in the form above.
#[cfg(feature = "build")]
pub(crate) fn write(
    vectors: &encoder::vectors::Vectors,
    out: &mut impl std::io::Write,
) -> std::io::Result<()> {
    let dimension = vectors.dimension();
    let stride = dimension.next_multiple_of(LINE);
    let mut header = [0_u8; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    for (slot, value) in [VERSION, dimension as u32, stride as u32, vectors.len() as u32]
        .iter()
        .enumerate()
    {
        header[8 + 4 * slot..][..4].copy_from_slice(&value.to_le_bytes());
    }
    out.write_all(&header)?;
    let gap = vec![0_u8; 4 * (stride - dimension)];
    for row in vectors.rows() {
        out.write_all(bytemuck::cast_slice(row))?;
        out.write_all(&gap)?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(feature = "build")]
mod tests {
    use std::path::Path;

    use super::*;
    use encoder::vectors::Vectors;

    fn open(path: &Path) -> Result<VectorsFile> {
        VectorsFile::open(MappedFile::open(path)?)
    }

    fn stored(vectors: &Vectors) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        write(vectors, &mut std::fs::File::create(&path).unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn rows_come_back_and_start_on_cache_lines() {
        for dimension in [1, 15, 16, 17, 384] {
            let numbers = (0..3 * dimension).map(|i| i as f32 - 7.5).collect();
            let vectors = Vectors::from_rows(dimension, numbers);
            let (_folder, path) = stored(&vectors);
            let file = open(&path).unwrap();
            assert_eq!((file.len(), file.dimension()), (3, dimension));
            for i in 0..3 {
                assert_eq!(file.rows().row(i), vectors.row(i));
                assert_eq!(file.rows().row(i).as_ptr() as usize % 64, 0);
            }
        }
    }

    #[test]
    fn every_truncation_and_every_header_that_lies_is_refused() {
        let (_folder, path) = stored(&Vectors::from_rows(3, vec![1.0; 6]));
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(open(&path).is_err(), "{length} bytes");
        }
        for offset in 0..24 {
            let mut bytes = whole.clone();
            bytes[offset] ^= 0x80;
            std::fs::write(&path, &bytes).unwrap();
            assert!(open(&path).is_err(), "byte {offset}");
        }
    }
}
