//! `index compact`: all segments become one, without the rows that have been deleted.
//!
//! Nothing is encoded again: vectors and documents are read from the segments.

use std::path::PathBuf;
use std::time::Instant;

use encoder::vectors::Vectors;
use serde::Serialize;

use super::segment_writer::SegmentWriter;
use super::word_thread::WordThread;
use super::writer::IndexWriter;
use super::{Observer, Phase};
use crate::error::{IndexError, Result};

/// Rows between two looks at whether to stop.
const STRIDE: usize = 256;

/// What compacting came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompactSummary {
    /// The index folder.
    pub index: PathBuf,
    /// Documents of the index.
    pub documents: u64,
    /// Segments before.
    pub segments_before: usize,
    /// Segments now: 1, or 0 where there is no document.
    pub segments: usize,
    /// Rows of deleted documents that are gone.
    pub dropped: u64,
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
    /// Writes the live rows of all segments into one, in their order, and commits that in their place. Where there is
    /// one segment without deleted rows, nothing is done.
    ///
    /// # Errors
    /// Files that cannot be read or written, or [`IndexError::Interrupted`]. In every case the index is as before.
    pub fn compact(mut self, observer: &mut dyn Observer) -> Result<CompactSummary> {
        let start = Instant::now();
        let before = self.committed().clone();
        let rows: u64 = before.segments.iter().map(|segment| segment.documents).sum();
        let mut link_seconds = 0.0;
        if before.segments.len() > 1 || rows > before.documents {
            let mut next = before.clone();
            next.segments.clear();
            if before.documents > 0 {
                let segment = self.segment()?;
                let (vectors, words) = self.copy_rows(&segment, observer)?;
                let finished = segment.finish((&vectors, words), before.hnsw, observer)?;
                link_seconds = finished.link_seconds;
                next.segments.push(finished.record);
            }
            self.commit(next)?;
        }
        let state = self.committed();
        Ok(CompactSummary {
            index: self.path().to_owned(),
            documents: state.documents,
            segments_before: before.segments.len(),
            segments: state.segments.len(),
            dropped: rows - before.documents,
            bytes_before: before.bytes(),
            bytes: state.bytes(),
            link_seconds,
            total_seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// Hands the documents of the live rows over to be stored; that and their vectors.
    fn copy_rows(
        &self,
        segment: &SegmentWriter,
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, WordThread)> {
        let reader = self.reader();
        observer.begin(Phase::Copy, Some(reader.len() as u64));
        let mut words = segment.words()?;
        let mut vectors = Vectors::new(self.committed().dimension);
        for (done, row) in reader.live_rows().enumerate() {
            if done.is_multiple_of(STRIDE) {
                observer.advance(if done == 0 { 0 } else { STRIDE as u64 });
                if observer.stopped() {
                    return Err(IndexError::Interrupted);
                }
            }
            words.add(reader.document(row)?)?;
            vectors.push(reader.vector(row)?);
        }
        Ok((vectors, words))
    }
}
