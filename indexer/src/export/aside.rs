//! A file that appears whole or not at all.

use std::fs::{self, File};
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
            .map_err(IndexError::write(&self.target))
    }
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
    use super::*;

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
