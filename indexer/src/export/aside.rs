//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::build::parent;
use crate::error::{IndexError, Result};

/// A file under another name, removed unless it is [finished](Self::finish).
#[derive(Debug)]
pub(super) struct Aside {
    target: PathBuf,
    path: PathBuf,
    file: File,
}

impl Aside {
    /// Creates the file beside `target`, and removes those that killed processes have left there.
    pub fn create(target: &Path) -> Result<Self> {
        let beginning = beginning(target);
        remove_of_the_gone(target, &beginning);
        let path = target.with_file_name(format!("{beginning}{}", std::process::id()));
        let file = File::create(&path).map_err(IndexError::write(target))?;
        Ok(Self {
            target: target.to_owned(),
            path,
            file,
        })
    }

    /// Where it is written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Brings it to the disk and gives it its name.
    pub fn finish(self) -> Result<()> {
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, &self.target))
            .map_err(IndexError::write(&self.target))?;
        sync_folder(&self.target).map_err(|source| IndexError::Unsynced {
            path: self.target.clone(),
            source,
        })
    }

    /// Gives this file and `ids`, the ids of its rows, their names. Old vectors go first and the new ones come last,
    /// each step on the disk before the next: wherever this ends, there are never vectors beside the ids of others.
    pub fn finish_with_ids(self, ids: Self) -> Result<()> {
        let synced = [&self, &ids]
            .into_iter()
            .try_for_each(|aside| aside.file.sync_all());
        synced.map_err(IndexError::write(&self.target))?;
        let removed = remove_if_there(&self.target).map_err(IndexError::write(&self.target))?;
        let target = self.target.clone();
        sync_folder(&target)
            .map_err(IndexError::write(&target))
            .and_then(|()| ids.finish())
            .and_then(|()| self.finish())
            .map_err(|error| match error {
                IndexError::Write { path, source } if removed => IndexError::ExportEnded {
                    path,
                    gone: target,
                    source,
                },
                other => other,
            })
    }
}

/// Whether there was something to remove.
fn remove_if_there(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Brings the names in the folder of `path` to the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Gone already where it has its name.
        let _ = fs::remove_file(&self.path);
    }
}

/// What the name of the file beside `target` begins with; the number of its process comes after it.
fn beginning(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.unfinished-")
}

/// Removes the files of processes that are no more. What cannot be removed stays: it is nothing to stop for.
fn remove_of_the_gone(target: &Path, beginning: &str) {
    for entry in fs::read_dir(parent(target)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(beginning));
        let is_gone = |process: &str| {
            process.bytes().all(|byte| byte.is_ascii_digit()) && !Path::new("/proc").join(process).exists()
        };
        if process.is_some_and(is_gone) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn vectors_are_never_beside_the_ids_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let [vectors, ids] = ["v.npy", "v.npy.ids.jsonl"].map(|name| folder.path().join(name));
        let asides = || {
            let asides = [&vectors, &ids].map(|path| Aside::create(path).unwrap());
            asides
                .iter()
                .for_each(|aside| aside.file().write_all(b"new").unwrap());
            asides
        };
        fs::write(&vectors, "old").unwrap();
        fs::create_dir(&ids).unwrap();
        let [new, new_ids] = asides();
        // A folder is in the way of the ids: the end after the first step.
        let error = new.finish_with_ids(new_ids).unwrap_err().to_string();
        assert!(
            error.contains("v.npy, which was there before, is gone"),
            "{error}"
        );
        assert!(!vectors.exists(), "the old ones would be beside new ids");
        fs::remove_dir(&ids).unwrap();
        fs::write(&ids, "old").unwrap();
        fs::create_dir(&vectors).unwrap();
        let [new, new_ids] = asides();
        // Old vectors that cannot be removed.
        assert!(new.finish_with_ids(new_ids).is_err());
        assert_eq!(fs::read(&ids).unwrap(), b"old");
        fs::remove_dir(&vectors).unwrap();
        let [new, new_ids] = asides();
        new.finish_with_ids(new_ids).unwrap();
        assert_eq!(
            [&vectors, &ids].map(|path| fs::read(path).unwrap()),
            [b"new", b"new"]
        );
    }

    #[test]
    fn what_a_killed_process_left_goes_with_the_next_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // Beyond the largest process number that Linux gives; that of the first process; other names.
        let others = [
            ".v.npy.unfinished-1",
            ".v.npy.unfinished-x",
            ".w.npy.unfinished-4194999",
        ];
        for name in others.iter().chain(&[".v.npy.unfinished-4194999"]) {
            fs::write(path(name), "x").unwrap();
        }
        Aside::create(&path("v.npy")).unwrap().finish().unwrap();
        assert!(path("v.npy").exists() && others.iter().all(|name| path(name).exists()));
        assert!(!path(".v.npy.unfinished-4194999").exists());
    }
}
