//! A column of lists of numbers in Parquet, and the ids beside it.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type};
use encoder::EncoderError;
use encoder::tables::is_vector;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Taken;
use crate::error::{IndexError, Result};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 1024;

/// What is known of the vectors besides their numbers.
pub(super) struct Found {
    /// The column that they are in.
    pub column: String,
    /// Their ids, where there is a column of them.
    pub ids: Option<Vec<String>>,
}

/// Reads the column `wanted`, else `vector`, else the only one of lists of numbers; ids from the column `id`, else `id`
/// or `_id`.
pub(super) fn read(
    path: &Path,
    wanted: Option<&str>,
    id: Option<&str>,
    taken: &mut Taken<'_>,
) -> Result<Found> {
    let damaged = |error: &dyn std::fmt::Display| {
        let found = format!("something else or a damaged one ({error})");
        EncoderError::format(
            path,
            "a Parquet file",
            found,
            "check the file's name or make it again",
        )
    };
    let file = File::open(path).map_err(IndexError::read(path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(&error))?;
    let fields = builder.schema().fields().clone();
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let there = |name: &&str| names.iter().any(|other| other == name);
    let lists: Vec<&str> = fields
        .iter()
        .filter(|field| is_vector(field.data_type()))
        .map(|field| field.name().as_str())
        .collect();
    let column = wanted
        .or_else(|| Some("vector").filter(there))
        .or(match lists[..] {
            [only] => Some(only),
            _ => None,
        });
    let Some(column) = column.filter(|column| lists.contains(column)) else {
        return Err(EncoderError::MissingColumn {
            path: path.to_owned(),
            column: format!(
                "{} of lists of float16, float32 or float64",
                wanted.unwrap_or("vector")
            ),
            available: names,
            help: "name it with --vector".into(),
        }
        .into());
    };
    // The name may be that of the documents' column alone.
    let id = id.into_iter().chain(["id", "_id"]).find(there);
    let columns = [Some(column), id].into_iter().flatten();
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    taken.begin(u64::try_from(builder.metadata().file_metadata().num_rows()).ok())?;
    let batches = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| damaged(&error))?;
    let mut ids = id.map(|_| Vec::new());
    for batch in batches {
        let batch = batch.map_err(|error| damaged(&error))?;
        take_vectors(&batch, column, taken)?;
        if let (Some(ids), Some(id)) = (&mut ids, id) {
            take_ids(path, &batch, id, ids)?;
        }
    }
    Ok(Found {
        column: column.to_owned(),
        ids,
    })
}

fn take_vectors(batch: &RecordBatch, column: &str, taken: &mut Taken<'_>) -> Result<()> {
    let Some(array) = batch.column_by_name(column) else {
        return taken.refuse(&format!("expected the column {column}, found none"));
    };
    for row in 0..array.len() {
        if array.is_null(row) {
            return taken.refuse("expected a vector, found null");
        }
        match cast(&list(array, row), &DataType::Float32) {
            Ok(numbers) if numbers.null_count() == 0 => {
                taken.push(numbers.as_primitive::<Float32Type>().values())?;
            }
            Ok(_) => return taken.refuse("expected numbers, found null among them"),
            Err(error) => return taken.refuse(&format!("expected numbers, found others ({error})")),
        }
    }
    Ok(())
}

/// The numbers of a row of a column for which [`is_vector`] holds.
fn list(array: &ArrayRef, row: usize) -> ArrayRef {
    match array.data_type() {
        DataType::FixedSizeList(..) => array.as_fixed_size_list().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => array.as_list::<i32>().value(row),
    }
}

fn take_ids(path: &Path, batch: &RecordBatch, column: &str, ids: &mut Vec<String>) -> Result<()> {
    let refuse = |row: usize, found: String| {
        Err(IndexError::Row {
            path: path.to_owned(),
            row: row as u64 + 1,
            problem: format!("column {column}: expected text or a whole number as id, found {found}"),
        })
    };
    let array = batch.column_by_name(column);
    let is_id = |kind: &DataType| kind.is_integer() || kind.is_string();
    let Some(array) = array.filter(|array| is_id(array.data_type())) else {
        return refuse(ids.len(), "another type".into());
    };
    let texts = match cast(array, &DataType::Utf8) {
        Ok(texts) => texts,
        Err(error) => return refuse(ids.len(), error.to_string()),
    };
    for text in texts.as_string::<i32>() {
        match text {
            Some(text) => ids.push(text.to_owned()),
            None => return refuse(ids.len(), "null".into()),
        }
    }
    Ok(())
}
