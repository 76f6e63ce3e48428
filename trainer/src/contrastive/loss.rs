//! The multiple-negatives ranking loss: each anchor must prefer its own positive to all other candidates.
//!
//! Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply", section 4.4
//! (<https://arxiv.org/abs/1705.00652>), with the scaled cosine and the explicit hard negatives of
//! sentence-transformers' `MultipleNegativesRankingLoss`. Apart from the model, so that it is tested alone.

use tch::{Kind, TchError, Tensor};

/// Mean cross-entropy of picking the right positive, as a scalar tensor with a gradient.
///
/// | tensor | shape | rows |
/// | --- | --- | --- |
/// | `anchors` | `(B, D)` | questions |
/// | `positives` | `(B, D)` | row `i` answers anchor `i` |
/// | `negatives` | `(n·B, D)`, `n ≥ 1` | wrong for their own anchor, and candidates for all the others too |
///
/// The scores are `scale · cosine` of shape `(B, (1 + n)·B)`, positives first; the right column of row `i` is
/// `i`. `scale` is the inverse of the softmax temperature. Rows need not have unit length.
///
/// # Errors
/// Shapes that do not fit together.
pub fn multiple_negatives_ranking(
    anchors: &Tensor,
    positives: &Tensor,
    negatives: Option<&Tensor>,
    scale: f64,
) -> Result<Tensor, TchError> {
    let candidates = match negatives {
        Some(negatives) => Tensor::f_cat(&[positives, negatives], 0)?,
        None => positives.shallow_clone(),
    };
    let scores = unit_rows(anchors)?.f_matmul(&unit_rows(&candidates)?.f_transpose(0, 1)?)? * scale;
    let labels = Tensor::arange(anchors.size()[0], (Kind::Int64, anchors.device()));
    scores.f_cross_entropy_loss::<Tensor>(&labels, None, tch::Reduction::Mean, NO_IGNORED_LABEL, 0.0)
}

/// PyTorch's default; no row has this label.
const NO_IGNORED_LABEL: i64 = -100;

/// Rows divided by their L2 norm, as `torch.nn.functional.normalize` does: norms below 1e-12 count as that.
fn unit_rows(rows: &Tensor) -> Result<Tensor, TchError> {
    let norms = rows
        .f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?
        .f_clamp_min(1e-12)?;
    rows.f_div(&norms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(anchors: &Tensor, positives: &Tensor, negatives: Option<&Tensor>) -> f64 {
        multiple_negatives_ranking(anchors, positives, negatives, 20.0)
            .unwrap()
            .double_value(&[])
    }

    #[test]
    fn two_orthogonal_pairs_have_the_loss_computed_by_hand() {
        let axes = Tensor::eye(2, (Kind::Float, tch::Device::Cpu));
        let expected = (1.0 + (-20.0f64).exp()).ln();
        assert!((value(&axes, &axes, None) - expected).abs() < 1e-7);
    }

    #[test]
    fn hard_negatives_are_candidates_of_every_anchor() {
        let axes = Tensor::eye(2, (Kind::Float, tch::Device::Cpu));
        // Each negative equals one of the positives: every anchor has two candidates at cosine 1, two at 0.
        let expected = (2.0 + 2.0 * (-20.0f64).exp()).ln();
        assert!((value(&axes, &axes, Some(&axes)) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_length_of_the_rows_does_not_matter() {
        let anchors = Tensor::from_slice(&[1.0f32, 2.0, -1.0, 0.5]).view([2, 2]);
        let positives = Tensor::from_slice(&[0.5f32, 2.0, -1.0, 1.5]).view([2, 2]);
        let difference =
            value(&anchors, &positives, None) - value(&(&anchors * 7.0), &(&positives * 0.1), None);
        assert!(difference.abs() < 1e-6);
    }

    #[test]
    fn shapes_that_do_not_fit_are_an_error_not_a_panic() {
        let axes = Tensor::eye(2, (Kind::Float, tch::Device::Cpu));
        let other = Tensor::eye(3, (Kind::Float, tch::Device::Cpu));
        assert!(multiple_negatives_ranking(&axes, &other, None, 20.0).is_err());
    }
}
