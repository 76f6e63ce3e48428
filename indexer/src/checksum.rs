//! Whether the files of a segment are what the manifest says.

use std::path::{Component, Path, PathBuf};

use indexer_ann::MappedFile;

use crate::error::{IndexError, Result};
use crate::manifest::{FileRecord, SegmentRecord};

/// Files of at least this length are hashed by several threads.
const PARALLEL_BYTES: usize = 128 << 10;

/// Hashes bytes, by several threads where that is worth it.
pub(crate) fn hash(bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    match bytes.len() {
        ..PARALLEL_BYTES => hasher.update(bytes),
        _ => hasher.update_rayon(bytes),
    };
    hasher.finalize()
}

/// Checks every file of a segment in `folder`: there, of the right length, of the right content.
pub(crate) fn verify(folder: &Path, segment: &SegmentRecord) -> Result<()> {
    is_there(folder)?;
    segment
        .files
        .iter()
        .try_for_each(|file| verify_file(&inside(folder, &file.path)?, file))
}

/// Checks that a segment's folder is there.
pub(crate) fn is_there(folder: &Path) -> Result<()> {
    match folder.is_dir() {
        true => Ok(()),
        false => Err(IndexError::damaged(folder, "a segment of the index", "nothing")),
    }
}

/// `folder` joined with a name of the manifest, which must not lead out of it.
pub(crate) fn inside(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !plain {
        return Err(IndexError::damaged(
            folder,
            "names of files inside the index",
            format!("{name:?}"),
        ));
    }
    Ok(folder.join(path))
}

/// Checks one file at `path`: there, of the right length, of the right content.
pub(crate) fn verify_file(path: &Path, record: &FileRecord) -> Result<()> {
    verify_length(path, record)?;
    let file = MappedFile::open(path)?;
    let actual = hash(file.read(0..file.len())?).to_hex();
    if actual.as_str() != record.blake3 {
        return Err(IndexError::damaged(
            path,
            format!("checksum {}", record.blake3),
            actual.to_string(),
        ));
    }
    Ok(())
}

/// Checks one file at `path`: there, of the right length.
pub(crate) fn verify_length(path: &Path, record: &FileRecord) -> Result<()> {
    let length = match std::fs::metadata(path) {
        Ok(data) => data.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(IndexError::damaged(
                path,
                format!("a file of {} bytes", record.bytes),
                "nothing",
            ));
        }
        Err(error) => return Err(IndexError::read(path)(error)),
    };
    if length != record.bytes {
        let expected = format!("{} bytes", record.bytes);
        return Err(IndexError::damaged(path, expected, format!("{length} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_segment() {
        let folder = Path::new("segment");
        for name in ["", "/etc/passwd", "../x", "bm25/../../x", "."] {
            assert!(inside(folder, name).is_err(), "{name}");
        }
        assert_eq!(
            inside(folder, "bm25/meta.json").unwrap(),
            Path::new("segment/bm25/meta.json")
        );
    }

    #[test]
    fn hashing_in_parallel_changes_nothing() {
        let bytes: Vec<u8> = (0..PARALLEL_BYTES * 3 + 17).map(|i| (i % 251) as u8).collect();
        assert_eq!(hash(&bytes), blake3::hash(&bytes));
    }
}
