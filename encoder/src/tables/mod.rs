//! Tables as streams of rows: Parquet, JSON Lines, a JSON array, CSV, TSV.
//!
//! One row type for all formats keeps everything behind it (corpora, training pairs, queries)
//! independent of where the data came from. Files are streamed; only a JSON array is read whole.

mod delimited;
mod json;
#[cfg(feature = "parquet")]
mod parquet_rows;
mod row;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

#[cfg(feature = "parquet")]
pub use parquet_rows::is_vector;
pub use row::Row;

use crate::{EncoderError, Result};

/// Windows programs like to begin a UTF-8 file with it.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What UTF-16 files begin with, the low byte first or the high one.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

type RowIterator = Box<dyn Iterator<Item = Result<Row>> + Send>;

/// The rows of one file, in order. See [`open`].
pub struct Rows {
    path: PathBuf,
    columns: Vec<String>,
    left_out: Vec<String>,
    total: Option<u64>,
    rows: RowIterator,
}

impl Rows {
    /// The columns: of the whole table, or for JSON the keys of the first row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Those of the columns that no row has a value of: see [`open_without_vectors`].
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of rows where the format tells it beforehand (Parquet).
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// Opens a table; its name's ending says the format.
///
/// # Errors
/// A file that is missing, empty, unreadable, of an unknown ending, or not what its ending says.
pub fn open(path: &Path) -> Result<Rows> {
    open_with(path, Vectors::Read)
}

/// As [`open`], but without the columns of Parquet that are lists of floats: they are vectors, thousands of bytes a row,
/// and not what a document says. Other formats do not say what a column is, and are read whole.
///
/// # Errors
/// As [`open`].
pub fn open_without_vectors(path: &Path) -> Result<Rows> {
    open_with(path, Vectors::LeaveOut)
}

/// What becomes of columns of vectors.
#[derive(Clone, Copy, PartialEq)]
enum Vectors {
    Read,
    LeaveOut,
}

#[cfg_attr(
    not(feature = "parquet"),
    expect(unused_variables, reason = "only Parquet tells vectors from other columns")
)]
fn open_with(path: &Path, vectors: Vectors) -> Result<Rows> {
    let mut file = File::open(path).map_err(EncoderError::read(path))?;
    let metadata = file.metadata().map_err(EncoderError::read(path))?;
    if metadata.is_dir() {
        return Err(EncoderError::format(
            path,
            "a file",
            "a folder",
            "name the file in it",
        ));
    }
    if metadata.len() == 0 {
        return Err(EncoderError::format(
            path,
            "a table",
            "an empty file",
            "give a file with rows",
        ));
    }
    refuse_utf_16(path, &mut file)?;
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default()
        .to_lowercase();
    match ending.as_str() {
        "jsonl" | "ndjson" => json::open_lines(path, file),
        "json" => json::open_array(path, file),
        "csv" => delimited::open(path, file, b','),
        "tsv" => delimited::open(path, file, b'\t'),
        #[cfg(feature = "parquet")]
        "parquet" => parquet_rows::open(path, file, vectors),
        #[cfg(not(feature = "parquet"))]
        "parquet" => Err(EncoderError::format(
            path,
            "JSON Lines, CSV or TSV",
            "Parquet",
            "this program reads no Parquet; convert it",
        )),
        _ => Err(EncoderError::format(
            path,
            "a name ending in .parquet, .jsonl, .ndjson, .json, .csv or .tsv",
            format!("the ending {ending:?}"),
            "rename or convert the file",
        )),
    }
}

/// Refuses what spreadsheets save as "Unicode text".
fn refuse_utf_16(path: &Path, file: &mut File) -> Result<()> {
    let mut start = Vec::new();
    file.take(2)
        .read_to_end(&mut start)
        .and_then(|_| file.rewind())
        .map_err(EncoderError::read(path))?;
    if !UTF_16_MARKS.contains(&start.as_slice()) {
        return Ok(());
    }
    Err(EncoderError::format(
        path,
        "UTF-8",
        "UTF-16",
        "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8",
    ))
}

/// Turns paths and glob patterns into the files they name, sorted within each pattern, each file
/// once.
///
/// # Errors
/// A pattern that is malformed or matches nothing.
pub fn expand(patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        let found = if Path::new(pattern).exists() {
            vec![pattern.into()]
        } else {
            matches(pattern)?
        };
        for path in found {
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn matches(pattern: &str) -> Result<Vec<PathBuf>> {
    let not_found = |help: String| EncoderError::NotFound {
        what: pattern.to_owned(),
        help,
    };
    let paths =
        glob::glob(pattern).map_err(|error| not_found(format!("the pattern is malformed: {error}")))?;
    let found: Vec<PathBuf> = paths.filter_map(std::result::Result::ok).collect();
    if found.is_empty() {
        return Err(not_found(
            "check the path, and that you are in the right folder".into(),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_empty_and_unknown_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("empty.jsonl"), "").unwrap();
        std::fs::write(path("notes.docx"), "x").unwrap();
        std::fs::write(path("excel.csv"), b"\xff\xfei\0d\0").unwrap();
        std::fs::create_dir(path("folder.csv")).unwrap();
        for (name, word) in [
            ("missing.csv", "cannot be read"),
            ("empty.jsonl", "empty"),
            ("notes.docx", "docx"),
            ("folder.csv", "a folder"),
            ("excel.csv", "found UTF-16"),
        ] {
            let error = open(&path(name)).err().unwrap().to_string();
            assert!(error.contains(word) && error.contains(name), "{error}");
        }
    }

    #[test]
    fn globs_expand_sorted_and_without_repeats() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv"] {
            std::fs::write(folder.path().join(name), "x\n").unwrap();
        }
        let pattern = folder.path().join("*.csv").display().to_string();
        let one = folder.path().join("a.csv");
        let found = expand(&[pattern.clone(), one.display().to_string()]).unwrap();
        assert_eq!(found, [one, folder.path().join("b.csv")]);
        assert!(expand(&[pattern.replace("csv", "tsv")]).is_err());
    }
}
