//! The ids of the documents as JSON Lines, for files that have room for numbers only.

use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;

use super::aside::Aside;
use super::{STRIDE, advance};
use crate::build::Observer;
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;

/// Writes `{"id": …}` for each document; the file is still to be [finished](Aside::finish).
pub(super) fn write(reader: &IndexReader, out: &Path, observer: &mut dyn Observer) -> Result<Aside> {
    let aside = Aside::create(out)?;
    let mut to = BufWriter::with_capacity(1 << 20, aside.file());
    for (number, row) in reader.live_rows().enumerate() {
        let id = json!({"id": reader.document(row)?.id});
        writeln!(to, "{id}").map_err(IndexError::write(out))?;
        if number.is_multiple_of(STRIDE) {
            advance(observer, 0)?;
        }
    }
    to.flush().map_err(IndexError::write(out))?;
    drop(to);
    Ok(aside)
}
