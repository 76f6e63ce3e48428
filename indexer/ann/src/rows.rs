//! Rows of numbers that lie at equal distances.

use std::ops::Range;

use crate::error::Result;
use crate::mapped::MappedFile;

/// Vectors, one a row; shape `(len, dimension)`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    numbers: &'a [f32],
    dimension: usize,
    stride: usize,
    /// The file that they lie in, and where they begin there.
    origin: Option<(&'a MappedFile, usize)>,
}

impl<'a> Rows<'a> {
    /// Rows of `dimension` numbers that begin every `stride` numbers.
    ///
    /// # Panics
    /// `stride` is 0 or less than `dimension`.
    pub fn new(numbers: &'a [f32], dimension: usize, stride: usize) -> Self {
        assert!(
            stride > 0 && stride >= dimension,
            "rows of {dimension} numbers every {stride}"
        );
        Self {
            numbers,
            dimension,
            stride,
            origin: None,
        }
    }

    /// Like [`Self::new`], in a range of bytes of a file. Rows are checked as the file is: who has used some asks
    /// [`Self::intact`].
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn of_file(file: &'a MappedFile, bytes: &Range<usize>, dimension: usize, stride: usize) -> Self {
        Self {
            origin: Some((file, bytes.start)),
            ..Self::new(file.numbers(bytes), dimension, stride)
        }
    }

    /// Whether all rows used so far are what was written.
    ///
    /// # Errors
    /// Their file is damaged.
    pub fn intact(self) -> Result<()> {
        self.origin.map_or(Ok(()), |(file, _)| file.intact())
    }

    #[inline(always)]
    fn touch(self, i: usize) {
        if let Some((file, start)) = self.origin {
            let row = start + i * self.stride * size_of::<f32>();
            file.touch(row..row + self.dimension * size_of::<f32>());
        }
    }

    /// Numbers per row.
    pub fn dimension(self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(self) -> usize {
        (self.numbers.len() + self.stride - self.dimension) / self.stride
    }

    /// Whether there is no row.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Row `i`.
    ///
    /// # Panics
    /// There is no such row.
    #[inline]
    pub fn row(self, i: usize) -> &'a [f32] {
        self.touch(i);
        &self.numbers[i * self.stride..][..self.dimension]
    }

    /// Row `i`, if there is one.
    #[inline]
    pub fn get(self, i: usize) -> Option<&'a [f32]> {
        let row = self
            .numbers
            .get(i.checked_mul(self.stride)?..)?
            .get(..self.dimension)?;
        self.touch(i);
        Some(row)
    }
}
