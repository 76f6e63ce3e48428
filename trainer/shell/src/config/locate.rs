//! Finding the configuration file, so that `train --config medical.toml` works from the project's root.

use std::path::{Path, PathBuf};

use crate::error::{Result, TrainError};

/// The file itself, or the file of that name under `configs/` in the current folder.
pub fn locate(name: &Path) -> Result<PathBuf> {
    let candidates = [name.to_path_buf(), Path::new("configs").join(name)];
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(TrainError::Config(missing(&candidates))),
    }
}

fn missing(candidates: &[PathBuf]) -> String {
    let places: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
    let here = std::env::current_dir()
        .map(|dir| dir.display().to_string())
        .unwrap_or_else(|_| ".".into());
    format!(
        "no configuration file found: looked for {} (from {here})",
        places.join(" and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_nowhere_is_reported_with_both_places() {
        let message = locate(Path::new("no-such.toml")).unwrap_err().to_string();
        assert!(
            message.contains("no-such.toml and configs/no-such.toml"),
            "{message}"
        );
    }

    #[test]
    fn a_file_that_exists_as_given_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.toml");
        std::fs::write(&path, "").unwrap();
        assert_eq!(locate(&path).unwrap(), path);
    }
}
