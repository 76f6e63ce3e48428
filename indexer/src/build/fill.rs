//! Documents through the encoder and into a segment, chunk after chunk.

use std::path::PathBuf;

use encoder::Encoder;
use encoder::corpus::{self, Columns};
use encoder::text::Document;
use encoder::vectors::Vectors;
use indexer_bm25::WordWriter;

use super::Observer;
use super::encode::{CHUNK, ChunkEncoder};
use super::segment_writer::SegmentWriter;
use crate::error::{IndexError, Result};

/// What the long phase leaves behind besides files.
pub(super) struct Filled {
    /// A unit vector for each document, in their order.
    pub vectors: Vectors,
    /// Documents longer than the model reads.
    pub truncated: u64,
    /// Documents without a word that the model knows.
    pub unknown: u64,
    /// Tokens run through the model.
    pub tokens: u64,
}

/// All documents of all inputs, in their order.
pub(super) fn documents<'a>(
    inputs: &'a [PathBuf],
    columns: &'a Columns,
) -> impl Iterator<Item = Result<Document>> + 'a {
    inputs.iter().flat_map(move |path| {
        let (documents, refused) = match corpus::read(path, columns) {
            Ok(documents) => (Some(documents), None),
            Err(error) => (None, Some(Err(IndexError::from(error)))),
        };
        let documents = documents.into_iter().flatten();
        refused.into_iter().chain(documents.map(|document| document.map_err(IndexError::from)))
    })
}

/// Streams documents through the encoder and into the words of `segment`.
pub(super) fn fill(
    segment: &SegmentWriter,
    documents: impl Iterator<Item = Result<Document>>,
    encoder: &dyn Encoder,
    observer: &mut dyn Observer,
) -> Result<Filled> {
    let mut words = segment.words()?;
    let mut chunks = ChunkEncoder::new(encoder);
    let mut vectors = Vectors::new(encoder.dimension());
    let mut chunk: Vec<Document> = Vec::with_capacity(CHUNK);
    for document in documents {
        chunk.push(document?);
        if chunk.len() == CHUNK {
            store(&mut chunk, &mut words, &mut vectors, &mut chunks, observer)?;
        }
    }
    store(&mut chunk, &mut words, &mut vectors, &mut chunks, observer)?;
    words.finish()?;
    Ok(Filled {
        vectors,
        truncated: chunks.truncated,
        unknown: chunks.unknown,
        tokens: chunks.tokens,
    })
}

fn store(
    chunk: &mut Vec<Document>,
    words: &mut WordWriter,
    vectors: &mut Vectors,
    chunks: &mut ChunkEncoder<'_>,
    observer: &mut dyn Observer,
) -> Result<()> {
    vectors.extend(&chunks.encode(chunk, observer)?);
    Ok(chunk.drain(..).try_for_each(|document| words.add(&document))?)
}

/// Refuses inputs that had `expected` documents when they were checked, and others now.
pub(super) fn unchanged(inputs: &[PathBuf], expected: u64, found: u64) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let names: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
    Err(IndexError::Count {
        what: names.join(", "),
        expected: format!("the {expected} documents of the first reading"),
        found: format!("{found}; leave the files alone while they are indexed"),
    })
}
