//! NumPy's format for arrays, version 1.0.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::aside::Aside;
use super::{STRIDE, advance};
use crate::build::Observer;
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;

/// The numbers start on a multiple of this.
const ALIGNMENT: usize = 64;

/// Writes the vectors; the file is still to be [finished](Aside::finish).
pub(super) fn write(reader: &IndexReader, out: &Path, observer: &mut dyn Observer) -> Result<Aside> {
    let aside = Aside::create(out)?;
    let mut to = BufWriter::with_capacity(1 << 20, aside.file());
    let header = header(reader.len(), reader.manifest().dimension);
    to.write_all(&header).map_err(IndexError::write(out))?;
    for (number, row) in (1_usize..).zip(reader.live_rows()) {
        let vector = bytemuck::cast_slice(reader.vector(row)?);
        to.write_all(vector).map_err(IndexError::write(out))?;
        if number.is_multiple_of(STRIDE) {
            advance(observer, STRIDE)?;
        }
    }
    to.flush().map_err(IndexError::write(out))?;
    drop(to);
    Ok(aside)
}

/// The header of an array of `f32` of shape `(rows, columns)`.
fn header(rows: usize, columns: usize) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let before = b"\x93NUMPY\x01\x00".len() + 2;
    let whole = (before + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', whole - before - text.len() - 1));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_numpy_writes() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 384), }";
        let expected = [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:<117}\n").as_bytes()].concat();
        assert_eq!(header(3, 384), expected);
        for rows in [0, 1, 1 << 31] {
            assert_eq!(header(rows, 1).len() % ALIGNMENT, 0);
        }
    }
}
