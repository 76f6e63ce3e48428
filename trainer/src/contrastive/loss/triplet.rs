//! The triplet loss: a negative should be farther from its anchor than the positive is, by a margin.
//!
//! Schroff et al. 2015, "FaceNet" (<https://arxiv.org/abs/1503.03832>), equation 3, with the distances of
//! sentence-transformers' `TripletLoss`.

use tch::{Kind, TchError, Tensor};

use super::scored::pair_cosines;
use crate::config::Distance;

/// Added to each difference of two numbers, as PyTorch's `pairwise_distance` does, so that equal vectors have a
/// gradient.
const EPSILON: f64 = 1e-6;

/// Mean over all anchors, and over their negatives, of how much the margin is missed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Triplet {
    /// How distances are measured.
    pub distance: Distance,
    /// How much farther the negative should be.
    pub margin: f64,
}

impl Triplet {
    /// `columns` are `(B, D)` each: anchors, positives, and one or more columns of negatives.
    ///
    /// # Errors
    /// Shapes that do not fit together, no negatives.
    pub fn loss(&self, columns: &[Tensor]) -> Result<Tensor, TchError> {
        let [anchors, positives, negatives @ ..] = columns else {
            return Err(TchError::Shape("a triplet has three texts".into()));
        };
        let near = self.distances(anchors, positives)?;
        let missed = negatives.iter().map(|negatives| {
            let lead = self.distances(anchors, negatives)?.f_sub(&near)?;
            lead.f_neg()?.f_add_scalar(self.margin)?.f_relu()
        });
        Tensor::f_stack(&missed.collect::<Result<Vec<_>, _>>()?, 0)?.f_mean(Kind::Float)
    }

    fn distances(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, TchError> {
        match self.distance {
            Distance::Cosine => pair_cosines(a, b)?.f_neg()?.f_add_scalar(1.0),
            Distance::Euclidean => {
                let difference = a.f_sub(b)?.f_add_scalar(EPSILON)?;
                difference.f_norm_scalaropt_dim(2, [1i64].as_slice(), false)
            }
        }
    }
}
