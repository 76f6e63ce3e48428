//! tantivy's files, read-only.
//!
//! tantivy takes a lock by writing a file even to read. A committed segment is never written to
//! (and may lie on a read-only disk), so reading goes through this wall. It also checks each block of a
//! file before tantivy first sees it.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexer_ann::{AnnError, BlockHash, MappedFile};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, MmapDirectory, OwnedBytes, WatchCallback, WatchHandle, WritePtr,
};
use tantivy::{Directory, HasLen};

use crate::error::{Bm25Error, Result};

/// A folder of tantivy's that nothing is written to.
#[derive(Debug, Clone)]
pub(super) struct ReadOnly {
    folder: MmapDirectory,
    /// The files whose blocks are checked, by their names.
    checked: Arc<HashMap<PathBuf, Arc<MappedFile>>>,
}

impl ReadOnly {
    /// The files in `path`; of those in `hashes` each block is checked before its first use.
    ///
    /// # Errors
    /// No such folder or file, a file of another length.
    pub fn open(path: &Path, hashes: HashMap<PathBuf, Vec<BlockHash>>) -> Result<Self> {
        let folder = MmapDirectory::open(path).map_err(Bm25Error::engine(path))?;
        let mut checked = HashMap::new();
        for (name, hashes) in hashes {
            let file = MappedFile::open_checked(&path.join(&name), hashes)?;
            checked.insert(name, Arc::new(file));
        }
        let checked = Arc::new(checked);
        Ok(Self { folder, checked })
    }

    /// The file that is damaged, if something of it was read.
    pub fn damage(&self) -> Option<Bm25Error> {
        let errors = self.checked.values().filter_map(|file| file.intact().err());
        errors.map(Bm25Error::from).next()
    }
}

/// A file of tantivy's whose blocks are checked.
#[derive(Debug)]
struct Checked {
    bytes: Arc<dyn FileHandle>,
    /// The same file.
    blocks: Arc<MappedFile>,
}

impl HasLen for Checked {
    fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl FileHandle for Checked {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        self.blocks.read(range.clone()).map_err(damaged)?;
        self.bytes.read_bytes(range)
    }
}

/// The error for tantivy; who called it asks for [`ReadOnly::damage`].
fn damaged(error: AnnError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn refused() -> io::Error {
    io::Error::new(
        io::ErrorKind::ReadOnlyFilesystem,
        "a committed segment is never written to",
    )
}

impl Directory for ReadOnly {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let bytes = self.folder.get_file_handle(path)?;
        Ok(match self.checked.get(path) {
            Some(file) => Arc::new(Checked {
                bytes,
                blocks: Arc::clone(file),
            }),
            None => bytes,
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.folder.exists(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        if let Some(file) = self.checked.get(path) {
            let read = file.read(0..file.len()).map_err(damaged);
            let failed = |error| OpenReadError::wrap_io_error(error, path.to_owned());
            return Ok(read.map_err(failed)?.to_vec());
        }
        self.folder.atomic_read(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError {
            io_error: Arc::new(refused()),
            filepath: path.to_owned(),
        })
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(refused(), path.to_owned()))
    }

    fn atomic_write(&self, _path: &Path, _data: &[u8]) -> io::Result<()> {
        Err(refused())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    /// Nothing to lock: the files never change.
    fn acquire_lock(&self, _lock: &Lock) -> Result<DirectoryLock, LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
