//! CSV and TSV with a header line.

mod quotes;

use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use self::quotes::{BadQuote, Checked};
use super::packed::Bytes;
use super::{BYTE_ORDER_MARK, Row, Rows};
use crate::{EncoderError, Result};

pub(super) fn open(path: &Path, mut bytes: Bytes, delimiter: u8) -> Result<Rows> {
    let start = bytes.fill_buf().map_err(EncoderError::read(path))?;
    if start.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        bytes.consume(BYTE_ORDER_MARK.len());
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(Checked::new(bytes, delimiter));
    let header = reader.headers().map_err(|error| bad_record(path, 0, error))?;
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
        let record = record.map_err(|error| bad_record(&file_path, number, error))?;
        let values = record.iter().map(|cell| Value::String(cell.to_owned()));
        Ok(Row::new(number, names.iter().cloned().zip(values).collect()))
    }));
    Ok(Rows {
        path,
        columns,
        left_out: Vec::new(),
        total: None,
        rows,
    })
}

fn bad_record(path: &Path, row: u64, error: csv::Error) -> EncoderError {
    let found = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} cells where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "bytes that are not UTF-8".into(),
        _ => error.to_string(),
    };
    match error.into_kind() {
        csv::ErrorKind::Io(error) => match error.downcast::<BadQuote>() {
            Ok(bad) => bad_quote(path, &bad),
            Err(source) => EncoderError::read(path)(source),
        },
        _ => EncoderError::Row {
            path: path.to_owned(),
            row,
            expected: "a record in UTF-8 with a cell for each column".into(),
            found,
            help: "correct that row; cells with separators or line breaks need quotes".into(),
        },
    }
}

fn bad_quote(path: &Path, bad: &BadQuote) -> EncoderError {
    let mut expected = format!(
        "a closing quote for the cell whose quote opens in line {}",
        bad.opened
    );
    let found = match bad.followed {
        None => "the end of the file",
        Some(line) => {
            expected += &format!(", and after the one in line {line} a separator or the line's end");
            "more text"
        }
    };
    let help = "close the quote; one that belongs to the text is written twice, in a cell that is in quotes";
    EncoderError::format(path, expected, found, help)
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

    #[test]
    fn quotes_that_are_closed_are_understood_wherever_they_stand() {
        let texts = |bytes: &[u8]| -> Vec<Value> {
            let found = rows("a.csv", bytes).unwrap();
            found.into_iter().map(|row| row.values["text"].clone()).collect()
        };
        assert_eq!(
            texts(b"id,text\n1,\"a\n\nb \"\"c\"\"\"\n2,d"),
            ["a\n\nb \"c\"", "d"]
        );
        assert_eq!(texts(b"id,text\r\n1,\"a\r\nb\"\r\n2,\"d\""), ["a\r\nb", "d"]);
        assert_eq!(texts(b"id,text\n1,5\" nails\n2,\"\"\n"), ["5\" nails", ""]);
        assert_eq!(texts(b"\xef\xbb\xbf\"id\",\"text\"\n1,\"\"\"\"\n"), ["\""]);
        let long = "line, \"\"word\"\"\n".repeat(5000);
        let found = texts(format!("id,text\n1,\"{long}\"\n").as_bytes());
        assert_eq!(found, [long.replace("\"\"", "\"")]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_named_by_the_line_in_which_it_opens() {
        let rest = "8,text\n".repeat(5000);
        for (name, bytes, line, found) in [
            (
                "a.csv",
                "id,text\n1,\"x\ny\"\n2,\"Fever.\n3,z\n",
                4,
                "end of the file",
            ),
            ("a.csv", "id,text\n1,\"", 2, "end of the file"),
            ("a.csv", "id,\"text\n1,x\n", 1, "end of the file"),
            (
                "a.tsv",
                "id\ttext\r\n1\t\"Fever.\r\n2\tx\r\n",
                2,
                "end of the file",
            ),
            ("a.csv", &format!("id,text\n7,\"x\n{rest}"), 2, "end of the file"),
            ("a.csv", "id,text\n1,\"Fever.\n2,\"Cough.\"\n", 2, "line 3"),
            ("a.csv", "id,text\n1,\"a \"word\" here\"\n", 2, "more text"),
        ] {
            let error = rows(name, bytes.as_bytes()).unwrap_err().to_string();
            let line = format!("opens in line {line},");
            assert!(error.contains(&line) && error.contains(found), "{error}");
        }
    }
}
