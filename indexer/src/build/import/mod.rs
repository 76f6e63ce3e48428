//! Vectors made elsewhere, with their documents, into an index.
//!
//! ```text
//! given: file ─▶ vectors, ids ─┐
//! survey ─▶ join ──────────────┴─▶ compare ─▶ words ─▶ segments ─▶ new index
//! ```
//!
//! The model that made the vectors encodes the questions later, so a few documents are encoded with it first: another
//! model would give an index that finds nothing and says nothing about it.

mod compare;
mod given;
mod join;
mod waiting;

use std::path::PathBuf;
use std::time::Instant;

use encoder::corpus::Columns;
use encoder::vectors::Vectors;
use encoder::{Encoder, EncoderError};
use serde::Serialize;

use super::memory::Memory;
use super::new_index::{self, NewIndex};
use super::second_reading::SecondReading;
use super::segment_writer::{FinishedSegment, SegmentWriter};
use super::survey::{Surveyed, survey};
use super::word_thread::WordThread;
use super::{Observer, Phase, now};
use crate::error::{IndexError, Result};
use crate::manifest::{ColumnsRecord, HnswRecord, Manifest, ModelRecord};
use given::Given;
use join::Join;

/// Documents between two looks at whether to stop.
const STRIDE: usize = 1024;

/// What to import and where.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The vectors: `.parquet`, `.npy`, `.fvecs` or `.fbin`.
    pub vectors: PathBuf,
    /// The column of the vectors in Parquet; none means `vector`, or the only one that could be.
    pub vector_column: Option<String>,
    /// A table with the ids of the vectors, in their order; none means those of the Parquet file, or the table that an
    /// [export](crate::export) has written beside them.
    pub ids: Option<PathBuf>,
    /// The documents: tables or BEIR folders; none where the file of the vectors has their texts.
    pub documents: Vec<PathBuf>,
    /// Which column is what.
    pub columns: Columns,
    /// The index folder to make.
    pub out: PathBuf,
    /// Whether an index there is replaced.
    pub force: bool,
    /// The folder of the model that made the vectors, for the record.
    pub model: PathBuf,
    /// `m` in `4..=128`, `ef_construction` in `8..=10000`.
    pub hnsw: HnswRecord,
    /// Documents that are encoded and compared with their vectors; 0 for none.
    pub compare: usize,
    /// Bytes of memory to stay within, by making several segments one after the other; none for one segment.
    pub memory: Option<u64>,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportSummary {
    /// The index folder.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub index: PathBuf,
    /// Its documents.
    pub documents: u64,
    /// Its segments.
    pub segments: usize,
    /// Numbers per vector.
    pub dimension: usize,
    /// How vectors and documents came together: `id` or `order`.
    pub joined_by: &'static str,
    /// Documents that were encoded for comparison and have a vector by the model.
    pub compared: usize,
    /// The median cosine between their vectors and those given; none where nothing was compared.
    pub median_cosine: Option<f32>,
    /// The lowest of these cosines.
    pub lowest_cosine: Option<f32>,
    /// Links added because the builder of the graph had left nodes out of reach.
    pub repaired_links: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Seconds of building the graph.
    pub link_seconds: f64,
    /// Seconds of everything.
    pub total_seconds: f64,
}

impl ImportOptions {
    /// Refuses, before any work, what would be refused later: parameters out of range, vectors without documents, a
    /// model whose path cannot be kept, a target that must not be replaced.
    ///
    /// # Errors
    /// What is refused and why.
    pub fn check(&self) -> Result<()> {
        self.hnsw.check()?;
        if self.documents.is_empty() && given::has_vectors_alone(&self.vectors) {
            return Err(EncoderError::format(
                &self.vectors,
                "documents for these vectors",
                "vectors alone, as in every file of its kind",
                "name the documents with --documents FILE",
            )
            .into());
        }
        new_index::can_be_named(&self.model)?;
        new_index::replaces(&self.out, self.force).map(drop)
    }

    /// The files that have the documents.
    fn inputs(&self) -> Vec<PathBuf> {
        match self.documents.as_slice() {
            [] => vec![self.vectors.clone()],
            documents => documents.to_vec(),
        }
    }
}

/// Reads vectors and documents, checks that `encoder` is the model that made them, and commits an index of them at once.
///
/// # Errors
/// Options, vectors or documents that cannot be used, vectors without a document or the other way round, vectors of
/// another model, files that cannot be read or written, another process that writes to the same index, or
/// [`IndexError::Interrupted`]. In every case what was there before is untouched.
pub fn import(
    options: &ImportOptions,
    encoder: &dyn Encoder,
    observer: &mut dyn Observer,
) -> Result<ImportSummary> {
    let start = Instant::now();
    options.check()?;
    let given = given::read(options, observer)?;
    same_dimension(options, encoder, &given)?;
    let inputs = options.inputs();
    let mut join = Join::new(options, &given)?;
    let surveyed = survey(&inputs, &options.columns, observer, |at, document| {
        join.see(at, document)
    })?;
    let joined = join.finish(&inputs)?;
    surveyed.note_what_is_lost(given.column.as_deref(), observer);
    let dimension = given.vectors.dimension();
    let memory = Memory {
        limit: options.memory,
        model: Some(&options.model),
        held: given.id_bytes(),
    };
    let rows = memory.rows_per_segment(surveyed.extent(), dimension, options.hnsw)?;
    let compared = compare::compare(options, encoder, &given, &joined, observer)?;

    // Not before: what a stopped build has left in the same place is worth keeping until this will succeed.
    let mut index = NewIndex::create(&options.out, options.force)?;
    index.clear()?;
    let finished = Storing {
        options,
        given: &given,
        surveyed: &surveyed,
        index: &index,
    }
    .segments(&joined.rows, rows as usize, observer)?;
    let Columns { id, title, text } = options.columns.clone();
    let mut sources = vec![options.vectors.clone()];
    sources.extend(options.documents.iter().cloned());
    let manifest = Manifest {
        generation: index.generation(),
        committed: now(),
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents: joined.rows.len() as u64,
        dimension,
        model: ModelRecord {
            path: options.model.clone(),
            fingerprint: encoder.fingerprint().clone(),
            truncated: 0,
        },
        hnsw: options.hnsw,
        tuning: None,
        columns: ColumnsRecord { id, title, text },
        sources,
        segments: finished.iter().map(|segment| segment.record.clone()).collect(),
    };
    index.commit(&manifest)?;
    Ok(ImportSummary {
        index: options.out.clone(),
        documents: manifest.documents,
        segments: manifest.segments.len(),
        dimension,
        joined_by: joined.by,
        compared: compared.map_or(0, |compared| compared.documents),
        median_cosine: compared.map(|compared| compared.median),
        lowest_cosine: compared.map(|compared| compared.lowest),
        repaired_links: finished.iter().map(|segment| segment.repaired_links).sum(),
        bytes: manifest.bytes(),
        link_seconds: finished.iter().map(|segment| segment.link_seconds).sum(),
        total_seconds: start.elapsed().as_secs_f64(),
    })
}

/// Refuses vectors of another length than the model's.
fn same_dimension(options: &ImportOptions, encoder: &dyn Encoder, given: &Given) -> Result<()> {
    let (expected, found) = (encoder.dimension(), given.vectors.dimension());
    if expected == found {
        return Ok(());
    }
    Err(EncoderError::format(
        &options.vectors,
        format!("vectors of {expected} numbers, as {} gives", options.model.display()),
        format!("{found} numbers"),
        "name the model that made them with --model; if they were cut, say to how many numbers with --truncate-dim",
    )
    .into())
}

/// Documents and their vectors on their way into the segments of a new index.
struct Storing<'a> {
    options: &'a ImportOptions,
    given: &'a Given,
    surveyed: &'a Surveyed,
    index: &'a NewIndex,
}

impl Storing<'_> {
    /// Makes segments of `most` documents, each written before the next is read; `rows` are those of the vectors, in the
    /// order of the documents.
    fn segments(
        &self,
        rows: &[u32],
        most: usize,
        observer: &mut dyn Observer,
    ) -> Result<Vec<FinishedSegment>> {
        let inputs = self.options.inputs();
        let mut reading = SecondReading::new(&inputs, &self.options.columns, self.surveyed);
        let (mut finished, mut done) = (Vec::new(), 0);
        for some in rows.chunks(most) {
            observer.begin(Phase::Copy, Some((rows.len() - done) as u64));
            let segment = self.index.segment()?;
            let (vectors, words) = self.store(&segment, some, &mut reading, observer)?;
            done += some.len();
            finished.push(segment.finish((&vectors, words), self.options.hnsw, observer)?);
        }
        reading.finish()?;
        Ok(finished)
    }

    /// Hands the words of the next documents over to be stored; that and their vectors, which are at `rows`.
    fn store(
        &self,
        segment: &SegmentWriter,
        rows: &[u32],
        reading: &mut SecondReading<'_>,
        observer: &mut dyn Observer,
    ) -> Result<(Vectors, WordThread)> {
        let mut words = segment.words()?;
        let dimension = self.given.vectors.dimension();
        let mut vectors = Vectors::new(dimension);
        let mut vector = vec![0.0; dimension];
        for &row in rows {
            let Some(mut document) = reading.next()? else {
                break;
            };
            if let Some(column) = &self.given.column {
                document.fields.shift_remove(column);
            }
            words.add(document)?;
            self.given.vectors.read(row, &mut vector)?;
            vectors.push(&vector);
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
