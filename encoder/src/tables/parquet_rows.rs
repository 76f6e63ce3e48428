//! Parquet, read row group by row group.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
use arrow::error::ArrowError;
use arrow::json::writer::{JsonArray, WriterBuilder};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::{Map, Value};

use super::{Row, Rows, Vectors};
use crate::{EncoderError, Result};

/// Rows decoded at a time: enough to be fast, few enough to stay small in memory.
const BATCH_ROWS: usize = 1024;

/// Whether a column holds vectors: lists of floats.
pub fn is_vector(kind: &DataType) -> bool {
    match kind {
        DataType::FixedSizeList(item, _) | DataType::List(item) | DataType::LargeList(item) => {
            item.data_type().is_floating()
        }
        _ => false,
    }
}

pub(super) fn open(path: &Path, file: File, vectors: Vectors) -> Result<Rows> {
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| not_parquet(path, &error))?;
    let fields = builder.schema().fields().clone();
    let (out, kept): (Vec<usize>, Vec<usize>) =
        (0..fields.len()).partition(|&i| vectors == Vectors::LeaveOut && is_vector(fields[i].data_type()));
    let name = |i: usize| fields[i].name().clone();
    if let Some(twice) = (0..fields.len()).find(|&i| (0..i).any(|other| name(other) == name(i))) {
        return Err(EncoderError::format(
            path,
            "columns with names of their own",
            format!("{:?} twice", name(twice)),
            "rename or leave out one of them",
        ));
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), kept);
    let total = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| not_parquet(path, &error))?;
    let rows = Batches {
        path: path.to_owned(),
        reader,
        read: 0,
        batch: Vec::new().into_iter(),
        failed: false,
    };
    Ok(Rows {
        path: path.to_owned(),
        columns: (0..fields.len()).map(name).collect(),
        left_out: out.into_iter().map(name).collect(),
        total,
        rows: Box::new(rows),
    })
}

fn not_parquet(path: &Path, error: &dyn std::fmt::Display) -> EncoderError {
    EncoderError::format(
        path,
        "a Parquet file",
        format!("something else or a damaged one ({error})"),
        "check the file's name or make it again",
    )
}

/// Walks the record batches and hands out their rows.
struct Batches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    /// Rows read in earlier batches.
    read: u64,
    batch: std::vec::IntoIter<Row>,
    failed: bool,
}

impl Batches {
    fn damaged(&mut self, error: &dyn std::fmt::Display) -> EncoderError {
        self.failed = true;
        EncoderError::Row {
            path: self.path.clone(),
            row: self.read + 1,
            expected: "rows that can be decoded from here on".into(),
            found: format!("damaged data ({error})"),
            help: "make the file again".into(),
        }
    }

    fn rows_of(&mut self, batch: &RecordBatch) -> Result<Vec<Row>> {
        let text = bytes_as_text(batch).map_err(|error| self.damaged(&error))?;
        let objects = json_objects(&text).map_err(|error| self.damaged(&error))?;
        let lost = lost_values(batch, &text).map_err(|error| self.damaged(&error))?;
        let first = self.read + 1;
        self.read += batch.num_rows() as u64;
        let mut rows: Vec<Row> = (first..)
            .zip(objects)
            .map(|(number, values)| Row::new(number, values))
            .collect();
        for (row, column, what) in lost {
            rows[row].lost.push((column, what));
        }
        Ok(rows)
    }
}

impl Iterator for Batches {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(Ok(row));
            }
            if self.failed {
                return None;
            }
            let rows = match self.reader.next()? {
                Ok(batch) => self.rows_of(&batch),
                Err(error) => Err(self.damaged(&error)),
            };
            match rows {
                Ok(rows) => self.batch = rows.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn is_bytes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// The batch with columns of bytes as text, because some writers mark text as bytes; a value that is not
/// UTF-8 becomes null. Times of a named zone are those of UTC, as which they are stored.
fn bytes_as_text(batch: &RecordBatch) -> std::result::Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let columns = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            let column = match field.data_type() {
                kind if is_bytes(kind) => cast(column, &DataType::Utf8)?,
                DataType::Timestamp(unit, Some(_)) => in_utc(column, *unit)?,
                _ => Arc::clone(column),
            };
            Ok((field.name().clone(), column))
        });
    RecordBatch::try_from_iter(columns.collect::<std::result::Result<Vec<_>, ArrowError>>()?)
}

fn in_utc(times: &ArrayRef, unit: TimeUnit) -> std::result::Result<ArrayRef, ArrowError> {
    let kind = DataType::Timestamp(unit, Some("+00:00".into()));
    Ok(make_array(
        times.to_data().into_builder().data_type(kind).build()?,
    ))
}

/// The values that JSON has no place for, by their row in the batch and their column, and what they are; `text` is the
/// batch with [bytes as text](bytes_as_text).
fn lost_values(
    batch: &RecordBatch,
    text: &RecordBatch,
) -> std::result::Result<Vec<(usize, String, &'static str)>, ArrowError> {
    let mut lost = Vec::new();
    let schema = batch.schema();
    let columns = batch.columns().iter().zip(text.columns());
    for (field, (column, text)) in schema.fields().iter().zip(columns) {
        let mut lose = |row, what| lost.push((row, field.name().clone(), what));
        if is_bytes(field.data_type()) {
            let bad = (0..batch.num_rows()).filter(|&row| column.is_valid(row) && text.is_null(row));
            bad.for_each(|row| lose(row, "bytes that are not UTF-8"));
        } else if field.data_type().is_floating() {
            let numbers = cast(column, &DataType::Float64)?;
            for (row, number) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
                match number {
                    Some(number) if number.is_nan() => lose(row, "NaN"),
                    Some(number) if number.is_infinite() => lose(row, "infinite"),
                    _ => {}
                }
            }
        }
    }
    Ok(lost)
}

/// All column types of Arrow, nested ones too, by way of Arrow's own JSON writer.
fn json_objects(batch: &RecordBatch) -> std::result::Result<Vec<Map<String, Value>>, String> {
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, JsonArray>(Vec::new());
    writer
        .write(batch)
        .and_then(|()| writer.finish())
        .map_err(|error| error.to_string())?;
    let bytes = writer.into_inner();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Float32Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Schema};
    use parquet::arrow::ArrowWriter;

    use super::super::open;
    use super::*;

    fn write(path: &Path, rows: usize) {
        let text: Vec<Option<String>> = (0..rows)
            .map(|i| (i != 3).then(|| format!("passage {i} {}", i * 7919)))
            .collect();
        let batch = RecordBatch::try_from_iter([
            (
                "id",
                Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef,
            ),
            ("text", Arc::new(StringArray::from(text)) as ArrayRef),
        ])
        .unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn rows_come_in_order_with_their_types_and_nulls() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        write(&path, 2500);
        let table = open(&path).unwrap();
        assert_eq!(
            (table.columns(), table.total()),
            (&["id".to_owned(), "text".to_owned()][..], Some(2500))
        );
        let rows: Vec<Row> = table.map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), 2500);
        assert_eq!(
            (rows[2400].number, rows[2400].id(&path, "id").unwrap()),
            (2401, "2400".into())
        );
        assert!(rows[3].values["text"].is_null());
    }

    #[test]
    fn text_marked_as_bytes_is_text_and_what_json_has_no_place_for_is_null_and_named() {
        let bytes = BinaryArray::from_opt_vec(vec![Some(b"fever"), Some(b"\xff\xfe"), None]);
        let numbers = Float32Array::from(vec![Some(f32::NAN), Some(f32::NEG_INFINITY), None]);
        let columns: [(&str, ArrayRef); 2] = [("text", Arc::new(bytes)), ("score", Arc::new(numbers))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let rows: Vec<Row> = open(&path).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(rows[0].values["text"], "fever");
        assert_eq!(rows[0].lost, [("score".to_owned(), "NaN")]);
        let lost = ["text", "score"].map(str::to_owned);
        assert_eq!(
            rows[1].lost.iter().map(|(column, _)| column).collect::<Vec<_>>(),
            lost.iter().collect::<Vec<_>>()
        );
        assert!(rows[2].lost.is_empty() && rows[2].values["score"].is_null());
        let message = |error: EncoderError| error.to_string();
        let found = message(rows[1].text(&path, "text").unwrap_err());
        assert!(
            found.contains("row 2") && found.contains("bytes that are not UTF-8"),
            "{found}"
        );
        let found = message(rows[0].number(&path, "score").unwrap_err());
        assert!(found.contains("row 1") && found.contains("found NaN"), "{found}");
    }

    #[test]
    fn times_of_any_zone_are_read_as_those_of_utc() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("times.parquet");
        let times = || TimestampMicrosecondArray::from(vec![Some(1_600_000_000_000_000), None]);
        let batch = RecordBatch::try_from_iter([
            ("utc", Arc::new(times().with_timezone("UTC")) as ArrayRef),
            (
                "berlin",
                Arc::new(times().with_timezone("Europe/Berlin")) as ArrayRef,
            ),
            ("plus", Arc::new(times().with_timezone("+02:00")) as ArrayRef),
        ])
        .unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let rows: Vec<Row> = open(&path).unwrap().map(Result::unwrap).collect();
        for column in ["utc", "berlin", "plus"] {
            assert_eq!(rows[0].values[column], "2020-09-13T12:26:40Z", "{column}");
            assert!(rows[1].values[column].is_null());
        }
    }

    #[test]
    fn two_columns_of_one_name_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twice.parquet");
        let column: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let fields = ["id", "text", "id"].map(|name| Field::new(name, DataType::Utf8, true));
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let batch = RecordBatch::try_new(schema.clone(), vec![column; 3]).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), schema, None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let error = open(&path).err().unwrap().to_string();
        assert!(error.contains("\"id\" twice"), "{error}");
    }

    #[test]
    fn other_files_and_damaged_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        std::fs::write(&path, "id,text\n1,x\n").unwrap();
        assert!(open(&path).err().unwrap().to_string().contains("Parquet"));
        write(&path, 2500);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle..middle + 400].fill(0xff);
        std::fs::write(&path, &bytes).unwrap();
        let error = open(&path)
            .unwrap()
            .find_map(|row| row.err())
            .unwrap()
            .to_string();
        assert!(error.contains("damaged"), "{error}");
        bytes.truncate(middle);
        std::fs::write(&path, &bytes).unwrap();
        assert!(open(&path).is_err());
    }
}
