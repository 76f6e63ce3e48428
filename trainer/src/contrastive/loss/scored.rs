//! Losses of scored pairs: the cosine of two texts against a number given for them.

use tch::{Kind, TchError, Tensor};

use super::ranking::unit_rows;

/// Cosines of the rows of two tensors `(B, D)`, shape `(B)`.
///
/// # Errors
/// Shapes that do not fit together.
pub fn pair_cosines(a: &Tensor, b: &Tensor) -> Result<Tensor, TchError> {
    let products = unit_rows(a)?.f_mul(&unit_rows(b)?)?;
    products.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)
}

/// CoSENT: log(1 + Σ e^(scale · (cosine of j − cosine of i))) over all pairs of pairs of which i has the higher score.
/// Scores count by their order alone.
///
/// Su 2022, "CoSENT (1)" (<https://kexue.fm/archives/8847>); Huang et al. 2024, doi 10.1109/TASLP.2024.3402087.
///
/// # Errors
/// Shapes that do not fit together.
pub fn cosent(cosines: &Tensor, scores: &Tensor, scale: f64) -> Result<Tensor, TchError> {
    let scaled = cosines.f_mul_scalar(scale)?;
    let leads = scaled.f_unsqueeze(0)?.f_sub(&scaled.f_unsqueeze(1)?)?;
    let higher = scores.f_unsqueeze(1)?.f_gt_tensor(&scores.f_unsqueeze(0)?)?;
    let leads = leads.f_masked_fill(&higher.f_logical_not()?, f64::NEG_INFINITY)?;
    let one = Tensor::f_zeros([1], (scaled.kind(), scaled.device()))?;
    Tensor::f_cat(&[one, leads.f_flatten(0, 1)?], 0)?.f_logsumexp([0i64].as_slice(), false)
}

/// Mean squared difference of cosines and scores, both from −1 to 1.
///
/// Reimers and Gurevych 2019, "Sentence-BERT" (<https://arxiv.org/abs/1908.10084>), section 3, regression objective.
///
/// # Errors
/// Shapes that do not fit together.
pub fn cosine(cosines: &Tensor, scores: &Tensor) -> Result<Tensor, TchError> {
    cosines.f_mse_loss(scores, tch::Reduction::Mean)
}
