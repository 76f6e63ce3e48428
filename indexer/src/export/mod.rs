//! An index's documents and vectors for other tools: one file, in the order of the rows, deleted ones left out.
//!
//! What is there before stays until the new file is whole: it is written aside and renamed. Where the ids have a file of
//! their own, old vectors are removed when both new files are whole, then the ids get their name, and then the vectors:
//! a process that is killed in between leaves ids without vectors, never vectors with the ids of others.

mod aside;
mod columns;
mod hnswlib;
mod ids;
mod npy;
mod parquet_file;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::build::{Observer, Phase, has_folder};
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;

/// Documents between two looks at whether to stop.
const STRIDE: usize = 1024;

/// What an export did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExportSummary {
    /// The file with the vectors.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub file: PathBuf,
    /// The file with the ids, where that is another one.
    #[serde(serialize_with = "crate::shown_path::maybe")]
    pub ids: Option<PathBuf>,
    /// Documents written.
    pub documents: u64,
    /// Numbers per vector.
    pub dimension: usize,
}

/// What is written, by the ending of a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Parquet,
    Npy,
    Hnswlib,
}

/// Writes all documents of `reader` to `out`: `.parquet` has the columns `id`, `title`, `text`, the other columns of the
/// corpus, and `vector` (as stored, `FixedSizeList<float32>`); `.npy` has the vectors alone, shape
/// `(documents, dimension)`; `.hnsw` is a file of hnswlib with vectors and graph. Beside the latter two
/// `FILE.ids.jsonl` has an object `{"id": …}` a line. `force` allows for files that are there to be replaced.
///
/// # Errors
/// Another ending, files that are there, files that cannot be read or written, or [`IndexError::Interrupted`].
pub fn export(
    reader: &IndexReader,
    out: &Path,
    force: bool,
    observer: &mut dyn Observer,
) -> Result<ExportSummary> {
    let format = format(out)?;
    let ids = (format != Format::Parquet).then(|| exported_ids(out));
    for file in [Some(out), ids.as_deref()].into_iter().flatten() {
        may_write(file, force)?;
    }
    observer.begin(Phase::Export, Some(reader.len() as u64));
    let written = match format {
        Format::Parquet => parquet_file::write(reader, out, observer)?,
        Format::Npy => npy::write(reader, out, observer)?,
        Format::Hnswlib => hnswlib::write(reader, out, observer)?,
    };
    match &ids {
        Some(ids) => written.finish_with_ids(ids::write(reader, ids, observer)?)?,
        None => written.finish()?,
    }
    Ok(ExportSummary {
        file: out.to_owned(),
        ids,
        documents: reader.len() as u64,
        dimension: reader.manifest().dimension,
    })
}

/// The file with the ids of the rows of `vectors`, a file that has room for numbers only. It bears the whole name of that,
/// so that an array and a graph of one name have one each.
pub(crate) fn exported_ids(vectors: &Path) -> PathBuf {
    vectors.with_added_extension("ids.jsonl")
}

fn format(out: &Path) -> Result<Format> {
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("parquet") => Ok(Format::Parquet),
        Some("npy") => Ok(Format::Npy),
        Some("hnsw") => Ok(Format::Hnswlib),
        _ => Err(encoder::EncoderError::format(
            out,
            "a name ending in .parquet, .npy or .hnsw",
            "another",
            "choose another --out",
        )
        .into()),
    }
}

fn may_write(file: &Path, force: bool) -> Result<()> {
    has_folder(file)?;
    let refuse = |found, help| {
        Err(IndexError::Exists {
            path: file.to_owned(),
            found,
            help,
        })
    };
    match std::fs::symlink_metadata(file) {
        Ok(data) if data.is_dir() => refuse("is a folder", "choose another --out"),
        Ok(_) if !force => refuse(
            "this file exists already",
            "replace it with --force, or choose another --out",
        ),
        _ => Ok(()),
    }
}

/// Tells the observer, and stops where it says so.
fn advance(observer: &mut dyn Observer, documents: usize) -> Result<()> {
    observer.advance(documents as u64);
    match observer.stopped() {
        true => Err(IndexError::Interrupted),
        false => Ok(()),
    }
}
