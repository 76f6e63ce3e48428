//! Whether vectors are those of the model that is to encode the questions.

use encoder::Encoder;
use encoder::vectors::is_zero;

use super::ImportOptions;
use super::join::Sample;
use super::waiting::WaitingVectors;
use crate::error::{IndexError, OtherVectors, Result};
use crate::unit;

/// The least median cosine: far above what two models have in common, below what other numbers (float16, 8 bits), another
/// library and other ends of long texts make of the same model.
const LEAST: f32 = 0.98;

/// Encodes the samples and compares them with the vectors given: the median cosine, none without samples.
///
/// The median, because some texts may have been cut elsewhere.
pub(super) fn compare(
    options: &ImportOptions,
    encoder: &dyn Encoder,
    given: &WaitingVectors,
    samples: &[Sample],
) -> Result<Option<f32>> {
    if samples.is_empty() {
        return Ok(None);
    }
    let texts: Vec<&str> = samples.iter().map(|sample| sample.passage.as_str()).collect();
    let encoded = encoder.encode_documents(&texts)?.vectors;
    let mut compared = Vec::with_capacity(samples.len());
    let mut row = vec![0.0; given.dimension()];
    for (sample, encoded) in samples.iter().zip(encoded.rows()) {
        // A text without a known word has no vector of a static model.
        if !is_zero(encoded) {
            given.read(sample.row, &mut row)?;
            compared.push((unit::cosine(encoded, &row), &sample.id));
        }
    }
    compared.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some(&(median, _)) = compared.get(compared.len() / 2) else {
        return Ok(None);
    };
    if median >= LEAST {
        return Ok(Some(median));
    }
    let (lowest, id) = compared[0];
    Err(IndexError::OtherVectors(Box::new(OtherVectors {
        path: options.vectors.clone(),
        model: options.model.clone(),
        compared: compared.len(),
        median,
        id: id.clone(),
        lowest,
    })))
}
