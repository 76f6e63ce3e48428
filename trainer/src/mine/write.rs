//! The mined pairs as Parquet.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use encoder::vectors::Neighbor;
use parquet::arrow::ArrowWriter;

use crate::contrastive::pairs::Pairs;
use crate::error::{Result, TrainError};

/// A pair with its hard negatives.
pub struct Mined {
    /// Its number.
    pub pair: u32,
    /// Cosine of its question and answer.
    pub positive: f32,
    /// Rows and cosines of the negatives, hardest first.
    pub negatives: Vec<Neighbor>,
}

/// What the rows' numbers stand for.
pub struct Writer<'a> {
    /// The pairs.
    pub pairs: &'a Pairs,
    /// Texts by their rows.
    pub texts: &'a HashMap<u32, String>,
    /// Negatives of each pair.
    pub negatives: usize,
}

/// Says before any work that a file is in the way.
///
/// # Errors
/// The file is there and `force` is not set, or it is no file.
pub fn check_free(path: &Path, force: bool) -> Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Err(TrainError::Output(format!(
            "{}: is a folder; name a file",
            path.display()
        ))),
        Ok(_) if !force => Err(TrainError::Output(format!(
            "{}: is there already; replace it with --force, or choose another --out",
            path.display()
        ))),
        _ => Ok(()),
    }
}

impl Writer<'_> {
    /// Writes the rows aside and moves the file to its place.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path, rows: &[Mined]) -> Result<()> {
        let batch = self.batch(rows).map_err(|error| failed(path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let aside = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let written = write(&aside, &batch).and_then(|()| {
            fs::rename(&aside, path).map_err(TrainError::io(path, "move the finished file here"))
        });
        if written.is_err() {
            // The run is failing already.
            let _ = fs::remove_file(&aside);
        }
        written
    }

    fn batch(&self, rows: &[Mined]) -> Result<RecordBatch, arrow::error::ArrowError> {
        let text = |number: u32| &*self.pairs.texts()[number as usize];
        let strings = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let numbers = |values: Vec<f32>| Arc::new(Float32Array::from(values)) as ArrayRef;
        let column = |place: usize| {
            rows.iter()
                .map(|row| text(self.pairs.row(row.pair)[place]))
                .collect()
        };
        let mut columns = vec![
            ("anchor".to_owned(), strings(column(0))),
            ("positive".to_owned(), strings(column(1))),
        ];
        for place in 0..self.negatives {
            let texts = rows
                .iter()
                .map(|row| self.texts[&row.negatives[place].row].as_str());
            columns.push((format!("negative_{}", place + 1), strings(texts.collect())));
        }
        let positives = rows.iter().map(|row| row.positive).collect();
        columns.push(("score_positive".to_owned(), numbers(positives)));
        for place in 0..self.negatives {
            let scores = rows.iter().map(|row| row.negatives[place].score).collect();
            columns.push((format!("score_negative_{}", place + 1), numbers(scores)));
        }
        RecordBatch::try_from_iter(columns)
    }
}

fn write(path: &Path, batch: &RecordBatch) -> Result<()> {
    let file = File::create(path).map_err(TrainError::io(path, "create the file"))?;
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), None).map_err(|error| failed(path, &error))?;
    writer.write(batch).map_err(|error| failed(path, &error))?;
    let file = writer.into_inner().map_err(|error| failed(path, &error))?;
    file.sync_all().map_err(TrainError::io(path, "write the file"))
}

fn failed(path: &Path, error: &dyn std::error::Error) -> TrainError {
    TrainError::Output(format!("{}: cannot write the file: {error}", path.display()))
}
