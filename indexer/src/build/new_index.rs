//! An index that is being made: refuses to replace by accident, stages, commits at once.

use std::fs;
use std::path::{Path, PathBuf};

use encoder::EncoderError;

use super::commit;
use super::lock::WriterLock;
use super::progress::{Identity, Progress};
use super::segment_writer::SegmentWriter;
use super::staging::{self, Staging, has_folder};
use crate::error::{IndexError, Result};
use crate::manifest::{MANIFEST_NAME, Manifest, SEGMENTS_NAME};

/// An index that is being made. Dropped without a commit it leaves no trace but what it is told to keep; what a stopped
/// build had encoded it keeps as long as nobody has said otherwise.
pub(super) struct NewIndex {
    target: PathBuf,
    /// The lock of the index to be replaced, so that nobody changes that while this one is made.
    replaces: Option<WriterLock>,
    generation: u64,
    staging: Staging,
}

impl NewIndex {
    /// Stages a new index for `target`; `force` allows for an index there, and for nothing else.
    pub fn create(target: &Path, force: bool) -> Result<Self> {
        let replaces = match replaces(target, force)? {
            true => Some(WriterLock::take(target, target)?),
            false => None,
        };
        let generation = match replaces {
            // A damaged index can be replaced too; then its count is lost with it.
            Some(_) => Manifest::read(target).map_or(0, |manifest| manifest.generation) + 1,
            None => 1,
        };
        Ok(Self {
            target: target.to_owned(),
            replaces,
            generation,
            staging: Staging::create(target)?,
        })
    }

    /// Goes on from what a stopped build of the same things has left behind, or begins.
    pub fn progress(&self, identity: Identity) -> Result<Progress> {
        Progress::open(self.staging.folder(), &self.staging.index(), identity)
    }

    /// Removes what a stopped build has left behind.
    pub fn clear(&mut self) -> Result<()> {
        self.staging.clear()
    }

    /// Leaves what is there to the next build, or does not.
    pub fn keep(&mut self, kept: bool) {
        self.staging.keep(kept);
    }

    /// The folder of what is left to the next build, if anything is.
    pub fn kept(&self) -> Option<&Path> {
        self.staging.is_kept().then(|| self.staging.folder())
    }

    /// A segment to be filled.
    pub fn segment(&self) -> Result<SegmentWriter> {
        SegmentWriter::create(&self.staging.index().join(SEGMENTS_NAME), self.generation)
    }

    /// How many states the index has had, this one included.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Makes the segments of `manifest`, and nothing else, the state of the index.
    pub fn commit(&mut self, manifest: &Manifest) -> Result<()> {
        let staged = self.staging.index();
        let committed = match self.replaces {
            Some(_) => commit::replace(&staged, &self.target, manifest),
            None => commit::first(&staged, &self.target, manifest),
        };
        if matches!(committed, Ok(()) | Err(IndexError::Unsynced { .. })) {
            self.staging.keep(false);
        }
        committed
    }
}

/// Refuses the folder of a model whose path the manifest, which is UTF-8, has no room for: it could not be found again.
pub(super) fn can_be_named(model: &Path) -> Result<()> {
    match model.to_str() {
        Some(_) => Ok(()),
        None => Err(EncoderError::format(
            model,
            "a model folder whose path is UTF-8, as an index keeps it",
            "other bytes",
            "rename what is no UTF-8 in it",
        )
        .into()),
    }
}

/// Whether `target` is an index to be replaced; an error where something must not be replaced, which is also when what
/// its build has left behind, if that was killed at its very end, is removed.
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
        return has_folder(target).map(|()| false);
    }
    match (target.join(MANIFEST_NAME).exists(), force) {
        (true, true) => Ok(true),
        (true, false) => {
            staging::remove_done(target);
            refuse(
                "this index exists already",
                "replace it with --force, or choose another --out",
            )
        }
        (false, _) => refuse(
            "exists and is no index",
            "choose another --out, or remove it yourself",
        ),
    }
}
