//! A segment that is being written: words and documents first, vectors and graph when all are known.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use encoder::vectors::Vectors;
use indexer_ann::Rows;
use indexer_ann::build::{Parameters, build};
use indexer_bm25::WordWriter;

use super::word_thread::WordThread;
use super::{Observer, Phase, commit};
use crate::error::{IndexError, Result};
use crate::manifest::{BM25_NAME, GRAPH_NAME, HnswRecord, SegmentRecord};
use crate::vectors_file;

/// The folder of a segment. What it comes to is whoever made it to remove.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    name: String,
    folder: PathBuf,
}

/// A segment that is complete, and not yet part of an index.
#[derive(Debug)]
pub(super) struct FinishedSegment {
    /// What the manifest says of it.
    pub record: SegmentRecord,
    /// Links added because the builder of the graph had left nodes out of reach.
    pub repaired_links: usize,
    /// Seconds of building the graph.
    pub link_seconds: f64,
}

impl SegmentWriter {
    /// Makes a folder of a name of its own in `segments`, for the state `generation`.
    pub fn create(segments: &Path, generation: u64) -> Result<Self> {
        fs::create_dir_all(segments).map_err(IndexError::write(segments))?;
        loop {
            let nanos = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |time| time.subsec_nanos());
            let name = format!(
                "{generation:06}-{:08x}",
                nanos ^ std::process::id().rotate_left(16)
            );
            let folder = segments.join(&name);
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Self { name, folder }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(IndexError::write(&folder)(error)),
            }
        }
    }

    /// Where its words and documents go, row after row.
    pub fn words(&self) -> Result<WordThread> {
        let folder = self.folder.join(BM25_NAME);
        fs::create_dir(&folder).map_err(IndexError::write(&folder))?;
        Ok(WordThread::start(WordWriter::create(&folder)?))
    }

    /// Links `vectors`, one for each row of the words, to a graph, writes both, and waits for the words.
    pub fn finish(
        self,
        (vectors, mut words): (&Vectors, WordThread),
        parameters: HnswRecord,
        observer: &mut dyn Observer,
    ) -> Result<FinishedSegment> {
        words.end()?;
        let start = Instant::now();
        observer.begin(Phase::Link, Some(vectors.len() as u64));
        let rows = Rows::new(vectors.as_slice(), vectors.dimension(), vectors.dimension());
        let parameters = Parameters {
            m: parameters.m,
            ef_construction: parameters.ef_construction,
            metric: parameters.metric,
            codes: parameters.codes,
            builder: parameters.builder,
        };
        let built = build(rows, parameters, &mut |more| {
            observer.advance(more as u64);
            !observer.stopped()
        });
        let graph = built.ok_or(IndexError::Interrupted)?;
        let link_seconds = start.elapsed().as_secs_f64();
        self.file(vectors_file::FILE_NAME, |out| vectors_file::write(vectors, out))?;
        self.file(GRAPH_NAME, |out| graph.write(rows, out))?;
        words.finish()?;
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        Ok(FinishedSegment {
            record: SegmentRecord {
                files: commit::record_files(&self.folder)?,
                name: self.name,
                documents: vectors.len() as u64,
                deleted: None,
            },
            repaired_links: graph.repaired_links,
            link_seconds,
        })
    }

    fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<()> {
        let path = self.folder.join(name);
        let failed = |source| IndexError::Write {
            path: path.clone(),
            source,
        };
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).map_err(failed)?);
        write(&mut out).and_then(|()| out.flush()).map_err(failed)
    }
}
