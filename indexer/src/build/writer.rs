//! Writes one index: refuses to replace by accident, stages, commits.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::commit;
use super::staging::Staging;
use crate::error::{IndexError, Result};
use crate::manifest::{MANIFEST_NAME, Manifest, SEGMENTS_NAME, SegmentRecord};

/// An index that is being written. Dropped without a commit it leaves no trace.
pub(super) struct IndexWriter {
    target: PathBuf,
    replaces: bool,
    segment: String,
    generation: u64,
    staging: Staging,
}

impl IndexWriter {
    /// Stages a new index for `target`; `force` allows for an index there, and for nothing else.
    pub fn create(target: &Path, force: bool) -> Result<Self> {
        let replaces = replaces(target, force)?;
        let generation = match replaces {
            // A damaged index can be replaced too; then its count is lost with it.
            true => Manifest::read(target).map_or(0, |manifest| manifest.generation) + 1,
            false => 1,
        };
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.subsec_nanos());
        let segment = format!(
            "{generation:06}-{:08x}",
            nanos ^ std::process::id().rotate_left(16)
        );
        let staging = Staging::create(target)?;
        let writer = Self {
            target: target.to_owned(),
            replaces,
            segment,
            generation,
            staging,
        };
        let folder = writer.folder();
        fs::create_dir_all(&folder).map_err(IndexError::write(&folder))?;
        Ok(writer)
    }

    /// The folder of the new segment.
    pub fn folder(&self) -> PathBuf {
        self.staging.folder().join(SEGMENTS_NAME).join(&self.segment)
    }

    /// How many states the index has had, this one included.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Writes a file of the segment.
    pub fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
    ) -> Result<()> {
        let path = self.folder().join(name);
        let failed = |source| IndexError::Write {
            path: path.clone(),
            source,
        };
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).map_err(failed)?);
        write(&mut out).and_then(|()| out.flush()).map_err(failed)
    }

    /// The record of the segment as it lies there now.
    pub fn segment(&self, documents: u64) -> Result<SegmentRecord> {
        let files = commit::record_files(&self.folder())?;
        Ok(SegmentRecord {
            name: self.segment.clone(),
            documents,
            tombstones: Vec::new(),
            files,
        })
    }

    /// Makes the segment, and nothing else, the state of the index.
    pub fn commit(self, manifest: &Manifest) -> Result<()> {
        match self.replaces {
            true => commit::replace(self.staging.folder(), &self.target, manifest),
            false => commit::first(self.staging.folder(), &self.target, manifest),
        }
    }
}

/// Whether `target` is an index to be replaced; an error where something must not be replaced.
pub(super) fn replaces(target: &Path, force: bool) -> Result<bool> {
    let refuse = |found, help| {
        Err(IndexError::Exists {
            path: target.to_owned(),
            found,
            help,
        })
    };
    if target.file_name().is_none() {
        return refuse("is no name for an index", "name a folder that does not exist yet");
    }
    if fs::symlink_metadata(target).is_err() {
        return Ok(false);
    }
    match (target.join(MANIFEST_NAME).exists(), force) {
        (true, true) => Ok(true),
        (true, false) => refuse(
            "this index exists already",
            "replace it with --force, or choose another --out",
        ),
        (false, _) => refuse(
            "exists and is no index",
            "choose another --out, or remove it yourself",
        ),
    }
}
