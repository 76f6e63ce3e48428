//! `index compact`: all segments become one, or as few as memory has room for, without the rows that have been deleted.
//!
//! Nothing is encoded again: vectors and documents are read from the segments. So what earlier versions did not write
//! (today's graph, checksums of blocks, columns to filter by) is made of a segment that they wrote.

use std::path::PathBuf;
use std::time::Instant;

use encoder::vectors::Vectors;
use serde::Serialize;

use super::memory::{Extent, Memory};
use super::segment_writer::{FinishedSegment, SegmentWriter};
use super::word_thread::WordThread;
use super::writer::IndexWriter;
use super::{Observer, Phase};
use crate::IndexReader;
use crate::error::{IndexError, Result};

/// Rows between two looks at whether to stop.
const STRIDE: usize = 256;

/// Runs of documents by which it is known about how long all of them are, and how many each has: those that lie together
/// are read together.
const RUNS: usize = 16;
const RUN: usize = 64;

/// What compacting came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompactSummary {
    /// The index folder.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub index: PathBuf,
    /// Documents of the index.
    pub documents: u64,
    /// Segments before.
    pub segments_before: usize,
    /// Segments now: 1, or more where memory was limited, or 0 where there is no document.
    pub segments: usize,
    /// Rows of deleted documents that are gone.
    pub dropped: u64,
    /// Segments before that an earlier version had written.
    pub renewed: usize,
    /// Bytes of all files before.
    pub bytes_before: u64,
    /// Bytes of all files now.
    pub bytes: u64,
    /// Seconds of building the graph.
    pub link_seconds: f64,
    /// Seconds of everything.
    pub total_seconds: f64,
}

impl IndexWriter {
    /// Writes the live rows of all segments into one, in their order, and commits that in their place; with `memory`, so
    /// many bytes, into several of one size where one would take more. Where there are as few segments as that already,
    /// without deleted rows and all as they are written today, nothing is done.
    ///
    /// # Errors
    /// Too little memory, files that cannot be read or written, or [`IndexError::Interrupted`]. In every case the index is
    /// as before.
    pub fn compact(mut self, memory: Option<u64>, observer: &mut dyn Observer) -> Result<CompactSummary> {
        let start = Instant::now();
        let before = self.committed().clone();
        let rows: u64 = before.segments.iter().map(|segment| segment.documents).sum();
        let most = self.rows_per_segment(memory)?;
        let fewest = before.documents.div_ceil(most.max(1)) as usize;
        let renewed = self.segments_of_earlier_versions()?;
        let mut link_seconds = 0.0;
        if before.segments.len() > fewest || rows > before.documents || renewed > 0 {
            let finished = self.merged(most as usize, observer)?;
            link_seconds = finished.iter().map(|segment| segment.link_seconds).sum();
            let mut next = before.clone();
            next.segments = finished.into_iter().map(|segment| segment.record).collect();
            self.commit(next)?;
        }
        self.note_outgrown_tuning(observer);
        let state = self.committed();
        Ok(CompactSummary {
            index: self.path().to_owned(),
            documents: state.documents,
            segments_before: before.segments.len(),
            segments: state.segments.len(),
            dropped: rows - before.documents,
            renewed,
            bytes_before: before.bytes(),
            bytes: state.bytes(),
            link_seconds,
            total_seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn segments_of_earlier_versions(&self) -> Result<usize> {
        let mut count = 0;
        for (_, segment) in self.reader().segments() {
            count += usize::from(!segment.is_of_today()?);
        }
        Ok(count)
    }

    /// Live rows for which there is memory.
    fn rows_per_segment(&self, limit: Option<u64>) -> Result<u64> {
        let state = self.committed();
        let extent = Extent {
            documents: state.documents,
            bytes: limit.map_or(Ok(0), |_| self.bytes_of_texts())?,
        };
        let memory = Memory {
            limit,
            model: None,
            held: 0,
        };
        memory.rows_per_segment(extent, state.dimension, state.hnsw)
    }

    /// About how many bytes the titles and texts of all live documents have, by some of them.
    fn bytes_of_texts(&self) -> Result<u64> {
        let reader = self.reader();
        let step = reader.len().div_ceil(RUN * RUNS).max(1);
        let (mut bytes, mut read) = (0, 0);
        let rows = reader.live_rows().enumerate();
        for (_, row) in rows.filter(|(at, _)| (at / RUN).is_multiple_of(step)) {
            let document = reader.document(row)?;
            bytes += (document.title.len() + document.text.len()) as u64;
            read += 1;
        }
        Ok(reader.len() as u64 * bytes / u64::max(read, 1))
    }

    /// Segments of the live rows, `most` in each, one written before the next is read.
    fn merged(&self, most: usize, observer: &mut dyn Observer) -> Result<Vec<FinishedSegment>> {
        let (mut finished, mut done, count) = (Vec::new(), 0, self.reader().len());
        while done < count {
            observer.begin(Phase::Copy, Some((count - done) as u64));
            let segment = self.segment()?;
            let (vectors, words) = self.copy_rows(&segment, (done, most), observer)?;
            done += vectors.len();
            finished.push(segment.finish((&vectors, words), self.committed().hnsw, observer)?);
        }
        Ok(finished)
    }

    /// Hands the documents of `most` live rows after the first `done` over to be stored; that and their vectors.
    fn copy_rows(
        &self,
        segment: &SegmentWriter,
        (done, most): (usize, usize),
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, WordThread)> {
        // One of its own, because what is read of a mapped file stays in memory for as long as it is mapped.
        let reader = IndexReader::open(self.path())?;
        let mut words = segment.words()?;
        let mut vectors = Vectors::new(self.committed().dimension);
        for row in reader.live_rows().skip(done).take(most) {
            words.add(reader.document(row)?)?;
            vectors.push(reader.vector(row)?);
            if vectors.len().is_multiple_of(STRIDE) {
                observer.advance(STRIDE as u64);
                if observer.stopped() {
                    return Err(IndexError::Interrupted);
                }
            }
        }
        Ok((vectors, words))
    }
}
