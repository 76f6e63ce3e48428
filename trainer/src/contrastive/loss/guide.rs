//! GIST: another model says which of a batch's texts are no wrong answers.
//!
//! Solatorio 2024, "GISTEmbed" (<https://arxiv.org/abs/2402.16829>, section 3): a candidate that the guide finds nearer
//! to the row's text than the right answer is likely a right answer too and is left out of the softmax. The margin is
//! that of NV-Retriever (<https://arxiv.org/abs/2407.15831>, section 4.2) and of `[mine]`.

use std::ops::Range;

use tch::{Kind, TchError, Tensor};

use super::ranking::{Columns, cosines, own_mask, unit_rows};
use crate::config::{Direction, Loss};

/// How far below the right answer a candidate has to be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Margins {
    /// By this much cosine.
    pub absolute: f64,
    /// By this part of the right answer's cosine.
    pub relative: f64,
}

impl Margins {
    /// As configured.
    pub fn new(settings: &Loss) -> Self {
        Margins {
            absolute: settings.guide_margin,
            relative: settings.guide_relative_margin,
        }
    }
}

/// The guide's vectors of a batch; rows of unit length.
pub struct Guide {
    anchors: Tensor,
    documents: Tensor,
    /// `(B, 1)`: what a candidate's cosine must not exceed.
    limits: Tensor,
}

impl Guide {
    /// Of the guide's vectors of the same texts that the ranking loss judges.
    ///
    /// # Errors
    /// Shapes that do not fit together.
    pub fn new(columns: &Columns, margins: Margins) -> Result<Self, TchError> {
        let (anchors, documents) = (unit_rows(&columns.anchors)?, unit_rows(&columns.documents)?);
        let pairs = anchors.size()[0];
        let products = anchors.f_mul(&documents.f_narrow(0, 0, pairs)?)?;
        let right = products.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
        let below = right.f_abs()?.f_mul_scalar(margins.relative)?;
        let limits = right.f_sub(&below.f_clamp_min(margins.absolute)?)?;
        Ok(Guide {
            anchors,
            documents,
            limits,
        })
    }

    /// The scores of the pairs `rows` in a direction, −∞ where the guide finds the candidate too near; never at the
    /// right answer.
    ///
    /// # Errors
    /// Shapes that do not fit together.
    pub fn mask(&self, direction: Direction, rows: &Range<i64>, scores: &Tensor) -> Result<Tensor, TchError> {
        let found = cosines(direction, (&self.anchors, &self.documents), rows)?;
        let limits = self.limits.f_narrow(0, rows.start, rows.end - rows.start)?;
        let near = found.f_gt_tensor(&limits)?;
        let pairs = self.limits.size()[0];
        let wrong = match direction {
            Direction::QueryToDocument | Direction::DocumentToQuery => {
                // The first block of columns is that of the positives, or of the anchors.
                let columns =
                    Tensor::f_arange(found.size()[1], (Kind::Int64, found.device()))?.f_lt(pairs)?;
                own_mask(rows, pairs, &found)?
                    .f_logical_and(&columns)?
                    .f_logical_not()?
            }
            Direction::QueryToQuery | Direction::DocumentToDocument => near.f_ones_like()?,
        };
        scores.f_masked_fill(&near.f_logical_and(&wrong)?, f64::NEG_INFINITY)
    }
}
