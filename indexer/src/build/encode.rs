//! From a chunk of documents to their vectors.
//!
//! Texts of one length encode fastest together, so a chunk is taken in order of length. It is
//! handed over in slices that take about a second, so that progress moves and Ctrl-C is heard
//! whatever the machine's speed.

use std::ops::AddAssign;
use std::time::Instant;

use encoder::Encoder;
use encoder::text::Document;
use encoder::vectors::{Vectors, is_zero};
use indexer_ann::Metric;
use serde::{Deserialize, Serialize};

use super::Observer;
use crate::error::{IndexError, Result};
use crate::unit;

/// Documents per chunk: the most that a stopped build loses of what it has encoded, so not so many that a slow machine
/// takes minutes for them; enough to find texts of one length among them.
pub(super) const CHUNK: usize = 256;

const SMALLEST_SLICE: usize = 32;
const SHORT_MS: u128 = 500;
const LONG_MS: u128 = 2000;

/// What became of documents on the way to their vectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    /// Documents longer than the model reads.
    pub truncated: u64,
    /// Documents without a word that the model knows: their vectors are zeros.
    pub unknown: u64,
    /// Tokens run through the model.
    pub tokens: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.truncated += other.truncated;
        self.unknown += other.unknown;
        self.tokens += other.tokens;
    }
}

/// Encodes chunks.
pub(super) struct ChunkEncoder<'a> {
    encoder: &'a dyn Encoder,
    metric: Metric,
    slice: usize,
}

impl<'a> ChunkEncoder<'a> {
    pub fn new(encoder: &'a dyn Encoder, metric: Metric) -> Self {
        Self {
            encoder,
            metric,
            slice: SMALLEST_SLICE,
        }
    }

    /// Vectors of `documents` as an index of the metric stores them (zeros for those of which no word is known), shape
    /// `(documents, dimension)`, in their order, and what became of them.
    pub fn encode(
        &mut self,
        documents: &[Document],
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, Counts)> {
        let mut counts = Counts::default();
        let dimension = self.encoder.dimension();
        let passages: Vec<String> = documents.iter().map(Document::passage).collect();
        let mut order: Vec<usize> = (0..passages.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(passages[*i].len()));
        let mut rows = vec![0.0_f32; documents.len() * dimension];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            if observer.stopped() {
                return Err(IndexError::Interrupted);
            }
            let (slice, later) = rest.split_at(self.slice.min(rest.len()));
            rest = later;
            let texts: Vec<&str> = slice.iter().map(|i| passages[*i].as_str()).collect();
            let vectors = self.encode_slice(&texts, &mut counts)?;
            for (&i, vector) in slice.iter().zip(vectors.rows()) {
                let row = &mut rows[i * dimension..][..dimension];
                row.copy_from_slice(vector);
                finite(row, &documents[i])?;
                unit::prepare(self.metric, row);
                counts.unknown += u64::from(is_zero(row));
            }
            observer.advance(slice.len() as u64);
        }
        Ok((Vectors::from_rows(dimension, rows), counts))
    }

    /// Encodes and finds the size of the next slice from the time that this one took.
    fn encode_slice(&mut self, texts: &[&str], counts: &mut Counts) -> Result<Vectors> {
        let start = Instant::now();
        let encoded = self.encoder.encode_documents(texts)?;
        counts.truncated += encoded.truncated as u64;
        counts.tokens += encoded.tokens as u64;
        self.slice = match start.elapsed().as_millis() {
            ..SHORT_MS => (self.slice * 2).min(CHUNK),
            LONG_MS.. => (self.slice / 2).max(SMALLEST_SLICE),
            _ => self.slice,
        };
        Ok(encoded.vectors)
    }
}

fn finite(row: &[f32], document: &Document) -> Result<()> {
    if row.iter().all(|value| unit::is_in_range(*value)) {
        return Ok(());
    }
    Err(IndexError::Vector {
        id: document.id.clone(),
    })
}
