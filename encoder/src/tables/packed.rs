//! Files that are packed with gzip or zstd, read as what is in them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{EncoderError, Result};

/// The bytes of a table, unpacked.
pub(super) type Bytes = BufReader<Box<dyn Read + Send>>;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// By the ending of the file's name.
    fn of(path: &Path) -> Option<Self> {
        match ending(path).as_str() {
            "gz" => Some(Packing::Gzip),
            "zst" => Some(Packing::Zstd),
            _ => None,
        }
    }
}

/// The file's name without `.gz` or `.zst`.
pub fn unpacked_name(path: &Path) -> &Path {
    match (Packing::of(path), path.file_stem()) {
        (Some(_), Some(stem)) => Path::new(stem),
        _ => path,
    }
}

/// Whether the file's name says that it is packed.
pub(super) fn is_packed(path: &Path) -> bool {
    Packing::of(path).is_some()
}

/// The ending of a name, in small letters.
pub(super) fn ending(path: &Path) -> String {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_lowercase()
}

/// Zstandard's own limit: `zstd --long=31` packs so. The library's is 2²⁷ bytes, if nobody says more.
const LARGEST_WINDOW: u32 = 31;

/// The file's bytes, unpacked as its name says while they are read.
///
/// # Errors
/// A decoder that cannot be made; what is damaged is found as it is read.
pub(super) fn bytes(path: &Path, file: File) -> Result<Bytes> {
    let reader: Box<dyn Read + Send> = match Packing::of(path) {
        None => Box::new(file),
        Some(Packing::Gzip) => Box::new(MultiGzDecoder::new(BufReader::new(file))),
        Some(Packing::Zstd) => {
            let mut decoder = zstd::Decoder::new(file).map_err(EncoderError::read(path))?;
            decoder
                .window_log_max(LARGEST_WINDOW)
                .map_err(EncoderError::read(path))?;
            Box::new(decoder)
        }
    };
    Ok(BufReader::new(reader))
}

/// The whole text of a file, unpacked as its name says.
///
/// # Errors
/// A file that cannot be read or unpacked, or is not UTF-8.
pub(crate) fn text(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(EncoderError::read(path))?;
    let mut text = String::new();
    bytes(path, file)?
        .read_to_string(&mut text)
        .map_err(EncoderError::read(path))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::tables::open;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_tables_have_the_rows_of_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"id\":\"a\",\"text\":\"gout\"}\n{\"id\":\"b\",\"text\":\"asthma\"}\n";
        let table = "id,text\na,gout\nb,asthma\n";
        // As `cat one.gz two.gz` makes it.
        let halves = lines.split_inclusive('\n').flat_map(gzip).collect();
        for (name, packed) in [
            ("c.jsonl.gz", halves),
            ("c.jsonl.zst", zstd::encode_all(lines.as_bytes(), 3).unwrap()),
            ("C.CSV.GZ", gzip(table)),
            ("c.csv.zst", zstd::encode_all(table.as_bytes(), 3).unwrap()),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, packed).unwrap();
            let rows: Vec<_> = open(&path).unwrap().map(Result::unwrap).collect();
            let texts: Vec<_> = rows
                .iter()
                .map(|row| row.values["text"].as_str().unwrap())
                .collect();
            assert_eq!(texts, ["gout", "asthma"], "{name}");
            assert!(text(&path).unwrap().contains("asthma"), "{name}");
            assert_eq!(
                unpacked_name(&path).file_stem().unwrap().to_ascii_lowercase(),
                "c"
            );
        }
    }

    /// As `zstd --long` packs.
    #[test]
    fn a_window_longer_than_the_librarys_own_limit_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl.zst");
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(28).unwrap();
        encoder.write_all(b"{\"text\":\"gout\"}\n").unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        let rows: Vec<_> = open(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows[0].values["text"].as_str(), Some("gout"));
    }

    #[test]
    fn what_is_cut_or_packed_otherwise_is_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let whole = gzip(&"{\"text\":\"gout\"}\n".repeat(9));
        for (name, bytes) in [
            ("cut.jsonl.gz", &whole[..whole.len() - 4]),
            ("plain.jsonl.gz", b"{\"text\":\"gout\"}\n"),
            ("plain.jsonl.zst", b"{\"text\":\"gout\"}\n"),
            ("packed.parquet.gz", &whole),
            ("empty.jsonl.gz", &gzip("")),
            ("notes.gz", &whole),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let rows = open(&path).and_then(|rows| rows.collect::<Result<Vec<_>>>());
            let error = rows.err().unwrap().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
