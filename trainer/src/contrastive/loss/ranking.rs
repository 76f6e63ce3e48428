//! The multiple-negatives ranking loss: each anchor must prefer its own positive to all other candidates.
//!
//! Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply", section 4.4
//! (<https://arxiv.org/abs/1705.00652>), with the scaled cosine and the explicit hard negatives of
//! sentence-transformers' `MultipleNegativesRankingLoss`; the candidates of other directions as in Günther et al.
//! 2023 (<https://arxiv.org/abs/2310.19923>, section 5.2: both ways) and Li et al. 2023
//! (<https://arxiv.org/abs/2308.03281>, section 3.2: all four in one softmax); hardness as in Lan et al. 2025
//! (<https://arxiv.org/abs/2503.04812>, equation 5). Apart from the model, so that it is tested alone.

use std::ops::Range;

use tch::{Kind, TchError, Tensor};

use super::guide::Guide;
use crate::config::{Direction, Hardness, Loss, Softmax};

/// The loss with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Factor on the cosine before the softmax: the inverse of its temperature.
    pub scale: f64,
    /// Which texts are candidates of which; questions against documents are always among them.
    pub directions: Vec<Direction>,
    /// One softmax over all candidates, or one for each direction.
    pub softmax: Softmax,
    /// Which wrong candidates weigh more the nearer they are, and how much.
    pub hardness: Option<(Hardness, f64)>,
}

/// The vectors of a batch of B pairs with n hard negatives each; D numbers a vector. Rows need not have unit
/// length.
#[derive(Debug)]
pub struct Columns {
    /// `(B, D)`: questions.
    pub anchors: Tensor,
    /// `((1 + n)·B, D)`: the positives, row i answers anchor i; then, column after column, the hard negatives,
    /// wrong for their own anchor and candidates for all others too.
    pub documents: Tensor,
}

impl Columns {
    /// Of the vectors of a batch of B `pairs`, its columns one after the other.
    ///
    /// # Errors
    /// Fewer rows than pairs.
    pub fn of(vectors: &Tensor, pairs: i64) -> Result<Self, TchError> {
        let documents = vectors.size()[0] - pairs;
        Ok(Columns {
            anchors: vectors.f_narrow(0, 0, pairs)?,
            documents: vectors.f_narrow(0, pairs, documents)?,
        })
    }
}

impl Ranking {
    /// As configured.
    pub fn new(scale: f64, settings: &Loss) -> Self {
        let mut directions = settings.directions.clone();
        directions.sort_unstable();
        directions.dedup();
        Ranking {
            scale,
            directions,
            softmax: settings.softmax,
            hardness: settings
                .hardness
                .map(|hardness| (hardness, settings.hardness_strength)),
        }
    }

    /// The part of `rows` in the mean over all anchors of −log of the positive's share of the softmax, as a scalar with
    /// a gradient: the losses of parts that cover the batch add up to that of the batch. The largest tensor has a row
    /// for each of `rows`, and a column for each candidate of all directions.
    ///
    /// With [`Softmax::PerDirection`] the logarithm of the denominator is the mean over the directions of theirs. A
    /// guide takes candidates out of it; a direction that has none left for a pair does not count for that.
    ///
    /// # Errors
    /// Shapes that do not fit together.
    pub fn loss(
        &self,
        columns: &Columns,
        rows: &Range<i64>,
        guide: Option<&Guide>,
    ) -> Result<Tensor, TchError> {
        let (anchors, documents) = (unit_rows(&columns.anchors)?, unit_rows(&columns.documents)?);
        let scores = self
            .directions
            .iter()
            .map(|&direction| {
                let scores = self.scores(direction, (&anchors, &documents), rows)?;
                guide.map_or(Ok(scores.shallow_clone()), |guide| {
                    guide.mask(direction, rows, &scores)
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Directions are sorted, and questions against documents are the first of them.
        let positive = scores[0].f_diagonal(rows.start, 0, 1)?;
        let denominator = match self.softmax {
            Softmax::Joint => Tensor::f_cat(&scores, 1)?.f_logsumexp([1i64].as_slice(), false)?,
            Softmax::PerDirection => {
                let each = scores
                    .iter()
                    .map(|scores| scores.f_logsumexp([1i64].as_slice(), false));
                let each = each.collect::<Result<Vec<_>, _>>()?;
                mean_of_some(&Tensor::f_stack(&each, 0)?)?
            }
        };
        let sum = denominator.f_sub(&positive)?.f_sum(Kind::Float)?;
        sum.f_div_scalar(anchors.size()[0])
    }

    /// Candidates of a pair in all directions, in a batch of B `pairs` with so many `documents`.
    pub fn candidates(&self, pairs: i64, documents: i64) -> i64 {
        let of_direction = |direction: &Direction| match direction {
            Direction::QueryToDocument | Direction::DocumentToDocument => documents,
            Direction::DocumentToQuery | Direction::QueryToQuery => pairs,
        };
        self.directions.iter().map(of_direction).sum()
    }

    /// Scaled scores of one direction, a row for each of `rows`, −∞ where a text meets itself or its own pair's.
    fn scores(
        &self,
        direction: Direction,
        (anchors, documents): (&Tensor, &Tensor),
        rows: &Range<i64>,
    ) -> Result<Tensor, TchError> {
        let cosines = cosines(direction, (anchors, documents), rows)?;
        let pairs = anchors.size()[0];
        let own = || own_mask(rows, pairs, &cosines);
        match direction {
            Direction::QueryToDocument => self.harder(&cosines, own, pairs),
            Direction::DocumentToQuery => cosines.f_mul_scalar(self.scale),
            Direction::QueryToQuery | Direction::DocumentToDocument => cosines
                .f_mul_scalar(self.scale)?
                .f_masked_fill(&own()?, f64::NEG_INFINITY),
        }
    }

    /// Scales cosines of questions against documents, and adds strength · cosine, without a gradient, to those of
    /// the chosen wrong documents; `own` says which are a pair's own.
    fn harder(
        &self,
        cosines: &Tensor,
        own: impl Fn() -> Result<Tensor, TchError>,
        pairs: i64,
    ) -> Result<Tensor, TchError> {
        let scaled = cosines.f_mul_scalar(self.scale)?;
        let Some((hardness, strength)) = self.hardness else {
            return Ok(scaled);
        };
        let (own, documents) = (own()?, cosines.size()[1]);
        let positives = Tensor::f_arange(documents, (Kind::Int64, cosines.device()))?.f_lt(pairs)?;
        let chosen = match hardness {
            Hardness::InBatchNegatives => own.f_logical_not()?,
            Hardness::HardNegatives => own.f_logical_and(&positives.f_logical_not()?)?,
            Hardness::AllNegatives => own.f_logical_and(&positives)?.f_logical_not()?,
        };
        let penalty = cosines.f_detach()?.f_mul_scalar(strength)?;
        scaled.f_add(&penalty.f_mul(&chosen)?)
    }
}

/// The mean over the rows of each column, without −∞, the logarithm of nothing; there is always something, the right
/// answer's own direction.
fn mean_of_some(rows: &Tensor) -> Result<Tensor, TchError> {
    let nothing = rows.f_isneginf()?;
    let sum = rows.f_masked_fill(&nothing, 0.0)?;
    let sum = sum.f_sum_dim_intlist([0i64].as_slice(), false, Kind::Float)?;
    let counted = nothing.f_logical_not()?;
    sum.f_div(&counted.f_sum_dim_intlist([0i64].as_slice(), false, Kind::Float)?)
}

/// Inner products of one direction, a row for each of the pairs `rows`.
pub(super) fn cosines(
    direction: Direction,
    (anchors, documents): (&Tensor, &Tensor),
    rows: &Range<i64>,
) -> Result<Tensor, TchError> {
    let (asking, candidates) = match direction {
        Direction::QueryToDocument => (anchors, documents),
        Direction::QueryToQuery => (anchors, anchors),
        // The positives are the first of the documents.
        Direction::DocumentToQuery => (documents, anchors),
        Direction::DocumentToDocument => (documents, documents),
    };
    let asking = asking.f_narrow(0, rows.start, rows.end - rows.start)?;
    asking.f_matmul(&candidates.f_transpose(0, 1)?)
}

/// Shape of `scores`, whose rows are the pairs `rows` of B `pairs`: whether a column's text belongs to the row's pair.
/// Column j belongs to pair j mod B.
pub(super) fn own_mask(rows: &Range<i64>, pairs: i64, scores: &Tensor) -> Result<Tensor, TchError> {
    let kind = (Kind::Int64, scores.device());
    let columns = Tensor::f_arange(scores.size()[1], kind)?.f_remainder(pairs)?;
    let rows = Tensor::f_arange_start(rows.start, rows.end, kind)?;
    rows.f_unsqueeze(1)?.f_eq_tensor(&columns)
}

/// Rows divided by their L2 norm, as `torch.nn.functional.normalize` does: norms below 1e-12 count as that.
pub(super) fn unit_rows(rows: &Tensor) -> Result<Tensor, TchError> {
    let norms = rows
        .f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?
        .f_clamp_min(1e-12)?;
    rows.f_div(&norms)
}
