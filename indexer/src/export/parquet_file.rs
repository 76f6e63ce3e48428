//! Documents with their vectors as Parquet.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListBuilder, Float32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::aside::Aside;
use super::columns::{self, Column};
use super::{STRIDE, advance};
use crate::build::Observer;
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;

/// Rows per row group: readers stream a file group by group.
const GROUP_ROWS: usize = 16_384;

/// Writes the file, which is still to be [finished](Aside::finish).
pub(super) fn write(reader: &IndexReader, out: &Path, observer: &mut dyn Observer) -> Result<Aside> {
    let rows: Vec<u32> = reader.live_rows().collect();
    let columns = columns::find(reader, &rows, observer)?;
    let aside = Aside::create(out)?;
    let failed = |error: parquet::errors::ParquetError| IndexError::write(out)(std::io::Error::other(error));
    let schema = schema(reader.manifest().dimension, &columns);
    let properties = properties().map_err(failed)?;
    let mut writer =
        ArrowWriter::try_new(aside.file(), Arc::clone(&schema), Some(properties)).map_err(failed)?;
    for part in rows.chunks(STRIDE) {
        let batch = batch(reader, part, &columns, &schema)?;
        writer.write(&batch).map_err(failed)?;
        advance(observer, part.len())?;
    }
    writer.close().map_err(failed)?;
    Ok(aside)
}

fn schema(dimension: usize, columns: &[Column]) -> Arc<Schema> {
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let vector = DataType::FixedSizeList(number, dimension as i32);
    let [id, title, text, last] = columns::OWN;
    let mut fields = [id, title, text]
        .map(|name| Field::new(name, DataType::Utf8, false))
        .to_vec();
    fields.extend(columns.iter().map(Column::schema));
    fields.push(Field::new(last, vector, false));
    Arc::new(Schema::new(fields))
}

/// Vectors are random numbers to a dictionary, which would only cost time.
fn properties() -> Result<WriterProperties, parquet::errors::ParquetError> {
    let vector = ColumnPath::from(vec!["vector".into(), "list".into(), "item".into()]);
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_column_dictionary_enabled(vector.clone(), false)
        .set_column_compression(vector, Compression::UNCOMPRESSED)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_created_by(concat!("Sextant ", env!("CARGO_PKG_VERSION")).into())
        .build())
}

fn batch(
    reader: &IndexReader,
    rows: &[u32],
    columns: &[Column],
    schema: &Arc<Schema>,
) -> Result<RecordBatch> {
    let dimension = reader.manifest().dimension;
    let mut texts = [(); 3].map(|()| StringBuilder::new());
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let mut vectors =
        FixedSizeListBuilder::with_capacity(Float32Builder::new(), dimension as i32, rows.len())
            .with_field(number);
    let mut documents = Vec::with_capacity(rows.len());
    for &row in rows {
        let document = reader.document(row)?;
        let own = [&document.id, &document.title, &document.text];
        for (column, text) in texts.iter_mut().zip(own) {
            column.append_value(text);
        }
        vectors.values().append_slice(reader.vector(row)?);
        vectors.append(true);
        documents.push(document);
    }
    let texts = texts
        .iter_mut()
        .map(|column| Arc::new(column.finish()) as ArrayRef);
    let others = columns.iter().map(|column| column.values(&documents));
    let all = texts
        .chain(others)
        .chain([Arc::new(vectors.finish()) as ArrayRef])
        .collect();
    RecordBatch::try_new(Arc::clone(schema), all)
        .map_err(|error| IndexError::write(Path::new("a batch"))(std::io::Error::other(error)))
}
