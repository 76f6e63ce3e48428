//! Rows of numbers, wherever they lie.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use encoder::vectors::Vectors;
use memmap2::Mmap;

/// Bytes of a number.
const NUMBER: usize = size_of::<f32>();

/// Vectors of one dimension, row after row; shape `(rows, dimension)`.
#[derive(Debug, Clone)]
pub struct Table {
    storage: Storage,
}

#[derive(Debug, Clone)]
enum Storage {
    Memory(Vectors),
    Mapped(Mapped),
}

/// Little-endian numbers in a mapped file; every row was found to lie within it.
#[derive(Clone)]
struct Mapped {
    map: Arc<Mmap>,
    at: MappedRows,
    dimension: usize,
}

/// Where the rows of a mapped file start, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappedRows {
    /// One row every `stride` bytes.
    Regular {
        /// The first row's first byte.
        start: usize,
        /// From a row's first byte to the next row's.
        stride: usize,
        /// How many.
        rows: usize,
    },
    /// Each row's first byte: words of any length lie between the rows of word2vec's binary format.
    At(Vec<usize>),
}

impl Table {
    /// Rows that stay in a mapped file; `None` where one would reach beyond its end, or the dimension is 0.
    pub fn mapped(map: Arc<Mmap>, at: MappedRows, dimension: usize) -> Option<Self> {
        let row = dimension.checked_mul(NUMBER).filter(|&bytes| bytes > 0)?;
        let last = match &at {
            MappedRows::Regular { rows: 0, .. } => None,
            &MappedRows::Regular { start, stride, rows } => {
                Some((rows - 1).checked_mul(stride)?.checked_add(start)?)
            }
            MappedRows::At(starts) => starts.iter().max().copied(),
        };
        let end = last.map_or(Some(0), |start| start.checked_add(row))?;
        (end <= map.len()).then_some(Table {
            storage: Storage::Mapped(Mapped { map, at, dimension }),
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.storage {
            Storage::Memory(vectors) => vectors.len(),
            Storage::Mapped(mapped) => mapped.rows(),
        }
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        match &self.storage {
            Storage::Memory(vectors) => vectors.dimension(),
            Storage::Mapped(mapped) => mapped.dimension,
        }
    }

    /// A row; borrowed wherever the numbers lie as the processor wants them.
    ///
    /// # Panics
    /// There is no such row.
    pub fn row(&self, row: usize) -> Cow<'_, [f32]> {
        match &self.storage {
            Storage::Memory(vectors) => Cow::Borrowed(vectors.row(row)),
            Storage::Mapped(mapped) => mapped.row(row),
        }
    }
}

impl Mapped {
    fn rows(&self) -> usize {
        match &self.at {
            MappedRows::Regular { rows, .. } => *rows,
            MappedRows::At(starts) => starts.len(),
        }
    }

    fn row(&self, row: usize) -> Cow<'_, [f32]> {
        let start = match &self.at {
            MappedRows::Regular { start, stride, rows } => {
                assert!(row < *rows, "row {row} of {rows}");
                start + row * stride
            }
            MappedRows::At(starts) => starts[row],
        };
        let bytes = &self.map[start..start + self.dimension * NUMBER];
        match bytemuck::try_cast_slice(bytes) {
            Ok(numbers) if cfg!(target_endian = "little") => Cow::Borrowed(numbers),
            _ => Cow::Owned(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&number| f32::from_le_bytes(number))
                    .collect(),
            ),
        }
    }
}

/// The map's bytes would be no help.
impl fmt::Debug for Mapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Mapped({} rows of {} numbers in a file of {} bytes)",
            self.rows(),
            self.dimension,
            self.map.len()
        )
    }
}

impl From<Vectors> for Table {
    fn from(vectors: Vectors) -> Self {
        Table {
            storage: Storage::Memory(vectors),
        }
    }
}

/// Equal numbers, wherever they lie.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.dimension() == other.dimension()
            && self.rows() == other.rows()
            && (0..self.rows()).all(|row| self.row(row) == other.row(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(numbers: &[f32], before: usize) -> Arc<Mmap> {
        let mut map = memmap2::MmapMut::map_anon(before + numbers.len() * NUMBER).unwrap();
        for (at, number) in numbers.iter().enumerate() {
            map[before + at * NUMBER..][..NUMBER].copy_from_slice(&number.to_le_bytes());
        }
        Arc::new(map.make_read_only().unwrap())
    }

    #[test]
    fn mapped_rows_equal_rows_in_memory_aligned_or_not() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let memory: Table = Vectors::from_rows(2, numbers.to_vec()).into();
        for start in 0..5 {
            let regular = MappedRows::Regular {
                start,
                stride: 8,
                rows: 3,
            };
            let at = MappedRows::At(vec![start, start + 8, start + 16]);
            for rows in [regular, at] {
                let mapped = Table::mapped(map(&numbers, start), rows, 2).unwrap();
                assert_eq!(mapped, memory);
                assert_eq!(matches!(mapped.row(1), Cow::Borrowed(_)), start % 4 == 0);
            }
        }
    }

    #[test]
    fn rows_beyond_the_end_of_the_file_are_refused() {
        let regular = |start, stride, rows| MappedRows::Regular { start, stride, rows };
        for (rows, dimension) in [
            (regular(4, 8, 3), 2),
            (regular(0, 8, 4), 2),
            (regular(0, usize::MAX, 3), 2),
            (regular(usize::MAX, 8, 1), 2),
            (regular(0, 8, 3), 0),
            (regular(0, 8, 3), usize::MAX),
            (MappedRows::At(vec![17, 0]), 2),
        ] {
            assert!(
                Table::mapped(map(&[0.0; 6], 0), rows.clone(), dimension).is_none(),
                "{rows:?}"
            );
        }
        let none = Table::mapped(map(&[0.0; 6], 0), regular(100, 8, 0), 2).unwrap();
        assert_eq!(none.rows(), 0);
    }
}
