//! Vectors that wait in a file for their documents, so that there may be more of them than fit into memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{IndexError, Result};

/// Rows of one dimension that are being written.
#[derive(Debug)]
pub(super) struct WaitingWriter {
    out: BufWriter<File>,
    folder: PathBuf,
    dimension: usize,
    rows: usize,
}

/// Rows of one dimension in a file without a name, of which nothing is left however the process ends; shape
/// `(len, dimension)`.
#[derive(Debug)]
pub(super) struct WaitingVectors {
    file: File,
    folder: PathBuf,
    dimension: usize,
    rows: usize,
}

impl WaitingWriter {
    /// No rows yet, in a file in `folder`.
    pub fn create(folder: &Path, dimension: usize) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(IndexError::write(folder))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, file),
            folder: folder.to_owned(),
            dimension,
            rows: 0,
        })
    }

    /// Numbers per row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// The next row, of [`Self::dimension`] numbers.
    pub fn push(&mut self, row: &[f32]) -> Result<()> {
        let written = self.out.write_all(bytemuck::cast_slice(row));
        written.map_err(IndexError::write(&self.folder))?;
        self.rows += 1;
        Ok(())
    }

    /// There are no more rows.
    pub fn finish(self) -> Result<WaitingVectors> {
        let Self {
            out,
            folder,
            dimension,
            rows,
        } = self;
        let file = out
            .into_inner()
            .map_err(|error| IndexError::write(&folder)(error.into_error()))?;
        Ok(WaitingVectors {
            file,
            folder,
            dimension,
            rows,
        })
    }
}

impl WaitingVectors {
    /// Numbers per row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Reads row `row` into `into`, which has [`Self::dimension`] numbers.
    pub fn read(&self, row: u32, into: &mut [f32]) -> Result<()> {
        let start = u64::from(row) * size_of_val(into) as u64;
        let read = self.file.read_exact_at(bytemuck::cast_slice_mut(into), start);
        read.map_err(IndexError::read(&self.folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_any_order_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = WaitingWriter::create(folder.path(), 3).unwrap();
        for row in 0..1000 {
            writer.push(&[row as f32, 0.5, -1.0]).unwrap();
        }
        let vectors = writer.finish().unwrap();
        assert_eq!((vectors.len(), vectors.dimension()), (1000, 3));
        let mut found = [0.0; 3];
        for row in [999, 0, 500] {
            vectors.read(row, &mut found).unwrap();
            assert_eq!(found, [row as f32, 0.5, -1.0]);
        }
        assert!(vectors.read(1000, &mut found).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
