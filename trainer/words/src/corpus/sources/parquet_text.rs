//! A Parquet column of strings as lines of text.

use std::fs::File;
use std::io::{Error, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use encoder::EncoderError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use crate::error::{Result, WordsError};

/// Text decoded at a time, by the file's mean length of a row.
const BATCH_BYTES: u64 = 4 << 20;

/// Reads as the column's rows, each closed by a line break; nulls are empty.
pub(super) struct ParquetText {
    batches: ParquetRecordBatchReader,
    rows: u64,
    rows_read: u64,
    file_bytes: u64,
    /// Where reading is in the file, estimated by rows.
    position: Arc<AtomicU64>,
    lines: Vec<u8>,
    at: usize,
}

/// Opens a column; only this column's pages are read.
pub(super) fn open(path: &Path, file: File, column: &str, position: Arc<AtomicU64>) -> Result<ParquetText> {
    let file_bytes = file.metadata().map_err(WordsError::read(path))?.len();
    // The Arrow schema that some writers embed is skipped: without it every string type and every dictionary
    // of strings comes out as plain strings.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| damaged(path, &error))?;
    let fields = builder.schema().fields();
    let Some((index, field)) = fields.find(column) else {
        return Err(WordsError::File(EncoderError::MissingColumn {
            path: path.to_owned(),
            column: column.to_owned(),
            available: fields.iter().map(|field| field.name().clone()).collect(),
            help: "name the column that holds the text".to_owned(),
        }));
    };
    if !matches!(field.data_type(), DataType::Utf8 | DataType::Binary) {
        return Err(WordsError::format(
            path,
            format!("strings in the column {column}"),
            field.data_type().to_string(),
            "name the column that holds the text",
        ));
    }
    let metadata = builder.metadata();
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    let bytes: i64 = metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns())
        .filter(|leaf| {
            leaf.column_path()
                .parts()
                .first()
                .is_some_and(|root| root == column)
        })
        .map(|leaf| leaf.uncompressed_size())
        .sum();
    let mean_bytes = u64::try_from(bytes).unwrap_or(0) / rows.max(1) + 1;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
    let batches = builder
        .with_projection(mask)
        .with_batch_size((BATCH_BYTES / mean_bytes).clamp(1, 8192) as usize)
        .build()
        .map_err(|error| damaged(path, &error))?;
    Ok(ParquetText {
        batches,
        rows,
        rows_read: 0,
        file_bytes,
        position,
        lines: Vec::new(),
        at: 0,
    })
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> WordsError {
    WordsError::format(
        path,
        "a Parquet file",
        format!("a damaged one ({error})"),
        "fetch or make it again",
    )
}

impl ParquetText {
    /// Decodes the next rows; false behind the last.
    fn decode(&mut self) -> std::io::Result<bool> {
        let Some(batch) = self.batches.next() else {
            return Ok(false);
        };
        let first = self.rows_read + 1;
        let batch = batch.map_err(|error| Error::other(format!("{error}, in row {first} or behind it")))?;
        self.lines.clear();
        self.at = 0;
        let column = batch.column(0);
        match column.data_type() {
            DataType::Utf8 => {
                self.push_rows(column.as_string::<i32>().iter().map(|row| row.map(str::as_bytes)))
            }
            _ => self.push_rows(column.as_binary::<i32>().iter()),
        }
        self.rows_read += batch.num_rows() as u64;
        let share = self.rows_read as f64 / self.rows.max(1) as f64;
        let position = (share * self.file_bytes as f64) as u64;
        self.position.store(position, Ordering::Relaxed);
        Ok(true)
    }

    fn push_rows<'a>(&mut self, rows: impl Iterator<Item = Option<&'a [u8]>>) {
        for row in rows {
            self.lines.extend_from_slice(row.unwrap_or_default());
            self.lines.push(b'\n');
        }
    }
}

impl Read for ParquetText {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.lines.len() {
            if !self.decode()? {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.lines.len() - self.at);
        buffer[..count].copy_from_slice(&self.lines[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
