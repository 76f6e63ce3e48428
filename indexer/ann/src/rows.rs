//! Rows of numbers that lie at equal distances.

/// Vectors, one a row; shape `(len, dimension)`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    numbers: &'a [f32],
    dimension: usize,
    stride: usize,
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
        &self.numbers[i * self.stride..][..self.dimension]
    }

    /// Row `i`, if there is one.
    #[inline]
    pub fn get(self, i: usize) -> Option<&'a [f32]> {
        self.numbers
            .get(i.checked_mul(self.stride)?..)?
            .get(..self.dimension)
    }
}
