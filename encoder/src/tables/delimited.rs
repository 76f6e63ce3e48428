//! CSV and TSV with a header line.

use std::fs::File;
use std::path::Path;

use serde_json::Value;

use super::{Row, Rows};
use crate::{EncoderError, Result};

pub(super) fn open(path: &Path, file: File, delimiter: u8) -> Result<Rows> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader.headers().map_err(|error| bad_record(path, 0, &error))?;
    // `csv` drops a byte order mark itself.
    let columns: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    for (i, column) in columns.iter().enumerate() {
        if column.is_empty() || columns[..i].contains(column) {
            let found = if column.is_empty() {
                "one without".into()
            } else {
                format!("{column:?} twice")
            };
            return Err(EncoderError::format(
                path,
                "a header line that names each column",
                found,
                "correct the first line",
            ));
        }
    }
    let (path, names) = (path.to_owned(), columns.clone());
    let file_path = path.clone();
    let rows = Box::new((1..).zip(reader.into_records()).map(move |(number, record)| {
        let record = record.map_err(|error| bad_record(&file_path, number, &error))?;
        let values = record.iter().map(|cell| Value::String(cell.to_owned()));
        Ok(Row {
            number,
            values: names.iter().cloned().zip(values).collect(),
        })
    }));
    Ok(Rows {
        path,
        columns,
        total: None,
        rows,
    })
}

fn bad_record(path: &Path, row: u64, error: &csv::Error) -> EncoderError {
    let found = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} cells where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "bytes that are not UTF-8".into(),
        _ => error.to_string(),
    };
    EncoderError::Row {
        path: path.to_owned(),
        row,
        expected: "a record in UTF-8 with a cell for each column".into(),
        found,
        help: "correct that row; cells with separators or line breaks need quotes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::open;
    use super::*;

    fn rows(name: &str, bytes: &[u8]) -> Result<Vec<Row>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        open(&path)?.collect()
    }

    #[test]
    fn quotes_and_tabs_are_understood() {
        let found = rows("a.csv", b"\xef\xbb\xbfid,text\n1,\"a, b\nc\"\n").unwrap();
        assert_eq!(found[0].values["text"], "a, b\nc");
        assert_eq!(
            rows("a.tsv", b"id\ttext\n1\ta, b\n").unwrap()[0].values["text"],
            "a, b"
        );
    }

    #[test]
    fn ragged_rows_bad_bytes_and_bad_headers_are_named() {
        for (bytes, word) in [
            (&b"id,text\n1\n"[..], "row 1"),
            (b"id,text\n1,x\n2,\xff\n", "row 2"),
            (b"id,id\n1,x\n", "twice"),
        ] {
            let error = rows("a.csv", bytes).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
