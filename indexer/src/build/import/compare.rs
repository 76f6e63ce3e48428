//! Whether vectors are those of the model that is to encode the questions.

use encoder::Encoder;
use encoder::vectors::is_zero;
use indexer_ann::{Metric, dot};

use super::super::{Observer, Phase};
use super::ImportOptions;
use super::given::{Given, NO_DIRECTION};
use super::join::{Joined, Sample};
use super::waiting::WaitingVectors;
use crate::error::{IndexError, OtherVectors, Result};
use crate::unit;

/// Documents encoded between two signs of progress.
const AT_ONCE: usize = 16;

/// The least median cosine: far above what two models have in common, below what other numbers (float16, 8 bits), another
/// library and other ends of long texts make of the same model.
const LEAST: f32 = 0.98;

/// What the comparison has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Compared {
    /// Documents that were encoded and have a vector.
    pub documents: usize,
    /// The median cosine between their vectors and those given.
    pub median: f32,
    /// The lowest.
    pub lowest: f32,
}

/// A sample that was encoded.
struct Encoded<'a> {
    sample: &'a Sample,
    /// Of unit length.
    vector: Vec<f32>,
    /// The cosine to the vector given.
    cosine: f32,
}

/// Encodes the samples and compares them with the vectors given; none where there is nothing to compare.
///
/// The median has to be high and no more, because some texts may have been cut elsewhere. But a vector that is another
/// row's is never right, so those of low cosine are looked for among all.
pub(super) fn compare(
    options: &ImportOptions,
    encoder: &dyn Encoder,
    given: &Given,
    joined: &Joined,
    observer: &mut dyn Observer,
) -> Result<Option<Compared>> {
    zeros(options, encoder, &joined.zeros, observer)?;
    let mut encoded = encode(encoder, &given.vectors, &joined.samples, observer)?;
    encoded.sort_by(|a, b| a.cosine.total_cmp(&b.cosine));
    let Some(lowest) = encoded.first() else {
        return Ok(None);
    };
    let compared = Compared {
        documents: encoded.len(),
        median: encoded[encoded.len() / 2].cosine,
        lowest: lowest.cosine,
    };
    let low = &encoded[..encoded.partition_point(|encoded| encoded.cosine < LEAST)];
    for (encoded, (row, cosine)) in low.iter().zip(nearest(&given.vectors, low)?) {
        if cosine >= LEAST {
            return Err(misplaced(options, given, encoded, (row, cosine)));
        }
    }
    if compared.median < LEAST {
        return Err(IndexError::OtherVectors(Box::new(OtherVectors {
            path: options.vectors.clone(),
            model: options.model.clone(),
            compared: compared.documents,
            median: compared.median,
            id: lowest.sample.id.clone(),
            lowest: compared.lowest,
        })));
    }
    if !low.is_empty() {
        observer.note(&format!(
            "{} of {} documents compared have a cosine below {LEAST} to what the model gives, the lowest {:.3}, of {:?}: \
             texts were cut elsewhere, or vectors are others'; `index verify --model` looks at all of them",
            low.len(),
            compared.documents,
            compared.lowest,
            lowest.sample.id
        ));
    }
    Ok(Some(compared))
}

/// Encodes documents, and shows each with its vector by the model.
fn each_encoded<'a>(
    encoder: &dyn Encoder,
    samples: &'a [Sample],
    observer: &mut dyn Observer,
    mut see: impl FnMut(&'a Sample, &[f32]) -> Result<()>,
) -> Result<()> {
    observer.begin(Phase::Encode, Some(samples.len() as u64));
    for some in samples.chunks(AT_ONCE) {
        let texts: Vec<&str> = some.iter().map(|sample| sample.passage.as_str()).collect();
        let vectors = encoder.encode_documents(&texts)?.vectors;
        for (sample, vector) in some.iter().zip(vectors.rows()) {
            see(sample, vector)?;
        }
        observer.advance(some.len() as u64);
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
    }
    Ok(())
}

/// Zeros are vectors of the model where it gives zeros too: a static one does for texts without a word that it knows.
fn zeros(
    options: &ImportOptions,
    encoder: &dyn Encoder,
    samples: &[Sample],
    observer: &mut dyn Observer,
) -> Result<()> {
    if samples.is_empty() {
        return Ok(());
    }
    each_encoded(encoder, samples, observer, |sample, vector| {
        match is_zero(vector) {
            true => Ok(()),
            false => Err(IndexError::Row {
                path: options.vectors.clone(),
                row: u64::from(sample.row) + 1,
                problem: NO_DIRECTION.into(),
            }),
        }
    })?;
    observer.note(&format!(
        "{} of the vectors are zeros, as the model gives: their documents are found by their words (BM25) alone",
        samples.len()
    ));
    Ok(())
}

fn encode<'a>(
    encoder: &dyn Encoder,
    given: &WaitingVectors,
    samples: &'a [Sample],
    observer: &mut dyn Observer,
) -> Result<Vec<Encoded<'a>>> {
    let mut encoded = Vec::with_capacity(samples.len());
    let mut row = vec![0.0; given.dimension()];
    each_encoded(encoder, samples, observer, |sample, vector| {
        // A text without a known word has no vector of a static model.
        if !is_zero(vector) {
            given.read(sample.row, &mut row)?;
            let mut vector = vector.to_vec();
            unit::prepare(Metric::Cosine, &mut vector);
            unit::prepare(Metric::Cosine, &mut row);
            encoded.push(Encoded {
                sample,
                cosine: dot(&vector, &row),
                vector,
            });
        }
        Ok(())
    })?;
    Ok(encoded)
}

/// The row given that is nearest to each of the vectors, and its cosine.
fn nearest(given: &WaitingVectors, encoded: &[Encoded<'_>]) -> Result<Vec<(u32, f32)>> {
    let mut nearest = vec![(0, f32::NEG_INFINITY); encoded.len()];
    if encoded.is_empty() {
        return Ok(nearest);
    }
    let mut vector = vec![0.0; given.dimension()];
    for row in 0..given.len() as u32 {
        given.read(row, &mut vector)?;
        unit::prepare(Metric::Cosine, &mut vector);
        for (encoded, nearest) in encoded.iter().zip(&mut nearest) {
            let cosine = dot(&encoded.vector, &vector);
            if cosine > nearest.1 {
                *nearest = (row, cosine);
            }
        }
    }
    Ok(nearest)
}

/// The vector of a document is in another row.
fn misplaced(
    options: &ImportOptions,
    given: &Given,
    encoded: &Encoded<'_>,
    (row, cosine): (u32, f32),
) -> IndexError {
    let help = match given.ids {
        None => {
            "put vectors and documents into the same order, or give the ids of the vectors with --ids".into()
        }
        Some(_) => format!(
            "give each vector the id of its document in {}",
            given.ids_from.display()
        ),
    };
    IndexError::Row {
        path: options.vectors.clone(),
        row: u64::from(encoded.sample.row) + 1,
        problem: format!(
            "expected the vector of document {:?}, found another's (its cosine to what {} gives is {:.3}, that of row {} \
             {cosine:.3}); {help}",
            encoded.sample.id,
            options.model.display(),
            encoded.cosine,
            row + 1
        ),
    }
}
