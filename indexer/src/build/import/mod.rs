//! Vectors made elsewhere, with their documents, into an index.
//!
//! ```text
//! given: file ─▶ vectors, ids ─┐
//! survey ─▶ join ──────────────┴─▶ compare ─▶ words ─▶ segment ─▶ new index
//! ```
//!
//! The model that made the vectors encodes the questions later, so a few documents are encoded with it first: another
//! model would give an index that finds nothing and says nothing about it.

mod compare;
mod given;
mod join;

use std::path::PathBuf;
use std::time::Instant;

use encoder::corpus::Columns;
use encoder::vectors::Vectors;
use encoder::{Encoder, EncoderError};
use serde::Serialize;

use super::fill::{documents, unchanged};
use super::new_index::{self, NewIndex};
use super::survey::survey;
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
    /// A table with the ids of the vectors, in their order; a Parquet file has its own.
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
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportSummary {
    /// The index folder.
    pub index: PathBuf,
    /// Its documents.
    pub documents: u64,
    /// Numbers per vector.
    pub dimension: usize,
    /// How vectors and documents came together: `id` or `order`.
    pub joined_by: &'static str,
    /// Documents that were encoded for comparison.
    pub compared: usize,
    /// The median cosine between their vectors and those given; none where nothing was compared.
    pub median_cosine: Option<f32>,
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
    /// Refuses, before any work, what would be refused later: parameters out of range, a target that must not be
    /// replaced.
    ///
    /// # Errors
    /// What is refused and why.
    pub fn check(&self) -> Result<()> {
        self.hnsw.check()?;
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
    survey(&inputs, &options.columns, observer, |at, document| {
        join.see(at, document)
    })?;
    let joined = join.finish(&inputs)?;
    let median_cosine = compare::compare(options, encoder, &given.vectors, &joined.samples)?;

    // Not before: what a stopped build has left in the same place is worth keeping until this will succeed.
    let index = NewIndex::create(&options.out, options.force)?;
    index.clear()?;
    let segment = index.segment()?;
    let (vectors, words) = store(options, &segment, &given, &joined.rows, observer)?;
    let finished = segment.finish((&vectors, words), options.hnsw, observer)?;
    let Columns { id, title, text } = options.columns.clone();
    let mut sources = vec![options.vectors.clone()];
    sources.extend(options.documents.iter().cloned());
    let manifest = Manifest {
        generation: index.generation(),
        created: now(),
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents: vectors.len() as u64,
        dimension: vectors.dimension(),
        model: ModelRecord {
            path: options.model.clone(),
            fingerprint: encoder.fingerprint().clone(),
            truncated: 0,
        },
        hnsw: options.hnsw,
        tuning: None,
        columns: ColumnsRecord { id, title, text },
        sources,
        segments: vec![finished.record],
    };
    index.commit(&manifest)?;
    Ok(ImportSummary {
        index: options.out.clone(),
        documents: manifest.documents,
        dimension: manifest.dimension,
        joined_by: joined.by,
        compared: joined.samples.len(),
        median_cosine,
        repaired_links: finished.repaired_links,
        bytes: manifest.bytes(),
        link_seconds: finished.link_seconds,
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

/// Hands the words of all documents over to be stored; that and their vectors in the same order.
fn store(
    options: &ImportOptions,
    segment: &super::segment_writer::SegmentWriter,
    given: &Given,
    rows: &[u32],
    observer: &mut dyn Observer,
) -> Result<(Vectors, WordThread)> {
    observer.begin(Phase::Copy, Some(rows.len() as u64));
    let inputs = options.inputs();
    let mut words = segment.words()?;
    let mut vectors = Vectors::new(given.vectors.dimension());
    for document in documents(&inputs, &options.columns) {
        let mut document = document?;
        if let Some(column) = &given.column {
            document.fields.shift_remove(column);
        }
        words.add(document)?;
        let Some(&row) = rows.get(vectors.len()) else {
            unchanged(&inputs, rows.len() as u64, rows.len() as u64 + 1)?;
            break;
        };
        vectors.push(given.vectors.row(row as usize));
        if vectors.len().is_multiple_of(STRIDE) {
            observer.advance(STRIDE as u64);
            if observer.stopped() {
                return Err(IndexError::Interrupted);
            }
        }
    }
    unchanged(&inputs, rows.len() as u64, vectors.len() as u64)?;
    Ok((vectors, words))
}
