//! The folder where a new segment grows, beside the index that it will be part of.
//!
//! It is locked while its process lives; the system drops the lock with the process, however that
//! ends. So a folder that can be locked is a leftover, and the next build removes it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{IndexError, Result};

/// A folder that disappears with its owner, whatever the owner came to.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    /// Holds the lock.
    _lock: File,
}

impl Staging {
    /// Removes leftovers of killed builds of `target`, then makes the folder, on the file system of
    /// the target so that it can be renamed into place.
    pub fn create(target: &Path) -> Result<Self> {
        let (parent, prefix) = place(target);
        remove_leftovers(&parent, &prefix)?;
        let folder = parent.join(format!("{prefix}{}", std::process::id()));
        fs::create_dir(&folder).map_err(IndexError::write(&folder))?;
        let lock = File::open(&folder).map_err(IndexError::read(&folder))?;
        // On a file system without locks the folder is still removed by its owner.
        let _ = lock.try_lock();
        Ok(Self { folder, _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Gone already after a first commit, which renames it into place.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder that `target` is in, and how names of its staging folders begin.
fn place(target: &Path) -> (PathBuf, String) {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    (parent(target), format!(".{name}.building-"))
}

/// The folder that `path` is in.
pub(super) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn remove_leftovers(parent: &Path, prefix: &str) -> Result<()> {
    for entry in fs::read_dir(parent).map_err(IndexError::read(parent))? {
        let entry = entry.map_err(IndexError::read(parent))?;
        let folder = entry.path();
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_leftover(&folder) {
            fs::remove_dir_all(&folder).map_err(IndexError::write(&folder))?;
        }
    }
    Ok(())
}

/// Whether nobody holds the lock of a staging folder.
fn is_leftover(folder: &Path) -> bool {
    match File::open(folder).map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_leftovers_go_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("c.index");
        let leftover = folder.path().join(".c.index.building-1");
        let other = folder.path().join(".d.index.building-1");
        fs::create_dir_all(leftover.join("segments")).unwrap();
        fs::create_dir(&other).unwrap();
        let staging = Staging::create(&target).unwrap();
        assert!(!leftover.exists() && other.exists() && staging.folder().is_dir());
        assert!(!is_leftover(staging.folder()), "it is in use");
        let path = staging.folder().to_owned();
        drop(staging);
        assert!(!path.exists());
    }
}
