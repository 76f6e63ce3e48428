//! `index add` and `index update`: more documents, or others in the place of those with the same ids.

use std::path::{Path, PathBuf};
use std::time::Instant;

use encoder::Encoder;
use encoder::corpus::Columns;
use encoder::text::Document;
use serde::Serialize;

use super::encode::Counts;
use super::fill::fill;
use super::memory::Memory;
use super::second_reading::SecondReading;
use super::survey::{Surveyed, survey};
use super::writer::IndexWriter;
use super::{Observer, Phase};
use crate::error::{IndexError, OtherModel, Result};
use crate::manifest::SegmentRecord;
use crate::shown_path::read_again;

/// What to do with documents whose ids the index has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is an error.
    Refuse,
    /// They take the place of the old ones.
    Replace,
}

/// What to add.
#[derive(Debug, Clone)]
pub struct AddOptions {
    /// The input files: tables or BEIR folders.
    pub inputs: Vec<PathBuf>,
    /// Which column is what.
    pub columns: Columns,
    /// What to do with ids that are there already.
    pub known: Known,
    /// The folder of the model that encodes, for messages and for how much memory it takes.
    pub model: PathBuf,
    /// Bytes of memory to stay within, by making several segments one after the other; none for one segment.
    pub memory: Option<u64>,
}

/// What adding came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AddSummary {
    /// The index folder.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub index: PathBuf,
    /// Documents whose ids are new.
    pub added: u64,
    /// Documents that took the place of others.
    pub replaced: u64,
    /// Documents of the index now.
    pub documents: u64,
    /// Segments of the index now.
    pub segments: usize,
    /// Documents added or replaced that are longer than the model reads, encoded by their beginning.
    pub truncated: u64,
    /// Documents added or replaced without a word that the model knows; they are found by words alone.
    pub unknown: u64,
    /// Tokens run through the model.
    pub tokens: u64,
    /// Bytes of all files of the index now.
    pub bytes: u64,
    /// Seconds of reading and encoding the documents.
    pub encode_seconds: f64,
    /// Seconds of building the graph.
    pub link_seconds: f64,
    /// Seconds of everything.
    pub total_seconds: f64,
}

/// Segments that no commit names yet.
#[derive(Debug, Default)]
struct NewSegments {
    segments: Vec<SegmentRecord>,
    counts: Counts,
    encode_seconds: f64,
    link_seconds: f64,
}

impl IndexWriter {
    /// Encodes documents with `encoder`, which has to be the model of the index, and commits them as a new segment, or as
    /// several where memory is limited.
    ///
    /// # Errors
    /// Another model; too little memory; rows that cannot be used; ids that are there already, if those are refused;
    /// more documents than an index can hold; files that are changed while they are read, or cannot be read or written;
    /// or [`IndexError::Interrupted`]. In every case the index is as before.
    pub fn add(
        mut self,
        options: &AddOptions,
        encoder: &dyn Encoder,
        observer: &mut dyn Observer,
    ) -> Result<AddSummary> {
        let start = Instant::now();
        let record = &self.committed().model;
        OtherModel::check(self.path(), record, &options.model, encoder.fingerprint())?;
        let mut replaced = Vec::new();
        let surveyed = survey(&options.inputs, &options.columns, observer, |at, document| {
            replaced.extend(self.row_to_replace(options.known, at, document)?);
            Ok(())
        })?;
        surveyed.note_what_is_lost(None, observer);
        let count = surveyed.documents;
        self.check_room(count)?;

        let made = self.new_segments(options, encoder, &surveyed, observer)?;
        let mut next = self.committed().clone();
        next.segments = self.without(&replaced)?;
        next.segments.extend(made.segments);
        next.model.truncated += made.counts.truncated;
        for input in options.inputs.iter().map(|path| read_again(path)) {
            if !next.sources.contains(&input) {
                next.sources.push(input);
            }
        }
        self.commit(next)?;
        self.note_outgrown_tuning(observer);
        let state = self.committed();
        Ok(AddSummary {
            index: self.path().to_owned(),
            added: count - replaced.len() as u64,
            replaced: replaced.len() as u64,
            documents: state.documents,
            segments: state.segments.len(),
            truncated: made.counts.truncated,
            unknown: made.counts.unknown,
            tokens: made.counts.tokens,
            bytes: state.bytes(),
            encode_seconds: made.encode_seconds,
            link_seconds: made.link_seconds,
            total_seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// Encodes all documents into segments, each written before the next is encoded.
    fn new_segments(
        &self,
        options: &AddOptions,
        encoder: &dyn Encoder,
        surveyed: &Surveyed,
        observer: &mut dyn Observer,
    ) -> Result<NewSegments> {
        let hnsw = self.committed().hnsw;
        let memory = Memory {
            limit: options.memory,
            model: Some(&options.model),
            held: 0,
        };
        let most = memory.rows_per_segment(surveyed.extent(), encoder.dimension(), hnsw)?;
        let mut reading = SecondReading::new(&options.inputs, &options.columns, surveyed);
        let (count, mut done) = (surveyed.documents, 0);
        let mut made = NewSegments::default();
        while done < count {
            let start = Instant::now();
            observer.begin(Phase::Encode, Some(count - done));
            let segment = self.segment()?;
            let rows = most.min(count - done);
            let encoding = (encoder, hnsw.metric);
            let filled = fill(&segment, (&mut reading, rows), encoding, None, observer)?;
            made.counts += filled.counts;
            made.encode_seconds += start.elapsed().as_secs_f64();
            done += rows;
            let finished = segment.finish((&filled.vectors, filled.words), hnsw, observer)?;
            made.link_seconds += finished.link_seconds;
            made.segments.push(finished.record);
        }
        reading.finish()?;
        Ok(made)
    }

    fn row_to_replace(
        &self,
        known: Known,
        (path, row): (&Path, u64),
        document: &Document,
    ) -> Result<Option<u32>> {
        let there = self.reader().find(&document.id)?;
        if there.is_some() && known == Known::Refuse {
            return Err(IndexError::Row {
                path: path.to_owned(),
                row,
                problem: format!(
                    "expected a new id, found {:?}, which {} has already; replace the document with `index update`",
                    document.id,
                    self.path().display()
                ),
            });
        }
        Ok(there)
    }

    /// Refuses more rows than have numbers, deleted ones included.
    fn check_room(&self, count: u64) -> Result<()> {
        let room = u64::from(u32::MAX - self.reader().row_count());
        if count <= room {
            return Ok(());
        }
        Err(IndexError::Count {
            what: self.path().display().to_string(),
            expected: format!("room for {count} more rows"),
            found: format!("room for {room}; `index compact` makes room where documents have been deleted"),
        })
    }
}
