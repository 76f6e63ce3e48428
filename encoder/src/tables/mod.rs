//! Tables as streams of rows: Parquet, JSON Lines, a JSON array, CSV, TSV; all but Parquet packed with gzip or zstd, too.
//!
//! One row type for all formats keeps everything behind it (corpora, training pairs, queries)
//! independent of where the data came from. Files are streamed; only a JSON array is read whole.

mod delimited;
mod json;
mod packed;
#[cfg(feature = "parquet")]
mod parquet_rows;
mod row;

use std::fs::File;
use std::io::BufRead;
use std::path::{Path, PathBuf};

pub(crate) use packed::text;
pub use packed::unpacked_name;
#[cfg(feature = "parquet")]
pub use parquet_rows::is_vector;
pub use row::Row;

use packed::Bytes;

use crate::{EncoderError, Result};

/// Windows programs like to begin a UTF-8 file with it.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What files begin with that are no text in UTF-8, what they are, and what to do about it.
const OTHER_BEGINNINGS: [(&[u8], &str, &str); 4] = [
    (b"\xff\xfe", "UTF-16", FROM_UTF_16),
    (b"\xfe\xff", "UTF-16", FROM_UTF_16),
    (
        b"\x1f\x8b",
        "data packed with gzip",
        "put .gz behind the file's name",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "data packed with zstd",
        "put .zst behind the file's name",
    ),
];
const FROM_UTF_16: &str = "save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8";

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

/// Opens a table; its name's ending says the format, and behind that `.gz` or `.zst` how the file is packed.
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

fn open_with(path: &Path, vectors: Vectors) -> Result<Rows> {
    let file = File::open(path).map_err(EncoderError::read(path))?;
    let metadata = file.metadata().map_err(EncoderError::read(path))?;
    if metadata.is_dir() {
        return Err(EncoderError::format(
            path,
            "a file",
            "a folder",
            "name the file in it",
        ));
    }
    if !metadata.is_file() {
        let help = "write it to a file first: it is read more than once";
        return Err(EncoderError::format(path, "a file", "a pipe or a device", help));
    }
    if metadata.len() == 0 {
        return Err(EncoderError::format(
            path,
            "a table",
            "an empty file",
            "give a file with rows",
        ));
    }
    let ending = packed::ending(packed::unpacked_name(path));
    if ending == "parquet" {
        return open_parquet(path, file, vectors);
    }
    let mut bytes = packed::bytes(path, file)?;
    refuse_other_beginnings(path, &mut bytes)?;
    match ending.as_str() {
        "jsonl" | "ndjson" => json::open_lines(path, bytes),
        "json" => json::open_array(path, bytes),
        "csv" => delimited::open(path, bytes, b','),
        "tsv" => delimited::open(path, bytes, b'\t'),
        _ => Err(EncoderError::format(
            path,
            "a name ending in .parquet, .jsonl, .ndjson, .json, .csv or .tsv, all but the first also with .gz or .zst \
             behind it",
            format!("the ending {ending:?}"),
            "rename or convert the file",
        )),
    }
}

#[cfg_attr(
    not(feature = "parquet"),
    expect(unused_variables, reason = "only Parquet tells vectors from other columns")
)]
fn open_parquet(path: &Path, file: File, vectors: Vectors) -> Result<Rows> {
    if packed::is_packed(path) {
        return Err(EncoderError::format(
            path,
            "Parquet as it is",
            "a packed file",
            "unpack it; Parquet is packed inside",
        ));
    }
    #[cfg(feature = "parquet")]
    return parquet_rows::open(path, file, vectors);
    #[cfg(not(feature = "parquet"))]
    Err(EncoderError::format(
        path,
        "JSON Lines, CSV or TSV",
        "Parquet",
        "this program reads no Parquet; convert it",
    ))
}

/// Refuses what spreadsheets save as "Unicode text", and packed files whose names do not say so.
fn refuse_other_beginnings(path: &Path, bytes: &mut Bytes) -> Result<()> {
    let start = bytes.fill_buf().map_err(EncoderError::read(path))?;
    match OTHER_BEGINNINGS.iter().find(|(mark, ..)| start.starts_with(mark)) {
        None => Ok(()),
        Some((_, found, help)) => Err(EncoderError::format(path, "text in UTF-8", *found, *help)),
    }
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
    let unreadable = |error: glob::GlobError| {
        let path = error.path().to_owned();
        EncoderError::read(&path)(error.into())
    };
    let found = paths.map(|path| path.map_err(unreadable));
    let found = found.collect::<Result<Vec<PathBuf>>>()?;
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
        std::fs::write(path("packed.csv"), b"\x1f\x8b\x08\0").unwrap();
        std::os::unix::fs::symlink("/dev/null", path("pipe.csv")).unwrap();
        std::fs::create_dir(path("folder.csv")).unwrap();
        for (name, word) in [
            ("missing.csv", "cannot be read"),
            ("empty.jsonl", "empty"),
            ("notes.docx", "docx"),
            ("folder.csv", "a folder"),
            ("excel.csv", "found UTF-16"),
            ("packed.csv", ".gz behind"),
            ("pipe.csv", "a pipe or a device"),
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
