//! From input files to an index.

use std::path::PathBuf;
use std::time::Instant;

use encoder::Encoder;
use encoder::corpus::Columns;
use serde::Serialize;

use super::fill::{documents, fill, unchanged};
use super::new_index::{self, NewIndex};
use super::survey::survey;
use super::{Observer, Phase, hnsw, now};
use crate::error::Result;
use crate::manifest::{ColumnsRecord, HnswRecord, Manifest, ModelRecord};

/// What to build and where.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// The input files: tables or BEIR folders.
    pub inputs: Vec<PathBuf>,
    /// Which column is what.
    pub columns: Columns,
    /// The index folder to make.
    pub out: PathBuf,
    /// Whether an index there is replaced.
    pub force: bool,
    /// The folder of the model that encodes, for the record.
    pub model: PathBuf,
    /// `m` in `4..=128`, `ef_construction` in `8..=10000`.
    pub hnsw: HnswRecord,
}

/// What a build did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The index folder.
    pub index: PathBuf,
    /// Its documents.
    pub documents: u64,
    /// Numbers per vector.
    pub dimension: usize,
    /// Documents longer than the model reads, encoded by their beginning.
    pub truncated: u64,
    /// Documents without a word that the model knows; they are found by words alone.
    pub unknown: u64,
    /// Tokens run through the model.
    pub tokens: u64,
    /// Links added because the builder of the graph had left nodes out of reach.
    pub repaired_links: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Seconds of reading and encoding the documents.
    pub encode_seconds: f64,
    /// Seconds of building the graph.
    pub link_seconds: f64,
    /// Seconds of everything.
    pub total_seconds: f64,
}

impl BuildOptions {
    /// Refuses, before any work, what would be refused later: parameters out of range, a target that
    /// must not be replaced.
    ///
    /// # Errors
    /// What is refused and why.
    pub fn check(&self) -> Result<()> {
        hnsw::check(self.hnsw)?;
        new_index::replaces(&self.out, self.force).map(drop)
    }
}

/// Reads all documents, encodes them with `encoder` and commits an index of them at once.
///
/// # Errors
/// Options or rows that cannot be used, files that cannot be read or written, another process that writes to the same
/// index, a failing model, or [`IndexError::Interrupted`](crate::IndexError::Interrupted). In every case what was
/// there before is untouched.
pub fn build(options: &BuildOptions, encoder: &dyn Encoder, observer: &mut dyn Observer) -> Result<Summary> {
    let start = Instant::now();
    options.check()?;
    let index = NewIndex::create(&options.out, options.force)?;
    let count = survey(&options.inputs, &options.columns, observer, |_, _| Ok(()))?;

    let encode_start = Instant::now();
    observer.begin(Phase::Encode, Some(count));
    let segment = index.segment()?;
    let documents = documents(&options.inputs, &options.columns);
    let filled = fill(&segment, documents, encoder, observer)?;
    unchanged(&options.inputs, count, filled.vectors.len() as u64)?;
    let encode_seconds = encode_start.elapsed().as_secs_f64();

    let finished = segment.finish(&filled.vectors, options.hnsw, observer)?;
    let Columns { id, title, text } = options.columns.clone();
    let manifest = Manifest {
        generation: index.generation(),
        created: now(),
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents: count,
        dimension: filled.vectors.dimension(),
        model: ModelRecord {
            path: options.model.clone(),
            fingerprint: encoder.fingerprint().clone(),
            truncated: filled.truncated,
        },
        hnsw: options.hnsw,
        columns: ColumnsRecord { id, title, text },
        sources: options.inputs.clone(),
        segments: vec![finished.record],
    };
    index.commit(&manifest)?;
    Ok(Summary {
        index: options.out.clone(),
        documents: count,
        dimension: manifest.dimension,
        truncated: filled.truncated,
        unknown: filled.unknown,
        tokens: filled.tokens,
        repaired_links: finished.repaired_links,
        bytes: manifest.bytes(),
        encode_seconds,
        link_seconds: finished.link_seconds,
        total_seconds: start.elapsed().as_secs_f64(),
    })
}
