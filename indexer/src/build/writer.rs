//! Changes of an index that is there: under its lock, beside what is read, committed at once.
//!
//! New files grow in the index's own folder, where nobody looks at what the manifest does not name. So a change that
//! fails or is killed is undone by removing what is not named, which is also how old states are tidied up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indexer_ann::RowSet;

use super::lock::WriterLock;
use super::segment_writer::SegmentWriter;
use super::{commit, now, staging};
use crate::IndexReader;
use crate::error::{IndexError, Result};
use crate::manifest::{DELETED_NAME, DeletedRecord, FileRecord, Manifest, SEGMENTS_NAME, SegmentRecord};
use crate::{checksum, deleted};

/// The one writer of an index. Each of its changes is one commit, and a new writer makes the next one.
///
/// While it lives no other writer can be opened; readers go on undisturbed.
pub struct IndexWriter {
    index: PathBuf,
    reader: IndexReader,
    /// The state of the index: what it was opened in, and then what was committed.
    committed: Manifest,
    /// Whether `committed` is on the disk, so that nothing else is needed.
    settled: bool,
    _lock: WriterLock,
}

impl IndexWriter {
    /// Takes the lock of the index folder `index`, opens it as readers do (what is used of a file is checked then;
    /// [`verify`](crate::verify::verify) checks all), and removes what killed writers have left behind.
    ///
    /// # Errors
    /// [`IndexError::Locked`] at once where another process is writing; an index that cannot be opened; a folder that
    /// cannot be written to.
    pub fn open(index: &Path) -> Result<Self> {
        // First of all because there is no place for a lock in what is no index.
        Manifest::read(index)?;
        let lock = WriterLock::take(index, index)?;
        let reader = IndexReader::open(index)?;
        commit::remove_unnamed(index, reader.manifest());
        staging::remove_done(index);
        Ok(Self {
            index: index.to_owned(),
            committed: reader.manifest().clone(),
            reader,
            settled: true,
            _lock: lock,
        })
    }

    /// The index folder.
    pub fn path(&self) -> &Path {
        &self.index
    }

    /// The index as it was when the writer was opened.
    pub fn reader(&self) -> &IndexReader {
        &self.reader
    }

    /// A segment to be filled. It is no part of the index before a commit names it.
    pub(super) fn segment(&self) -> Result<SegmentWriter> {
        SegmentWriter::create(&self.index.join(SEGMENTS_NAME), self.committed.generation + 1)
    }

    /// The segments that are there, without `rows` of the index, which are live. A segment without a row left is none.
    pub(super) fn without(&self, rows: &[u32]) -> Result<Vec<SegmentRecord>> {
        let mut by_segment: BTreeMap<usize, RowSet> = BTreeMap::new();
        for row in rows {
            let (number, local) = self.reader.segment_of(*row)?;
            let deleted = by_segment
                .entry(number)
                .or_insert_with(|| self.reader.deleted_rows(number));
            deleted.insert(local);
        }
        let mut segments = Vec::new();
        for (number, record) in self.committed.segments.iter().enumerate() {
            let mut record = record.clone();
            if let Some(deleted) = by_segment.get(&number) {
                if deleted.count() == deleted.len() {
                    continue;
                }
                record.deleted = Some(self.write_deleted(&record.name, deleted)?);
            }
            segments.push(record);
        }
        Ok(segments)
    }

    fn write_deleted(&self, segment: &str, rows: &RowSet) -> Result<DeletedRecord> {
        let folder = self.index.join(DELETED_NAME);
        fs::create_dir_all(&folder).map_err(IndexError::write(&folder))?;
        let name = format!("{segment}.{:06}", self.committed.generation + 1);
        let bytes = deleted::to_bytes(rows);
        commit::write_file(&folder.join(&name), &bytes)?;
        Ok(DeletedRecord {
            rows: rows.count() as u64,
            file: FileRecord {
                path: name,
                bytes: bytes.len() as u64,
                blake3: checksum::hash(&bytes).to_hex().to_string(),
            },
        })
    }

    /// Makes `next`, whose generation, time and count of documents are set here, the state of the index.
    pub(super) fn commit(&mut self, mut next: Manifest) -> Result<()> {
        next.generation = self.committed.generation + 1;
        next.committed = now();
        next.sextant = env!("CARGO_PKG_VERSION").into();
        next.documents = next.segments.iter().map(SegmentRecord::live).sum();
        self.sync(&next)?;
        commit::swap_manifest(&self.index, &next)?;
        self.committed = next;
        self.settled = false;
        commit::sync_committed(&self.index)?;
        self.settled = true;
        Ok(())
    }

    /// Brings all that the old manifest did not name to the disk.
    fn sync(&self, next: &Manifest) -> Result<()> {
        let segments = self.index.join(SEGMENTS_NAME);
        for segment in &next.segments {
            let old = &self.committed.segments;
            if !old.iter().any(|old| old.is_same_segment(segment)) {
                commit::sync(&segments.join(&segment.name))?;
            }
        }
        for folder in [&segments, &self.index.join(DELETED_NAME), &self.index] {
            if folder.exists() {
                commit::sync_file(folder)?;
            }
        }
        Ok(())
    }

    /// The state that was opened or, after that, committed.
    pub(super) fn committed(&self) -> &Manifest {
        &self.committed
    }
}

impl Drop for IndexWriter {
    fn drop(&mut self) {
        // The lock is still held: fields are dropped afterwards.
        if self.settled {
            commit::remove_unnamed(&self.index, &self.committed);
        }
    }
}
