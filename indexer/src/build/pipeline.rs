//! From input files to an index.

use std::path::PathBuf;
use std::time::Instant;

use encoder::Encoder;
use encoder::corpus::{self, Columns};
use encoder::text::Document;
use encoder::vectors::Vectors;
use indexer_bm25::WordWriter;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::encode::{CHUNK, ChunkEncoder};
use super::survey::survey;
use super::writer::{self, IndexWriter};
use super::{Observer, Phase, hnsw};
use crate::error::{IndexError, Result};
use crate::manifest::{BM25_NAME, ColumnsRecord, HnswRecord, Manifest, ModelRecord};
use crate::vectors_file::Rows;
use crate::{graph, vectors_file};

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

/// What the long phase leaves behind besides files.
struct Encoded {
    vectors: Vectors,
    truncated: u64,
    unknown: u64,
    tokens: u64,
}

impl BuildOptions {
    /// Refuses, before any work, what would be refused later: parameters out of range, a target that
    /// must not be replaced.
    ///
    /// # Errors
    /// What is refused and why.
    pub fn check(&self) -> Result<()> {
        hnsw::check(self.hnsw)?;
        writer::replaces(&self.out, self.force).map(drop)
    }
}

/// Reads all documents, encodes them with `encoder` and commits an index of them at once.
///
/// # Errors
/// Options or rows that cannot be used, files that cannot be read or written, a failing model, or
/// [`IndexError::Interrupted`]. In every case what was there before is untouched.
pub fn build(options: &BuildOptions, encoder: &dyn Encoder, observer: &mut dyn Observer) -> Result<Summary> {
    let start = Instant::now();
    options.check()?;
    let documents = survey(&options.inputs, &options.columns, observer)?;
    let writer = IndexWriter::create(&options.out, options.force)?;

    let encode_start = Instant::now();
    let encoded = encode(options, documents, encoder, (&writer, observer))?;
    let encode_seconds = encode_start.elapsed().as_secs_f64();

    let link_start = Instant::now();
    let mut lists = hnsw::build(&encoded.vectors, options.hnsw, observer)?;
    let repaired_links = lists.connect(Rows::from(&encoded.vectors));
    let link_seconds = link_start.elapsed().as_secs_f64();

    writer.file(vectors_file::FILE_NAME, |out| {
        vectors_file::write(&encoded.vectors, out)
    })?;
    writer.file(graph::FILE_NAME, |out| lists.write(out))?;
    let manifest = manifest(options, encoder, &encoded, &writer)?;
    if observer.stopped() {
        return Err(IndexError::Interrupted);
    }
    writer.commit(&manifest)?;
    Ok(Summary {
        index: options.out.clone(),
        documents,
        dimension: manifest.dimension,
        truncated: encoded.truncated,
        unknown: encoded.unknown,
        tokens: encoded.tokens,
        repaired_links,
        bytes: manifest.bytes(),
        encode_seconds,
        link_seconds,
        total_seconds: start.elapsed().as_secs_f64(),
    })
}

/// Streams the documents through the encoder and into the files of words.
fn encode(
    options: &BuildOptions,
    documents: u64,
    encoder: &dyn Encoder,
    (writer, observer): (&IndexWriter, &mut dyn Observer),
) -> Result<Encoded> {
    observer.begin(Phase::Encode, Some(documents));
    let folder = writer.folder().join(BM25_NAME);
    std::fs::create_dir(&folder).map_err(IndexError::write(&folder))?;
    let mut words = WordWriter::create(&folder)?;
    let mut chunks = ChunkEncoder::new(encoder);
    let mut vectors = Vectors::new(encoder.dimension());
    let mut chunk: Vec<Document> = Vec::with_capacity(CHUNK);
    for path in &options.inputs {
        for document in corpus::read(path, &options.columns)? {
            chunk.push(document?);
            if chunk.len() == CHUNK {
                store(&mut chunk, &mut words, &mut vectors, &mut chunks, observer)?;
            }
        }
    }
    store(&mut chunk, &mut words, &mut vectors, &mut chunks, observer)?;
    words.finish()?;
    if vectors.len() as u64 != documents {
        let expected = format!("the {documents} documents of the first reading");
        let found = format!("{}; leave the files alone while they are indexed", vectors.len());
        return Err(IndexError::Count {
            what: format!("input of {}", options.out.display()),
            expected,
            found,
        });
    }
    Ok(Encoded {
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

fn manifest(
    options: &BuildOptions,
    encoder: &dyn Encoder,
    encoded: &Encoded,
    writer: &IndexWriter,
) -> Result<Manifest> {
    let documents = encoded.vectors.len() as u64;
    let Columns { id, title, text } = options.columns.clone();
    let now = OffsetDateTime::now_utc();
    let created = now
        .replace_nanosecond(0)
        .unwrap_or(now)
        .format(&Rfc3339)
        .unwrap_or_default();
    Ok(Manifest {
        generation: writer.generation(),
        created,
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents,
        dimension: encoded.vectors.dimension(),
        model: ModelRecord {
            path: options.model.clone(),
            fingerprint: encoder.fingerprint().clone(),
            truncated: encoded.truncated,
        },
        hnsw: options.hnsw,
        columns: ColumnsRecord { id, title, text },
        sources: options.inputs.clone(),
        segments: vec![writer.segment(documents)?],
    })
}
