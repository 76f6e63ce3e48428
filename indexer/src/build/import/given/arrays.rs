//! Files that hold nothing but numbers: NumPy's `.npy`, and `.fvecs` and `.fbin` of the benchmarks of this field.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use encoder::EncoderError;
use half::f16;

use super::Taken;
use crate::error::{IndexError, Result};

/// Numbers in a row that are believed: more is a file of something else.
const MOST_NUMBERS: usize = 1 << 20;

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Half,
    Single,
    Double,
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Kind::Half => 2,
            Kind::Single => 4,
            Kind::Double => 8,
        }
    }

    fn read(self, bytes: &[u8], into: &mut Vec<f32>) {
        into.clear();
        match self {
            Kind::Half => into.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|x| f16::from_le_bytes(*x).to_f32()),
            ),
            Kind::Single => into.extend(bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x))),
            Kind::Double => into.extend(bytes.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x) as f32)),
        }
    }
}

struct Source<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    /// Bytes of the whole file.
    length: u64,
}

impl<'a> Source<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(IndexError::read(path))?;
        let length = file.metadata().map_err(IndexError::read(path))?.len();
        Ok(Self {
            path,
            reader: BufReader::with_capacity(1 << 20, file),
            length,
        })
    }

    /// Fills `bytes`; an error that says `what` was expected where the file ends before.
    fn fill(&mut self, bytes: &mut [u8], what: &str) -> Result<()> {
        match self.reader.read_exact(bytes) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                self.refuse(what, "the end of the file")
            }
            Err(error) => Err(IndexError::read(self.path)(error)),
        }
    }

    fn number(&mut self, what: &str) -> Result<u32> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, what)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn refuse<T>(&self, expected: &str, found: impl Into<String>) -> Result<T> {
        let help = "check the file's name or make it again";
        Err(EncoderError::format(self.path, expected, found, help).into())
    }

    /// Reads `rows` rows of `columns` numbers, which are the rest of the file after `start` bytes.
    fn rows(
        &mut self,
        start: u64,
        (rows, columns): (u64, u64),
        kind: Kind,
        taken: &mut Taken<'_>,
    ) -> Result<()> {
        let row_bytes = columns.checked_mul(kind.bytes() as u64);
        let expected = row_bytes
            .and_then(|bytes| bytes.checked_mul(rows))
            .and_then(|bytes| bytes.checked_add(start));
        if expected != Some(self.length) || columns == 0 || columns > MOST_NUMBERS as u64 {
            let expected = format!("{rows} rows of {columns} numbers of {} bytes", kind.bytes());
            return self.refuse(&expected, format!("{} bytes", self.length));
        }
        taken.begin(Some(rows))?;
        let mut bytes = vec![0; columns as usize * kind.bytes()];
        let mut numbers = Vec::with_capacity(columns as usize);
        for _ in 0..rows {
            self.fill(&mut bytes, "another row")?;
            kind.read(&bytes, &mut numbers);
            taken.push(&numbers)?;
        }
        Ok(())
    }
}

/// `.fbin`: the rows and the numbers in a row as `u32`, then `f32`.
pub(super) fn read_fbin(path: &Path, taken: &mut Taken<'_>) -> Result<()> {
    let mut source = Source::open(path)?;
    let rows = source.number("a header of 8 bytes")?;
    let columns = source.number("a header of 8 bytes")?;
    source.rows(8, (rows.into(), columns.into()), Kind::Single, taken)
}

/// `.fvecs`: each row is its length as `u32`, then `f32`.
pub(super) fn read_fvecs(path: &Path, taken: &mut Taken<'_>) -> Result<()> {
    let mut source = Source::open(path)?;
    taken.begin(None)?;
    let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
    let mut read = 0;
    while read < source.length {
        let columns = source.number("the length of a row")? as usize;
        if columns == 0 || columns > MOST_NUMBERS {
            return taken.refuse(&format!(
                "expected a length of 1 to {MOST_NUMBERS} numbers, found {columns}"
            ));
        }
        bytes.resize(4 * columns, 0);
        source.fill(&mut bytes, &format!("a row of {columns} numbers"))?;
        Kind::Single.read(&bytes, &mut numbers);
        taken.push(&numbers)?;
        read += 4 + 4 * columns as u64;
    }
    Ok(())
}

/// NumPy's format, versions 1 to 3: two dimensions, C order, little-endian floats.
pub(super) fn read_npy(path: &Path, taken: &mut Taken<'_>) -> Result<()> {
    let mut source = Source::open(path)?;
    let mut start = [0; 8];
    source.fill(&mut start, "NumPy's header")?;
    if !start.starts_with(b"\x93NUMPY") {
        return source.refuse("NumPy's header", "another");
    }
    let (length, before) = if start[6] == 1 {
        let mut bytes = [0; 2];
        source.fill(&mut bytes, "NumPy's header")?;
        (u32::from(u16::from_le_bytes(bytes)), 10)
    } else {
        (source.number("NumPy's header")?, 12)
    };
    if u64::from(length) > source.length {
        return source.refuse("NumPy's header", format!("one of {length} bytes"));
    }
    let mut text = vec![0; length as usize];
    source.fill(&mut text, "NumPy's header")?;
    let text = String::from_utf8_lossy(&text).into_owned();
    match array(&text) {
        Some((kind, shape)) => source.rows(before + u64::from(length), shape, kind, taken),
        None => Err(EncoderError::format(
            path,
            "an array of two dimensions in C order of float16, float32 or float64",
            text.trim(),
            "with a row for each document, save it with numpy.save(FILE, numpy.ascontiguousarray(ARRAY, '<f4'))",
        )
        .into()),
    }
}

/// Kind of number and shape of the array that a header describes; none for arrays that are not read here.
fn array(header: &str) -> Option<(Kind, (u64, u64))> {
    let value = |name: &str| {
        let rest = &header[header.find(&format!("'{name}':"))? + name.len() + 3..];
        Some(rest.trim_start())
    };
    let kind = match value("descr")?.get(..5)? {
        "'<f2'" => Kind::Half,
        "'<f4'" => Kind::Single,
        "'<f8'" => Kind::Double,
        _ => return None,
    };
    let shape = value("shape")?.strip_prefix('(')?;
    let mut sizes = shape[..shape.find(')')?]
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let (rows, columns) = (sizes.next()?.parse().ok()?, sizes.next()?.parse().ok()?);
    let is_read = sizes.next().is_none() && value("fortran_order")?.starts_with("False");
    is_read.then_some((kind, (rows, columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_arrays_are_read() {
        let header = |kind: &str, order: &str, shape: &str| {
            array(&format!(
                "{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n"
            ))
        };
        assert_eq!(header("<f4", "False", "(3, 384)"), Some((Kind::Single, (3, 384))));
        assert_eq!(header("<f2", "False", "(1, 2)"), Some((Kind::Half, (1, 2))));
        for (kind, order, shape) in [
            ("<f4", "True", "(3, 4)"),
            (">f4", "False", "(3, 4)"),
            ("<i8", "False", "(3, 4)"),
            ("<f8", "False", "(3,)"),
            ("<f8", "False", "(3, 4, 5)"),
            ("<f8", "False", "(3, -4)"),
            ("<f8", "False", ""),
        ] {
            assert_eq!(header(kind, order, shape), None, "{kind} {order} {shape}");
        }
        assert_eq!(array(""), None);
    }
}
