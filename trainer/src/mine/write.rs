//! The mined pairs as Parquet.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use encoder::vectors::Neighbor;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::contrastive::pairs::Pairs;
use crate::error::{Result, TrainError};

/// Column of the questions.
pub const ANCHOR: &str = "anchor";

/// Column of their right answers.
pub const POSITIVE: &str = "positive";

/// Name of the note on what the file was mined by.
const MINED_BY: &str = "sextant.mined_by";

/// Rows that are made into a table at a time, and rows that a reader has to hold.
const ROWS: usize = 8192;

/// Column of the negatives with this number, counted from 1, the hardest.
pub fn negative(number: usize) -> String {
    format!("negative_{number}")
}

/// The note that was given to the file when it was written; `None` where there is none, or no whole file.
pub fn mined_by(path: &Path) -> Option<String> {
    let reader = SerializedFileReader::new(File::open(path).ok()?).ok()?;
    let notes = reader.metadata().file_metadata().key_value_metadata()?;
    notes.iter().find(|note| note.key == MINED_BY)?.value.clone()
}

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
    /// A note to keep in the file.
    pub mined_by: Option<&'a str>,
}

/// Says before any work that the file cannot be where it is asked for.
///
/// # Errors
/// The file is there and `force` is not set, or it is no file; its folder is not there; its name is not that of Parquet.
pub fn check_place(path: &Path, force: bool) -> Result<()> {
    if path.extension().is_none_or(|ending| ending != "parquet") {
        return Err(TrainError::Output(format!(
            "{}: expected a name that ends in .parquet, which is what is written; choose another --out",
            path.display()
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(TrainError::Output(format!(
            "{}: the folder {} is not there; make it, or choose another --out",
            path.display(),
            folder.display()
        )));
    }
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
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let aside = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let written = self.write_file(&aside, rows).and_then(|()| {
            fs::rename(&aside, path).map_err(TrainError::io(path, "move the finished file here"))
        });
        if written.is_err() {
            // The run is failing already.
            let _ = fs::remove_file(&aside);
        }
        written
    }

    fn write_file(&self, path: &Path, rows: &[Mined]) -> Result<()> {
        let refused = |error: &dyn std::error::Error| {
            TrainError::Output(format!("{}: cannot write the file: {error}", path.display()))
        };
        let note = self
            .mined_by
            .map(|text| vec![KeyValue::new(MINED_BY.to_owned(), text.to_owned())]);
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(ROWS))
            .set_key_value_metadata(note)
            .build();
        let file = File::create(path).map_err(TrainError::io(path, "create the file"))?;
        let schema = self.batch(&[]).map_err(|error| refused(&error))?.schema();
        let mut writer =
            ArrowWriter::try_new(file, schema, Some(properties)).map_err(|error| refused(&error))?;
        for rows in rows.chunks(ROWS) {
            let batch = self.batch(rows).map_err(|error| refused(&error))?;
            writer.write(&batch).map_err(|error| refused(&error))?;
        }
        let file = writer.into_inner().map_err(|error| refused(&error))?;
        file.sync_all().map_err(TrainError::io(path, "write the file"))
    }

    fn batch(&self, rows: &[Mined]) -> Result<RecordBatch, arrow::error::ArrowError> {
        let text = |number: u32| self.pairs.text(number);
        let strings = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let numbers = |values: Vec<f32>| Arc::new(Float32Array::from(values)) as ArrayRef;
        let column = |place: usize| {
            rows.iter()
                .map(|row| text(self.pairs.row(row.pair)[place]))
                .collect()
        };
        let mut columns = vec![
            (ANCHOR.to_owned(), strings(column(0))),
            (POSITIVE.to_owned(), strings(column(1))),
        ];
        for place in 0..self.negatives {
            let texts = rows
                .iter()
                .map(|row| self.texts[&row.negatives[place].row].as_str());
            columns.push((negative(place + 1), strings(texts.collect())));
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
