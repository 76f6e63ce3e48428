//! Matryoshka representation learning: the first numbers of a vector are trained to be a good vector themselves.
//!
//! Kusupati et al. 2022 (<https://arxiv.org/abs/2205.13147>), equation 1, with all weights 1, as
//! sentence-transformers' `MatryoshkaLoss` has them.

use tch::{TchError, Tensor};

use super::ranking::unit_rows;

/// The lengths at which a loss is taken besides the full one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matryoshka {
    dimensions: Vec<i64>,
}

impl Matryoshka {
    /// At these lengths, each below the vectors' own.
    pub fn new(dimensions: &[usize]) -> Self {
        let mut dimensions: Vec<i64> = dimensions.iter().map(|&dimension| dimension as i64).collect();
        dimensions.sort_unstable_by(|a, b| b.cmp(a));
        dimensions.dedup();
        Matryoshka { dimensions }
    }

    /// The loss of the vectors as they are plus, for each length, that of the vectors cut to it and brought to unit
    /// length again, as they are when they are used.
    ///
    /// # Errors
    /// Those of `loss`, a length beyond the vectors'.
    pub fn sum(
        &self,
        vectors: &Tensor,
        loss: impl Fn(&Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        let whole = loss(vectors)?;
        self.dimensions.iter().try_fold(whole, |sum, &dimension| {
            sum.f_add(&loss(&unit_rows(&vectors.f_narrow(1, 0, dimension)?)?)?)
        })
    }
}
