//! Whether vectors belong to the texts that they lie beside, which only the model can tell.

use std::path::Path;

use encoder::Encoder;
use encoder::text::Document;
use encoder::vectors::is_zero;

use super::rows::fault;
use super::{Check, Report};
use crate::build::{Observer, Phase};
use crate::error::{IndexError, OtherModel, Result};
use crate::manifest::Manifest;
use crate::reader::IndexReader;
use crate::{unit, vectors_file};

/// The least cosine between two encodings of a text: libtorch and candle differ by 1e-6, float32 and bfloat16 by 1e-4.
const LEAST: f32 = 0.99;
/// Documents encoded between two looks at whether to stop.
const STRIDE: usize = 16;

/// The model of an index, and how many documents to encode with it.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The model.
    pub encoder: &'a dyn Encoder,
    /// Its folder, for errors.
    pub folder: &'a Path,
    /// Documents, spread over all rows.
    pub documents: usize,
}

impl Model<'_> {
    /// Refuses another model than the one that made the index.
    pub(super) fn check(&self, index: &Path, manifest: &Manifest) -> Result<()> {
        let fingerprint = self.encoder.fingerprint();
        Ok(OtherModel::check(
            index,
            &manifest.model,
            self.folder,
            fingerprint,
        )?)
    }
}

/// Encodes documents and compares the vectors with those stored.
pub(super) fn check(
    reader: &IndexReader,
    model: Model<'_>,
    report: &mut Report,
    observer: &mut dyn Observer,
) -> Result<()> {
    report.begin(Check::EncodedAnew);
    let all: Vec<u32> = reader.live_rows().collect();
    let count = model.documents.min(all.len());
    let rows: Vec<u32> = (0..count).map(|i| all[i * all.len() / count]).collect();
    observer.begin(Phase::Verify, Some(rows.len() as u64));
    for rows in rows.chunks(STRIDE) {
        // A row whose document cannot be read is a fault of another check.
        let read = |row: &u32| Some((*row, reader.document(*row).ok()?));
        let documents: Vec<(u32, Document)> = rows.iter().filter_map(read).collect();
        compare(reader, model, &documents, report)?;
        observer.advance(rows.len() as u64);
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
    }
    Ok(())
}

fn compare(
    reader: &IndexReader,
    model: Model<'_>,
    documents: &[(u32, Document)],
    report: &mut Report,
) -> Result<()> {
    let passages: Vec<String> = documents.iter().map(|(_, document)| document.passage()).collect();
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let vectors = model.encoder.encode_documents(&texts)?.vectors;
    for ((row, document), vector) in documents.iter().zip(vectors.rows()) {
        let stored = reader.vector(*row)?;
        let cosine = unit::cosine(vector, stored);
        let both_zero = is_zero(vector) && is_zero(stored);
        // Written so that NaN is a fault.
        let is_same = both_zero || cosine >= LEAST;
        let wrong = (!is_same).then(|| {
            let problem =
                format!("expected the vector of the document's text, found one at a cosine of {cosine:.3}");
            fault(
                reader,
                Check::EncodedAnew,
                vectors_file::FILE_NAME,
                *row,
                Some(&document.id),
                problem,
            )
        });
        report.look(Check::EncodedAnew, wrong);
    }
    Ok(())
}
