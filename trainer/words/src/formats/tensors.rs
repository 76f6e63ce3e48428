//! Tensors of a safetensors file that stay in the mapped file.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memmap2::Mmap;
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};

use crate::error::{Result, WordsError};
use crate::table::{MappedRows, Table};

/// The length of the header, in front of it.
pub(super) const LENGTH_BYTES: usize = size_of::<u64>();

/// A mapped safetensors file whose header has been checked.
pub(super) struct Tensors {
    path: PathBuf,
    map: Arc<Mmap>,
    header: Metadata,
    data: usize,
}

impl Tensors {
    /// Reads the header.
    pub(super) fn open(path: &Path, map: Arc<Mmap>) -> Result<Self> {
        let (length, header) = SafeTensors::read_metadata(&map).map_err(|error| {
            WordsError::format(
                path,
                "a whole safetensors file",
                format!("one that is damaged or cut off ({error})"),
                "get the file again",
            )
        })?;
        Ok(Tensors {
            path: path.to_owned(),
            map,
            header,
            data: LENGTH_BYTES + length,
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A text of the header.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let texts = self.header.metadata().as_ref()?;
        texts.get(key).map(String::as_str)
    }

    /// All bytes behind the header.
    pub(super) fn data(&self) -> &[u8] {
        &self.map[self.data..]
    }

    /// Whether there is a tensor of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.header.info(name).is_some()
    }

    /// The bytes of a list of `N`-byte numbers.
    pub(super) fn list<const N: usize>(&self, name: &str, kind: Dtype) -> Result<&[[u8; N]]> {
        let info = self.info(name, kind, 1)?;
        Ok(self.map[self.range(info)].as_chunks().0)
    }

    /// A matrix, which stays in the file.
    pub(super) fn table(&self, name: &str) -> Result<Table> {
        let info = self.info(name, Dtype::F32, 2)?;
        let (rows, dimension) = (info.shape[0], info.shape[1]);
        let regular = MappedRows::Regular {
            start: self.range(info).start,
            stride: dimension.saturating_mul(size_of::<f32>()),
            rows,
        };
        self.mapped(name, regular, dimension)
    }

    /// Some rows of a matrix, in the order given; each is one of the table's.
    pub(super) fn rows(&self, name: &str, rows: &[usize]) -> Result<Table> {
        let info = self.info(name, Dtype::F32, 2)?;
        let dimension = info.shape[1];
        let start = self.range(info).start;
        let stride = dimension.saturating_mul(size_of::<f32>());
        let starts = rows.iter().map(|row| start + row * stride).collect();
        self.mapped(name, MappedRows::At(starts), dimension)
    }

    fn mapped(&self, name: &str, rows: MappedRows, dimension: usize) -> Result<Table> {
        Table::mapped(Arc::clone(&self.map), rows, dimension).ok_or_else(|| {
            self.wrong(
                format!("rows of at least one number in tensor {name}"),
                format!("rows of {dimension}"),
            )
        })
    }

    fn info(&self, name: &str, kind: Dtype, axes: usize) -> Result<&TensorInfo> {
        let expected = || format!("a tensor {name} of {kind:?} numbers on {axes} axes");
        let info = self
            .header
            .info(name)
            .ok_or_else(|| self.wrong(expected(), "none of that name".to_owned()))?;
        if info.dtype != kind || info.shape.len() != axes {
            let found = format!("{:?} numbers of shape {:?}", info.dtype, info.shape);
            return Err(self.wrong(expected(), found));
        }
        Ok(info)
    }

    fn range(&self, info: &TensorInfo) -> Range<usize> {
        let (start, end) = info.data_offsets;
        self.data + start..self.data + end
    }

    /// An error of this file.
    pub(super) fn wrong(&self, expected: impl Into<String>, found: impl Into<String>) -> WordsError {
        WordsError::format(&self.path, expected, found, "get the file again, or train again")
    }
}
