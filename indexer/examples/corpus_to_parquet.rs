//! Makes a Parquet corpus of a JSON Lines corpus in BEIR's form.
//!
//! ```text
//! cargo run --release -p indexer --example corpus_to_parquet IN.jsonl OUT.parquet
//! ```
//!
//! Every column is of type string: `id` (from `_id`), then the others under their own names in the
//! order of the first row. The same input gives the same bytes, so that the Parquet file can lie in
//! a repository beside the JSON Lines that people review.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use encoder::tables::{self, Row};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;

/// Rows per row group: readers stream a corpus group by group.
const ROW_GROUP: usize = 16_384;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        bail!("usage: corpus_to_parquet IN.jsonl OUT.parquet");
    };
    convert(Path::new(input), Path::new(output))
}

fn convert(input: &Path, output: &Path) -> anyhow::Result<()> {
    let rows: Vec<Row> = tables::open(input)?.collect::<Result<_, _>>()?;
    let first = rows
        .first()
        .with_context(|| format!("{}: no rows", input.display()))?;
    let columns: Vec<String> = first.values.keys().cloned().collect();
    let names: Vec<&str> = columns
        .iter()
        .map(|name| if name == "_id" { "id" } else { name })
        .collect();
    let unique: BTreeSet<&&str> = names.iter().collect();
    ensure!(
        unique.len() == names.len(),
        "{}: both `_id` and `id` are columns",
        input.display()
    );
    for row in &rows {
        let same =
            row.values.len() == columns.len() && columns.iter().all(|name| row.values.contains_key(name));
        ensure!(
            same,
            "{}: row {}: other columns than row 1",
            input.display(),
            row.number
        );
    }
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, false))
        .collect();
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .map(|name| {
            Arc::new(StringArray::from_iter_values(
                rows.iter().map(|row| text(&row.values[name])),
            )) as ArrayRef
        })
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    write(output, &batch).with_context(|| format!("{}: cannot be written", output.display()))
}

/// A string as it is, anything else as JSON, nothing as the empty string.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn write(output: &Path, batch: &RecordBatch) -> anyhow::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by("Sextant corpus_to_parquet".into())
        .build();
    let mut writer = ArrowWriter::try_new(File::create(output)?, batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(())
}
