//! Numbers in files: little-endian, and mapped into memory without a copy.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use rayon::prelude::*;

use crate::error::{Result, WordsError};
use crate::table::Table;

/// Maps a file that has at least one byte.
pub(super) fn map(path: &Path) -> Result<Arc<Mmap>> {
    let refuse =
        |found: &str| WordsError::format(path, "word vectors", found, "name another file, or make it again");
    let metadata = fs::metadata(path).map_err(WordsError::read(path))?;
    // To open a pipe would wait for its writer.
    if !metadata.is_file() {
        return Err(refuse("something that is neither a file nor a folder"));
    }
    if metadata.len() == 0 {
        return Err(refuse("an empty file"));
    }
    let file = File::open(path).map_err(WordsError::read(path))?;
    #[expect(
        unsafe_code,
        reason = "files of vectors are written aside and renamed, never changed in place"
    )]
    let map = unsafe { Mmap::map(&file) }.map_err(WordsError::read(path))?;
    Ok(Arc::new(map))
}

/// Refuses vectors with a number that is none or infinite.
pub(super) fn check_finite(path: &Path, vectors: &Table) -> Result<()> {
    let row = (0..vectors.rows())
        .into_par_iter()
        .find_first(|&row| !vectors.row(row).iter().all(|value| value.is_finite()));
    let Some(row) = row else { return Ok(()) };
    let values = vectors.row(row);
    let at = values.iter().position(|value| !value.is_finite());
    let at = at.unwrap_or_default();
    Err(WordsError::format(
        path,
        format!("finite numbers in row {}", row + 1),
        format!("{} as number {}", values[at], at + 1),
        "make the vectors again",
    ))
}

/// Appends numbers as they lie in files.
pub(super) fn extend(bytes: &mut Vec<u8>, numbers: &[f32]) {
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}
