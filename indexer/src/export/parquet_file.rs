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
use super::{STRIDE, advance};
use crate::build::Observer;
use crate::error::{IndexError, Result};
use crate::reader::IndexReader;

/// Rows per row group: readers stream a file group by group.
const GROUP_ROWS: usize = 16_384;

/// Writes the file.
pub(super) fn write(reader: &IndexReader, out: &Path, observer: &mut dyn Observer) -> Result<()> {
    let aside = Aside::create(out)?;
    let failed = |error: parquet::errors::ParquetError| IndexError::write(out)(std::io::Error::other(error));
    let schema = schema(reader.manifest().dimension);
    let properties = properties().map_err(failed)?;
    let mut writer =
        ArrowWriter::try_new(aside.file(), Arc::clone(&schema), Some(properties)).map_err(failed)?;
    let rows: Vec<u32> = reader.live_rows().collect();
    for part in rows.chunks(STRIDE) {
        writer.write(&batch(reader, part, &schema)?).map_err(failed)?;
        advance(observer, part.len())?;
    }
    writer.close().map_err(failed)?;
    aside.finish()
}

fn schema(dimension: usize) -> Arc<Schema> {
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let vector = DataType::FixedSizeList(number, dimension as i32);
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        text("id"),
        text("title"),
        text("text"),
        Field::new("vector", vector, false),
    ]))
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

fn batch(reader: &IndexReader, rows: &[u32], schema: &Arc<Schema>) -> Result<RecordBatch> {
    let dimension = reader.manifest().dimension;
    let mut texts = [(); 3].map(|()| StringBuilder::new());
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let mut vectors =
        FixedSizeListBuilder::with_capacity(Float32Builder::new(), dimension as i32, rows.len())
            .with_field(number);
    for &row in rows {
        let document = reader.document(row)?;
        for (column, text) in texts.iter_mut().zip([document.id, document.title, document.text]) {
            column.append_value(text);
        }
        vectors.values().append_slice(reader.vector(row)?);
        vectors.append(true);
    }
    let texts = texts
        .iter_mut()
        .map(|column| Arc::new(column.finish()) as ArrayRef);
    let columns = texts.chain([Arc::new(vectors.finish()) as ArrayRef]).collect();
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|error| IndexError::write(Path::new("a batch"))(std::io::Error::other(error)))
}
