//! Files of text as one stream of bytes, whatever they are packed in.
//!
//! Every kind of file comes out as lines, so that the same text gives the same words from each of them.

mod blocks;
mod parquet_text;

use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

pub(super) use blocks::{Block, Blocks};

use crate::error::{Result, WordsError};

const BUFFER_BYTES: usize = 1 << 17;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Gzip,
    Zstd,
    Parquet,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Gzip => "gzip data",
            Kind::Zstd => "zstd data",
            Kind::Parquet => "a Parquet file",
        }
    }
}

/// A file whose text can be read.
struct Source {
    path: PathBuf,
    kind: Kind,
    text: Box<dyn Read + Send>,
    /// Bytes of the file that were read so far.
    position: Arc<AtomicU64>,
}

/// Opens a file; `column` is read if it is Parquet.
fn open(path: &Path, column: &str) -> Result<Source> {
    let mut file = File::open(path).map_err(WordsError::read(path))?;
    if file.metadata().map_err(WordsError::read(path))?.is_dir() {
        return Err(WordsError::format(
            path,
            "a file of text",
            "a folder",
            "name the files in it",
        ));
    }
    let mut start = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut start)
        .map_err(WordsError::read(path))?;
    let kind = kind(path, &start)?;
    let position = Arc::new(AtomicU64::new(0));
    let text: Box<dyn Read + Send> = if kind == Kind::Parquet {
        Box::new(parquet_text::open(path, file, column, Arc::clone(&position))?)
    } else {
        let counted = Counted {
            file: Cursor::new(start).chain(file),
            position: Arc::clone(&position),
        };
        let buffered = BufReader::with_capacity(BUFFER_BYTES, counted);
        match kind {
            Kind::Gzip => Box::new(MultiGzDecoder::new(buffered)),
            Kind::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(buffered).map_err(WordsError::read(path))?;
                decoder
                    .window_log_max(LARGEST_WINDOW)
                    .map_err(WordsError::read(path))?;
                Box::new(decoder)
            }
            Kind::Text | Kind::Parquet => Box::new(buffered),
        }
    };
    Ok(Source {
        path: path.to_owned(),
        kind,
        text,
        position,
    })
}

/// Zstandard's own limit: `zstd --long=31` packs so. The library's is 2²⁷ bytes, if nobody says more.
const LARGEST_WINDOW: u32 = 31;

/// What a file is, by its first bytes; a name that says something else is an error.
fn kind(path: &Path, start: &[u8]) -> Result<Kind> {
    let found = match start {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Kind::Zstd,
        b"PAR1" => Kind::Parquet,
        _ => Kind::Text,
    };
    let (stem, ending) = split_ending(path);
    let packed = match ending.as_str() {
        "gz" => Some(Kind::Gzip),
        "zst" => Some(Kind::Zstd),
        "parquet" => Some(Kind::Parquet),
        _ => None,
    };
    if let Some(expected) = packed.filter(|&expected| expected != found) {
        return Err(WordsError::format(
            path,
            format!("{}, as its name says", expected.name()),
            format!(
                "a file that starts differently ({} bytes {start:02x?})",
                start.len()
            ),
            "rename it, or fetch or make it again",
        ));
    }
    let ending = packed.map_or(ending, |_| split_ending(&stem).1);
    if ["jsonl", "ndjson", "json", "csv", "tsv"].contains(&ending.as_str()) {
        return Err(WordsError::format(
            path,
            "plain text, one sentence a line, or a column of Parquet",
            format!("a table with the ending .{ending}"),
            "write its texts to a text file or to Parquet",
        ));
    }
    Ok(found)
}

fn split_ending(path: &Path) -> (PathBuf, String) {
    let ending = path.extension().and_then(|ending| ending.to_str());
    (path.with_extension(""), ending.unwrap_or_default().to_lowercase())
}

/// Counts what was read of a file.
struct Counted {
    file: Chain<Cursor<Vec<u8>>, File>,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
