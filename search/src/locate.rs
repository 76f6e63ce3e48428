//! Which index is meant when none is named: the only one here, never a guess between two.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Result, SearchError};

/// How an index folder's name ends.
const ENDING: &str = "index";
/// Names shown where there are too many to choose from.
const SHOWN: usize = 5;

/// The index to read: `named`, else the only `*.index` folder in `here`.
///
/// # Errors
/// There is none in `here`, or more than one, or `here` cannot be read.
pub fn index(named: Option<&Path>, here: &Path) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    let unreadable = |source| SearchError::Folder {
        folder: shown(here),
        source,
    };
    let mut found = Vec::new();
    for entry in here.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new(ENDING)) && path.is_dir() {
            found.push(path.file_name().map(PathBuf::from).unwrap_or(path));
        }
    }
    found.sort();
    match found.as_slice() {
        [only] => Ok(if here == Path::new(".") {
            only.clone()
        } else {
            here.join(only)
        }),
        [] => Err(SearchError::NoIndex { folder: shown(here) }),
        several => Err(SearchError::SeveralIndexes {
            folder: shown(here),
            count: several.len(),
            names: listed(several),
        }),
    }
}

/// The folder in full where that is known: "." helps nobody who is not in it.
fn shown(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .take(SHOWN)
        .map(|path| path.display().to_string())
        .collect();
    let rest = if paths.len() > SHOWN { ", …" } else { "" };
    format!("{}{rest}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_index_is_taken_as_it_is() {
        assert_eq!(
            index(Some(Path::new("x")), Path::new("/nowhere")).unwrap(),
            Path::new("x")
        );
    }

    #[test]
    fn the_only_index_is_found_and_files_and_other_folders_are_not() {
        let here = tempfile::tempdir().unwrap();
        std::fs::create_dir(here.path().join("corpus.index")).unwrap();
        std::fs::create_dir(here.path().join("models")).unwrap();
        std::fs::write(here.path().join("file.index"), "").unwrap();
        assert_eq!(
            index(None, here.path()).unwrap(),
            here.path().join("corpus.index")
        );
    }

    #[test]
    fn none_and_several_are_errors_that_say_what_to_do() {
        let here = tempfile::tempdir().unwrap();
        let none = index(None, here.path()).unwrap_err().to_string();
        assert!(none.contains("index build") && none.contains("--index"), "{none}");
        for name in ["b", "a", "c", "f", "e", "d"] {
            std::fs::create_dir(here.path().join(format!("{name}.index"))).unwrap();
        }
        let several = index(None, here.path()).unwrap_err().to_string();
        assert!(
            several.contains("holds 6: a.index, b.index, c.index, d.index, e.index, …;"),
            "{several}"
        );
    }
}
