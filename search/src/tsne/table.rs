//! A map as a table: `id,x,y[,z],category,title`, every field quoted, for programs and spreadsheets.

use csv::{QuoteStyle, WriterBuilder};

use super::{Map, MapError};

/// The table as CSV (RFC 4180, lines ending in `\n`); a missing category is empty.
///
/// # Errors
/// Writing to memory fails, which it does not.
pub fn render(map: &Map) -> Result<Vec<u8>, MapError> {
    let refused = |error: csv::Error| MapError::Drawing(error.to_string());
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .from_writer(Vec::new());
    let axes = &["x", "y", "z"][..map.positions.dimension()];
    writer
        .write_record([&["id"], axes, &["category", "title"]].concat())
        .map_err(refused)?;
    for (row, label) in map.labels.iter().enumerate() {
        let position: Vec<String> = map.positions.row(row).iter().map(f32::to_string).collect();
        let fields = std::iter::once(label.id.as_str())
            .chain(position.iter().map(String::as_str))
            .chain([
                label.category.as_deref().unwrap_or_default(),
                label.title.as_str(),
            ]);
        writer.write_record(fields).map_err(refused)?;
    }
    writer
        .into_inner()
        .map_err(|error| MapError::Drawing(error.to_string()))
}
