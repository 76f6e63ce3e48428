//! From input files to an index.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use encoder::Encoder;
use encoder::corpus::Columns;
use serde::Serialize;

use super::fill::fill;
use super::memory::Memory;
use super::new_index::{self, NewIndex};
use super::progress::{FinishedRecord, Identity, Progress};
use super::second_reading::SecondReading;
use super::survey::{Surveyed, survey};
use super::{Observer, Phase, now};
use crate::error::{IndexError, Result};
use crate::manifest::{ColumnsRecord, HnswRecord, Manifest, ModelRecord};

/// Documents that are passed over between two looks at whether to stop.
const STRIDE: u64 = 1024;

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
    /// What runs the model, as far as that changes vectors: a stopped build is not gone on with by another.
    pub computing: String,
    /// `m` in `4..=128`, `ef_construction` in `8..=10000`.
    pub hnsw: HnswRecord,
    /// Bytes of memory to stay within, by making several segments one after the other; none for one segment.
    pub memory: Option<u64>,
    /// A build that stops after so much time keeps what it has encoded.
    pub worth_keeping: Duration,
}

/// What a build did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The index folder.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub index: PathBuf,
    /// Its documents.
    pub documents: u64,
    /// Its segments.
    pub segments: usize,
    /// Numbers per vector.
    pub dimension: usize,
    /// Documents longer than the model reads, encoded by their beginning.
    pub truncated: u64,
    /// Documents without a word that the model knows; they are found by words alone.
    pub unknown: u64,
    /// Tokens run through the model.
    pub tokens: u64,
    /// Documents that a stopped build had encoded already.
    pub resumed: u64,
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
    /// Refuses, before any work, what would be refused later: parameters out of range, a model whose path
    /// cannot be kept, a target that must not be replaced.
    ///
    /// # Errors
    /// What is refused and why.
    pub fn check(&self) -> Result<()> {
        self.hnsw.check()?;
        new_index::can_be_named(&self.model)?;
        new_index::replaces(&self.out, self.force).map(drop)
    }
}

/// Reads all documents, encodes them with `encoder` and commits an index of them at once. What a stopped build of the
/// same documents, model and options has left behind is gone on with.
///
/// # Errors
/// Options or rows that cannot be used, files that cannot be read or written, another process that writes to the same
/// index, a failing model, or [`IndexError::Interrupted`]. In every case what was
/// there before is untouched; what has been encoded is kept, beside the index, where that took
/// [a while](BuildOptions::worth_keeping), or where a stopped build had left some of it; that stays also where this one
/// fails before it encodes anything.
pub fn build(options: &BuildOptions, encoder: &dyn Encoder, observer: &mut dyn Observer) -> Result<Summary> {
    let start = Instant::now();
    options.check()?;
    let mut index = NewIndex::create(&options.out, options.force)?;
    let begun = begin(options, encoder, &index, observer);
    let Begun {
        surveyed,
        rows,
        mut progress,
    } = begun.inspect_err(|_| note_what_stays(&index, observer))?;
    let dimension = encoder.dimension();
    let resumed = progress.encoded(dimension).min(surveyed.documents);
    index.keep(resumed > 0);
    if progress.discarded {
        observer.note(
            "a stopped build of other documents, by another model or with other options is not gone on with: what it had \
             encoded is removed",
        );
    }
    if resumed > 0 {
        observer.note(&format!(
            "going on with a build that was stopped: {resumed} of {} documents are encoded",
            surveyed.documents
        ));
    }
    let made = Making {
        options,
        encoder,
        surveyed: &surveyed,
        rows,
        seconds: Seconds::default(),
    }
    .segments(&index, &mut progress, observer);
    let committed = made.and_then(|seconds| {
        let manifest = manifest(options, encoder, &index, &progress);
        index.commit(&manifest).map(|()| (seconds, manifest))
    });
    let (seconds, manifest) = match committed {
        Ok(committed) => committed,
        Err(error) => {
            let encoded = progress.encoded(dimension).min(surveyed.documents);
            let worth = resumed > 0 || start.elapsed() >= options.worth_keeping;
            index.keep(worth && encoded > 0 && !matches!(error, IndexError::Unsynced { .. }));
            if let Some(folder) = index.kept() {
                observer.note(&format!(
                    "{encoded} of {} documents are encoded and kept in {}: the same command goes on from there",
                    surveyed.documents,
                    folder.display()
                ));
            }
            return Err(error);
        }
    };
    let counts = progress.counts();
    Ok(Summary {
        index: options.out.clone(),
        documents: manifest.documents,
        segments: manifest.segments.len(),
        dimension,
        truncated: counts.truncated,
        unknown: counts.unknown,
        tokens: counts.tokens,
        resumed,
        repaired_links: progress
            .finished()
            .iter()
            .map(|segment| segment.repaired_links)
            .sum(),
        bytes: manifest.bytes(),
        encode_seconds: seconds.encode,
        link_seconds: seconds.link,
        total_seconds: start.elapsed().as_secs_f64(),
    })
}

/// What is known before the first document is encoded.
struct Begun {
    surveyed: Surveyed,
    /// Documents a segment.
    rows: u64,
    progress: Progress,
}

/// Checks all rows, and finds what a stopped build has left behind.
fn begin(
    options: &BuildOptions,
    encoder: &dyn Encoder,
    index: &NewIndex,
    observer: &mut dyn Observer,
) -> Result<Begun> {
    let surveyed = survey(&options.inputs, &options.columns, observer, |_, _| Ok(()))?;
    surveyed.note_what_is_lost(None, observer);
    let memory = Memory {
        limit: options.memory,
        model: Some(&options.model),
        held: 0,
    };
    let rows = memory.rows_per_segment(surveyed.extent(), encoder.dimension(), options.hnsw)?;
    let progress = index.progress(identity(options, encoder, &surveyed, rows))?;
    Ok(Begun {
        surveyed,
        rows,
        progress,
    })
}

/// Says that what an earlier build had encoded is there still, although this one never came to look at it.
fn note_what_stays(index: &NewIndex, observer: &mut dyn Observer) {
    if let Some(folder) = index.kept() {
        observer.note(&format!(
            "what a stopped build had encoded is kept in {}",
            folder.display()
        ));
    }
}

fn identity(options: &BuildOptions, encoder: &dyn Encoder, surveyed: &Surveyed, rows: u64) -> Identity {
    Identity {
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents: hexadecimal(surveyed.hash()),
        count: surveyed.documents,
        rows_per_segment: rows,
        fingerprint: encoder.fingerprint().id(),
        computing: options.computing.clone(),
        hnsw: options.hnsw,
    }
}

/// Time spent in this process.
#[derive(Debug, Clone, Copy, Default)]
struct Seconds {
    encode: f64,
    link: f64,
}

/// A build while its segments are made.
struct Making<'a> {
    options: &'a BuildOptions,
    encoder: &'a dyn Encoder,
    surveyed: &'a Surveyed,
    /// Documents a segment.
    rows: u64,
    seconds: Seconds,
}

impl Making<'_> {
    /// Makes all segments that are not finished, each written before the next is encoded.
    fn segments(
        mut self,
        index: &NewIndex,
        progress: &mut Progress,
        observer: &mut dyn Observer,
    ) -> Result<Seconds> {
        let BuildOptions { inputs, columns, .. } = self.options;
        let mut reading = SecondReading::new(inputs, columns, self.surveyed);
        let skipped = skip_finished(&mut reading, progress, observer)?;
        let mut left = self.surveyed.documents.saturating_sub(skipped);
        while left > 0 {
            let rows = self.rows.min(left);
            observer.begin(Phase::Encode, Some(left));
            self.segment((&mut reading, rows), (index, progress), observer)?;
            left -= rows;
        }
        reading.finish()?;
        Ok(self.seconds)
    }

    fn segment(
        &mut self,
        (reading, rows): (&mut SecondReading<'_>, u64),
        (index, progress): (&NewIndex, &mut Progress),
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let start = Instant::now();
        let segment = index.segment()?;
        let journal = Some(progress.journal()?);
        let encoding = (self.encoder, self.options.hnsw.metric);
        let filled = fill(&segment, (reading, rows), encoding, journal, observer)?;
        let read = hexadecimal(reading.so_far());
        self.seconds.encode += start.elapsed().as_secs_f64();
        let finished = segment.finish((&filled.vectors, filled.words), self.options.hnsw, observer)?;
        self.seconds.link += finished.link_seconds;
        progress.finish(FinishedRecord {
            record: finished.record,
            counts: filled.counts,
            repaired_links: finished.repaired_links,
            read,
        })
    }
}

/// Reads past the documents of finished segments, which have to be those that these were made of; how many they are.
fn skip_finished(
    reading: &mut SecondReading<'_>,
    progress: &mut Progress,
    observer: &dyn Observer,
) -> Result<u64> {
    let mut skipped = 0;
    for number in 0..progress.finished().len() {
        let finished = &progress.finished()[number];
        for row in 0..finished.record.documents {
            reading.next()?;
            if row.is_multiple_of(STRIDE) && observer.stopped() {
                return Err(IndexError::Interrupted);
            }
        }
        skipped += finished.record.documents;
        if hexadecimal(reading.so_far()) != finished.read {
            progress.forget_after(number)?;
            return Err(reading.changed());
        }
    }
    Ok(skipped)
}

fn hexadecimal(hash: [u8; 32]) -> String {
    blake3::Hash::from_bytes(hash).to_hex().to_string()
}

fn manifest(
    options: &BuildOptions,
    encoder: &dyn Encoder,
    index: &NewIndex,
    progress: &Progress,
) -> Manifest {
    let Columns { id, title, text } = options.columns.clone();
    let segments: Vec<_> = progress
        .finished()
        .iter()
        .map(|finished| finished.record.clone())
        .collect();
    Manifest {
        generation: index.generation(),
        committed: now(),
        sextant: env!("CARGO_PKG_VERSION").into(),
        documents: segments.iter().map(|segment| segment.documents).sum(),
        dimension: encoder.dimension(),
        model: ModelRecord {
            path: options.model.clone(),
            fingerprint: encoder.fingerprint().clone(),
            truncated: progress.counts().truncated,
        },
        hnsw: options.hnsw,
        tuning: None,
        columns: ColumnsRecord { id, title, text },
        sources: options.inputs.clone(),
        segments,
    }
}
