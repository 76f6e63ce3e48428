//! The folder where a new index grows, beside its place: `.NAME.building`.
//!
//! It is locked while its process lives; the system drops the lock with the process, however that ends. So a folder
//! that can be locked is a leftover: the next build of the same index goes on from what is in it, or empties it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::lock::{LOCK_NAME, WriterLock};
use super::progress;
use crate::error::{IndexError, Result};

/// Name of the folder inside, which becomes the index.
const INDEX_NAME: &str = "index";

/// A folder that disappears with its owner, whatever the owner came to, unless it is kept: as long as nobody has said
/// otherwise, where a stopped build had encoded something in it.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    kept: bool,
    lock: Option<WriterLock>,
}

impl Staging {
    /// Makes the folder, on the file system of `target` so that what is in it can be renamed into place, or takes over
    /// that of a stopped build with all that is in it.
    ///
    /// # Errors
    /// [`IndexError::Locked`] where another build of `target` is running; a folder that cannot be written to.
    pub fn create(target: &Path) -> Result<Self> {
        let folder = place(target);
        let lock = loop {
            if let Err(error) = fs::create_dir(&folder)
                && error.kind() != ErrorKind::AlreadyExists
            {
                return Err(IndexError::write(&folder)(error));
            }
            match WriterLock::take(&folder, target) {
                // Its owner was just removing it.
                Err(IndexError::Write { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                other => break other?,
            }
        };
        let staging = Self {
            kept: progress::is_in(&folder),
            folder,
            lock: Some(lock),
        };
        let index = staging.index();
        fs::create_dir_all(&index).map_err(IndexError::write(&index))?;
        Ok(staging)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what a stopped build has left behind.
    pub fn clear(&mut self) -> Result<()> {
        self.kept = false;
        empty(&self.folder).map_err(IndexError::write(&self.folder))?;
        let index = self.index();
        fs::create_dir(&index).map_err(IndexError::write(&index))
    }

    /// Leaves all that is in the folder to the next build, or does not.
    pub fn keep(&mut self, kept: bool) {
        self.kept = kept;
    }

    /// Whether all that is in the folder is left to the next build.
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// The folder that becomes the index.
    pub fn index(&self) -> PathBuf {
        self.folder.join(INDEX_NAME)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.kept {
            let _ = empty(&self.folder);
        }
        // The lock last, and then the folder only if no other has begun in it.
        drop(self.lock.take());
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Removes the folder of a build of `target` that was killed when the index in it had become `target` already: there is
/// nothing in it to go on with.
pub(super) fn remove_done(target: &Path) {
    let folder = place(target);
    let is_done = || folder.is_dir() && !folder.join(INDEX_NAME).exists();
    if is_done()
        && let Ok(lock) = WriterLock::take(&folder, target)
        && is_done()
    {
        drop(Staging {
            folder,
            kept: false,
            lock: Some(lock),
        });
    }
}

/// Removes all but the lock.
fn empty(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK_NAME {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

/// The staging folder of `target`.
fn place(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    parent(target).join(format!(".{name}.building"))
}

/// Refuses a path in a folder that is not there.
pub(crate) fn has_folder(path: &Path) -> Result<()> {
    let folder = parent(path);
    match folder.is_dir() {
        true => Ok(()),
        false => Err(IndexError::NoFolder {
            path: path.to_owned(),
            folder,
        }),
    }
}

/// The folder that `path` is in.
pub(crate) fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_leftovers_go_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("c.index");
        let leftover = folder.path().join(".c.index.building/index/segments");
        let other = folder.path().join(".d.index.building");
        fs::create_dir_all(&leftover).unwrap();
        fs::create_dir(&other).unwrap();
        let staging = Staging::create(&target).unwrap();
        assert!(leftover.exists() && other.exists(), "what is there can be of use");
        let error = Staging::create(&target).unwrap_err();
        assert!(matches!(error, IndexError::Locked { .. }), "{error}");
        assert!(staging.index().is_dir(), "it is in use");
        drop(staging);
        assert!(!target.with_file_name(".c.index.building").exists() && other.exists());
        let mut staging = Staging::create(&target).unwrap();
        staging.keep(true);
        let kept = staging.index();
        drop(staging);
        assert!(kept.is_dir());
    }

    #[test]
    fn what_a_stopped_build_had_encoded_goes_only_when_somebody_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("c.index");
        let staged = folder.path().join(".c.index.building");
        fs::create_dir(&staged).unwrap();
        for name in ["PROGRESS", "encoded-3"] {
            fs::create_dir_all(&staged).unwrap();
            fs::write(staged.join(name), "x").unwrap();
            drop(Staging::create(&target).unwrap());
            assert!(staged.join(name).exists(), "{name}");
            let mut staging = Staging::create(&target).unwrap();
            staging.clear().unwrap();
            drop(staging);
            assert!(!staged.exists(), "{name}");
        }
    }

    #[test]
    fn what_is_left_of_a_build_goes_only_where_its_index_is_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("c.index");
        let staged = folder.path().join(".c.index.building");
        remove_done(&target);
        fs::create_dir_all(staged.join("index")).unwrap();
        fs::write(staged.join("encoded-0"), "x").unwrap();
        remove_done(&target);
        assert!(staged.join("encoded-0").exists(), "the build can be gone on with");
        fs::remove_dir(staged.join("index")).unwrap();
        let lock = WriterLock::take(&staged, &target).unwrap();
        remove_done(&target);
        assert!(staged.join("encoded-0").exists(), "somebody is at work");
        drop(lock);
        remove_done(&target);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
