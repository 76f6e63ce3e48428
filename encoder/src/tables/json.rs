//! JSON Lines (streamed) and a JSON array of objects (read whole).

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::packed::Bytes;
use super::{BYTE_ORDER_MARK, Row, Rows};
use crate::{EncoderError, Result};

pub(super) fn open_lines(path: &Path, bytes: Bytes) -> Result<Rows> {
    let mut lines = Lines {
        path: path.to_owned(),
        reader: bytes,
        line: Vec::new(),
        number: 0,
    };
    let first = lines
        .next()
        .transpose()?
        .ok_or_else(|| no_rows(path, "empty lines alone"))?;
    let columns = first.values.keys().cloned().collect();
    let rows = Box::new(std::iter::once(Ok(first)).chain(lines));
    Ok(Rows {
        path: path.to_owned(),
        columns,
        left_out: Vec::new(),
        total: None,
        rows,
    })
}

/// One object a line. The number of a row is its line, so that an editor finds it.
struct Lines {
    path: PathBuf,
    reader: Bytes,
    line: Vec<u8>,
    number: u64,
}

impl Iterator for Lines {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            self.number += 1;
            match self.reader.read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(source) => {
                    return Some(Err(EncoderError::Read {
                        path: self.path.clone(),
                        source,
                    }));
                }
            }
            let line = if self.number == 1 {
                without_bom(&self.line)
            } else {
                &self.line
            };
            if !line.trim_ascii().is_empty() {
                return Some(parse(&self.path, self.number, line.trim_ascii_end()));
            }
        }
    }
}

fn parse(path: &Path, number: u64, line: &[u8]) -> Result<Row> {
    let bad = |found: String| EncoderError::Row {
        path: path.to_owned(),
        row: number,
        expected: "one JSON object in UTF-8".into(),
        found,
        help: "correct that line".into(),
    };
    let text = std::str::from_utf8(line)
        .map_err(|error| bad(format!("a byte at {} that is not UTF-8", error.valid_up_to())))?;
    let Object(values) =
        serde_json::from_str(text).map_err(|error| bad(format!("something else ({})", in_a_line(&error))))?;
    Ok(Row::new(number, values))
}

/// The error without the number of the line, which is always its first one.
fn in_a_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// An object without a key that is there twice, of which serde_json would keep the last.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Object, A::Error> {
                let mut values = Map::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if values.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key {key:?} twice")));
                    }
                    values.insert(key, value);
                }
                Ok(Object(values))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

pub(super) fn open_array(path: &Path, mut packed: Bytes) -> Result<Rows> {
    let mut bytes = Vec::new();
    packed.read_to_end(&mut bytes).map_err(EncoderError::read(path))?;
    let objects: Vec<Object> = serde_json::from_slice(without_bom(&bytes)).map_err(|error| {
        EncoderError::format(
            path,
            "a JSON array of objects",
            format!("something else ({error})"),
            "for one object a line, name the file .jsonl",
        )
    })?;
    let first = objects.first().ok_or_else(|| no_rows(path, "an empty array"))?;
    let columns = first.0.keys().cloned().collect();
    let total = Some(objects.len() as u64);
    let rows = Box::new(
        (1..)
            .zip(objects)
            .map(|(number, Object(values))| Ok(Row::new(number, values))),
    );
    Ok(Rows {
        path: path.to_owned(),
        columns,
        left_out: Vec::new(),
        total,
        rows,
    })
}

fn no_rows(path: &Path, found: &str) -> EncoderError {
    EncoderError::format(path, "rows", found, "give a file with rows")
}

fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(bytes)
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
    fn reads_lines_and_arrays_alike() {
        let lines = rows("a.jsonl", b"\xef\xbb\xbf{\"a\":1}\n\n{\"a\":2}").unwrap();
        let array = rows("a.json", b"[{\"a\":1},{\"a\":2}]").unwrap();
        assert_eq!(lines.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(array[1].values, lines[1].values);
    }

    #[test]
    fn files_without_a_row_say_so() {
        for (name, bytes, found) in [
            ("a.json", " []\n", "an empty array"),
            ("a.jsonl", "\n \n", "empty lines alone"),
        ] {
            let error = rows(name, bytes.as_bytes()).unwrap_err().to_string();
            assert!(
                error.contains(&format!("expected rows, found {found}")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_not_overwritten() {
        for (name, bytes) in [
            ("a.jsonl", "{\"a\":1}\n{\"a\":1,\"b\":2,\"a\":3}\n"),
            ("a.json", "[{\"a\":1,\"a\":3}]"),
        ] {
            let error = rows(name, bytes.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("the key \"a\" twice"), "{error}");
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let error = rows("a.jsonl", b"{\"a\":1}\n{\"a\":\n").unwrap_err().to_string();
        assert!(
            error.contains("row 2") && error.contains("EOF") && error.contains("at column 5"),
            "{error}"
        );
        assert!(!error.contains("line 1"), "{error}");
        let error = rows("a.jsonl", b"{\"a\":1}\n{\"a\":\"\xff\"}\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2") && error.contains("UTF-8"), "{error}");
        assert!(
            rows("a.json", b"{\"a\":1}")
                .unwrap_err()
                .to_string()
                .contains("array")
        );
    }
}
