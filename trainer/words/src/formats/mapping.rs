//! Files in memory without a copy.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Result, WordsError};

/// Maps a file that has at least one byte.
pub(super) fn map(path: &Path) -> Result<Arc<Mmap>> {
    let file = File::open(path).map_err(WordsError::read(path))?;
    if file.metadata().map_err(WordsError::read(path))?.len() == 0 {
        return Err(WordsError::format(
            path,
            "word vectors",
            "an empty file",
            "name another file, or make it again",
        ));
    }
    #[expect(
        unsafe_code,
        reason = "files of vectors are written aside and renamed, never changed in place"
    )]
    let map = unsafe { Mmap::map(&file) }.map_err(WordsError::read(path))?;
    Ok(Arc::new(map))
}
