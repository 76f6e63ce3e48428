//! Rows of numbers, wherever they lie.

use std::borrow::Cow;

use encoder::vectors::Vectors;

/// Vectors of one dimension, row after row; shape `(rows, dimension)`.
#[derive(Debug, Clone)]
pub struct Table {
    storage: Storage,
}

#[derive(Debug, Clone)]
enum Storage {
    Memory(Vectors),
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.storage {
            Storage::Memory(vectors) => vectors.len(),
        }
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        match &self.storage {
            Storage::Memory(vectors) => vectors.dimension(),
        }
    }

    /// A row; borrowed wherever the numbers lie as the processor wants them.
    ///
    /// # Panics
    /// There is no such row.
    pub fn row(&self, row: usize) -> Cow<'_, [f32]> {
        match &self.storage {
            Storage::Memory(vectors) => Cow::Borrowed(vectors.row(row)),
        }
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
