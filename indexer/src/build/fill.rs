//! Documents through the encoder and into a segment, chunk after chunk.

use std::path::PathBuf;

use encoder::Encoder;
use encoder::corpus::{self, Columns};
use encoder::text::Document;
use encoder::vectors::Vectors;
use indexer_ann::Metric;

use super::Observer;
use super::encode::{CHUNK, ChunkEncoder, Counts};
use super::journal::Journal;
use super::segment_writer::SegmentWriter;
use super::word_thread::WordThread;
use crate::error::{IndexError, Result};

/// What the long phase leaves behind besides files.
pub(super) struct Filled {
    /// A vector for each document, in their order.
    pub vectors: Vectors,
    /// Their words and documents, all of them on their way.
    pub words: WordThread,
    /// What became of the documents.
    pub counts: Counts,
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
        refused
            .into_iter()
            .chain(documents.map(|document| document.map_err(IndexError::from)))
    })
}

/// Streams documents through the encoder and into the words of `segment`. Vectors that the journal has are not made
/// again, and all others go into it.
pub(super) fn fill(
    segment: &SegmentWriter,
    documents: impl Iterator<Item = Result<Document>>,
    (encoder, metric): (&dyn Encoder, Metric),
    journal: Option<Journal>,
    observer: &mut dyn Observer,
) -> Result<Filled> {
    let mut filling = Filling {
        words: segment.words()?,
        chunks: ChunkEncoder::new(encoder, metric),
        journal,
        vectors: Vectors::new(encoder.dimension()),
        counts: Counts::default(),
    };
    let mut chunk: Vec<Document> = Vec::with_capacity(CHUNK);
    for document in documents {
        chunk.push(document?);
        if chunk.len() == CHUNK {
            filling.store(&mut chunk, observer)?;
        }
    }
    if !chunk.is_empty() {
        filling.store(&mut chunk, observer)?;
    }
    let Filling {
        vectors,
        words,
        counts,
        ..
    } = filling;
    Ok(Filled {
        vectors,
        words,
        counts,
    })
}

/// A segment while it is filled.
struct Filling<'a> {
    words: WordThread,
    chunks: ChunkEncoder<'a>,
    journal: Option<Journal>,
    vectors: Vectors,
    counts: Counts,
}

impl Filling<'_> {
    fn store(&mut self, chunk: &mut Vec<Document>, observer: &mut dyn Observer) -> Result<()> {
        let (vectors, counts) = self.vectors(chunk, observer)?;
        self.vectors.extend(&vectors);
        self.counts += counts;
        chunk.drain(..).try_for_each(|document| self.words.add(document))
    }

    fn vectors(&mut self, chunk: &[Document], observer: &mut dyn Observer) -> Result<(Vectors, Counts)> {
        let dimension = self.vectors.dimension();
        if let Some(journal) = &mut self.journal
            && let Some(known) = journal.next(chunk.len(), dimension)?
        {
            observer.advance(chunk.len() as u64);
            return Ok(known);
        }
        let (vectors, counts) = self.chunks.encode(chunk, observer)?;
        if let Some(journal) = &mut self.journal {
            journal.append(&vectors, counts)?;
        }
        Ok((vectors, counts))
    }
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
