//! Documents through the encoder and into a segment, chunk after chunk.

use encoder::Encoder;
use encoder::text::Document;
use encoder::vectors::Vectors;
use indexer_ann::Metric;

use super::Observer;
use super::encode::{CHUNK, ChunkEncoder, Counts};
use super::journal::Journal;
use super::second_reading::SecondReading;
use super::segment_writer::SegmentWriter;
use super::word_thread::WordThread;
use crate::error::Result;

/// What the long phase leaves behind besides files.
pub(super) struct Filled {
    /// A vector for each document, in their order.
    pub vectors: Vectors,
    /// Their words and documents, all of them on their way.
    pub words: WordThread,
    /// What became of the documents.
    pub counts: Counts,
}

/// Streams the next `rows` documents through the encoder and into the words of `segment`. Vectors that the journal has
/// are not made again, and all others go into it.
pub(super) fn fill(
    segment: &SegmentWriter,
    (reading, rows): (&mut SecondReading<'_>, u64),
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
    for _ in 0..rows {
        let Some(document) = reading.next()? else { break };
        chunk.push(document);
        if chunk.len() == CHUNK {
            filling.store(&mut chunk, reading.so_far(), observer)?;
        }
    }
    if !chunk.is_empty() {
        filling.store(&mut chunk, reading.so_far(), observer)?;
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
    /// Stores a chunk; `read` is the hash of all documents up to its last one.
    fn store(
        &mut self,
        chunk: &mut Vec<Document>,
        read: [u8; 32],
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let (vectors, counts) = self.vectors(chunk, &read, observer)?;
        self.vectors.extend(&vectors);
        self.counts += counts;
        chunk.drain(..).try_for_each(|document| self.words.add(document))
    }

    fn vectors(
        &mut self,
        chunk: &[Document],
        read: &[u8; 32],
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, Counts)> {
        let dimension = self.vectors.dimension();
        if let Some(journal) = &mut self.journal
            && let Some(known) = journal.next((chunk.len(), dimension), read)?
        {
            observer.pass(chunk.len() as u64);
            return Ok(known);
        }
        let (vectors, counts) = self.chunks.encode(chunk, observer)?;
        if let Some(journal) = &mut self.journal {
            journal.append(&vectors, counts, read)?;
        }
        Ok((vectors, counts))
    }
}
