//! Losses that imitate another model.

use tch::{Kind, Reduction, TchError, Tensor};

/// MarginMSE: the lead of the positive over each negative, in inner products with the anchor, against the teacher's.
///
/// Hofstätter et al. 2020 (<https://arxiv.org/abs/2010.02666>), section 3.1. `leads` is `(negatives, B)`.
///
/// # Errors
/// Shapes that do not fit together.
pub fn margin_mse(columns: &[Tensor], leads: &Tensor) -> Result<Tensor, TchError> {
    self::leads(columns)?.f_mse_loss(leads, Reduction::Mean)
}

/// By how much the positive's inner product with the anchor exceeds each negative's, shape `(negatives, B)`. `columns`
/// are `(B, D)` each: anchors, positives, and one or more columns of negatives.
///
/// # Errors
/// Shapes that do not fit together, no negatives.
pub fn leads(columns: &[Tensor]) -> Result<Tensor, TchError> {
    let [anchors, positives, negatives @ ..] = columns else {
        return Err(TchError::Shape("a lead needs an anchor and two texts".into()));
    };
    let products = |texts: &Tensor| {
        anchors
            .f_mul(texts)?
            .f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)
    };
    let positives = products(positives)?;
    let leads = negatives
        .iter()
        .map(|negatives| positives.f_sub(&products(negatives)?));
    Tensor::f_stack(&leads.collect::<Result<Vec<_>, _>>()?, 0)
}

/// Embedding distillation: the mean squared difference of all numbers of all vectors and the teacher's.
///
/// Reimers and Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual"
/// (<https://arxiv.org/abs/2004.09813>), section 2.
///
/// # Errors
/// Shapes that differ.
pub fn distillation(vectors: &Tensor, teacher: &Tensor) -> Result<Tensor, TchError> {
    vectors.f_mse_loss(teacher, Reduction::Mean)
}
