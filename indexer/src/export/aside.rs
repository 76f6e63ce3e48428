//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{IndexError, Result};

/// A file under another name, removed unless it is [finished](Self::finish).
#[derive(Debug)]
pub(super) struct Aside {
    target: PathBuf,
    path: PathBuf,
    file: File,
}

impl Aside {
    /// Creates the file beside `target`.
    pub fn create(target: &Path) -> Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.unfinished-{}", std::process::id()));
        let file = File::create(&path).map_err(IndexError::write(&path))?;
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
