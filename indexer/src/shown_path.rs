//! Paths in what is written to be looked at, as [`Path::display`] shows them.
//!
//! On Unix a name can be any bytes, JSON is UTF-8, and serde refuses what does not fit: after hours of work, if nobody
//! has looked before. What is only shown need not be exact.

use std::path::{Path, PathBuf};

use serde::Serializer;

/// Writes a path.
#[cfg(feature = "build")]
pub(crate) fn one<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// Writes a path that may be none.
#[cfg(feature = "build")]
pub(crate) fn maybe<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.collect_str(&path.display()),
        None => serializer.serialize_none(),
    }
}

/// Writes paths.
pub(crate) fn all<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

/// A path as it is when it has been written and read again.
#[cfg(feature = "build")]
pub(crate) fn read_again(path: &Path) -> PathBuf {
    path.to_string_lossy().into_owned().into()
}
