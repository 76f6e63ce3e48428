//! The columns of a corpus besides id, title and text, as columns of Arrow.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use encoder::text::Document;
use serde_json::Value;

use crate::build::Observer;
use crate::error::Result;
use crate::reader::IndexReader;

/// Names that the export gives to what every document has.
pub(super) const OWN: [&str; 4] = ["id", "title", "text", "vector"];

/// Integers up to this one are also floats.
const EXACT: u64 = 1 << 53;

/// What all values of a column fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    /// Integers that are floats, too.
    Integer,
    /// Integers, some of them with more digits than a float has.
    LongInteger,
    Float,
    /// Texts as they are, anything else as JSON.
    Text,
}

impl Kind {
    /// The kind of a value; none of null.
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(number) => Some(match number.as_i64() {
                Some(integer) if integer.unsigned_abs() <= EXACT => Self::Integer,
                Some(_) => Self::LongInteger,
                None if number.is_f64() => Self::Float,
                // Beyond the integers of Parquet's readers.
                None => Self::Text,
            }),
            _ => Some(Self::Text),
        }
    }

    /// The kind that holds the values of both, each as it is.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Integer, Self::LongInteger) | (Self::LongInteger, Self::Integer) => Self::LongInteger,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            _ => Self::Text,
        }
    }
}

/// A column of the export.
#[derive(Debug)]
pub(super) struct Column {
    /// Its name in the corpus.
    field: String,
    /// Its name in the export: another one where that is taken.
    name: String,
    kind: Kind,
}

/// All columns that a document of `rows` has, in the order in which they appear; tells of those that get another name.
pub(super) fn find(reader: &IndexReader, rows: &[u32], observer: &mut dyn Observer) -> Result<Vec<Column>> {
    let mut kinds: Vec<(String, Option<Kind>)> = Vec::new();
    for rows in rows.chunks(super::STRIDE) {
        for row in rows {
            for (field, value) in reader.document(*row)?.fields {
                let kind = Kind::of(&value);
                match kinds.iter_mut().find(|(known, _)| *known == field) {
                    None => kinds.push((field, kind)),
                    Some((_, known)) => *known = [*known, kind].into_iter().flatten().reduce(Kind::with),
                }
            }
        }
        super::advance(observer, 0)?;
    }
    let mut taken: Vec<String> = OWN.map(str::to_owned).to_vec();
    taken.extend(kinds.iter().map(|(field, _)| field.clone()));
    let mut columns = Vec::with_capacity(kinds.len());
    for (field, kind) in kinds {
        let mut name = field.clone();
        if OWN.contains(&field.as_str()) {
            while taken.contains(&name) {
                name.push('_');
            }
            taken.push(name.clone());
            observer.note(&format!(
                "the column {field:?} of the corpus is exported as {name:?}: its own name is taken"
            ));
        }
        let kind = kind.unwrap_or(Kind::Text);
        columns.push(Column { field, name, kind });
    }
    Ok(columns)
}

impl Column {
    /// The column in a schema; a document may have no value in it.
    pub fn schema(&self) -> Field {
        let kind = match self.kind {
            Kind::Boolean => DataType::Boolean,
            Kind::Integer | Kind::LongInteger => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Text => DataType::Utf8,
        };
        Field::new(&self.name, kind, true)
    }

    /// The values of documents.
    pub fn values(&self, documents: &[Document]) -> ArrayRef {
        let values = documents.iter().map(|document| document.fields.get(&self.field));
        let values = values.map(|value| value.unwrap_or(&Value::Null));
        match self.kind {
            Kind::Boolean => {
                let mut column = BooleanBuilder::new();
                values.for_each(|value| column.append_option(value.as_bool()));
                Arc::new(column.finish())
            }
            Kind::Integer | Kind::LongInteger => {
                let mut column = Int64Builder::new();
                values.for_each(|value| column.append_option(value.as_i64()));
                Arc::new(column.finish())
            }
            Kind::Float => {
                let mut column = Float64Builder::new();
                values.for_each(|value| column.append_option(value.as_f64()));
                Arc::new(column.finish())
            }
            Kind::Text => {
                let mut column = StringBuilder::new();
                values.for_each(|value| match value {
                    Value::Null => column.append_null(),
                    Value::String(text) => column.append_value(text),
                    other => column.append_value(other.to_string()),
                });
                Arc::new(column.finish())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_holds_whatever_its_documents_have() {
        let kind = |values: &[Value]| values.iter().filter_map(Kind::of).reduce(Kind::with);
        assert_eq!(kind(&[Value::Null]), None);
        assert_eq!(kind(&[1.into(), (-7).into(), Value::Null]), Some(Kind::Integer));
        assert_eq!(kind(&[1.into(), 0.5.into()]), Some(Kind::Float));
        let long = (1_i64 << 53) + 1;
        assert_eq!(kind(&[1.into(), long.into()]), Some(Kind::LongInteger));
        assert_eq!(kind(&[long.into(), 0.5.into()]), Some(Kind::Text));
        assert_eq!(kind(&[u64::MAX.into()]), Some(Kind::Text));
        assert_eq!(kind(&[true.into(), false.into()]), Some(Kind::Boolean));
        assert_eq!(kind(&[true.into(), 1.into()]), Some(Kind::Text));
        assert_eq!(kind(&[serde_json::json!(["a"]), 0.5.into()]), Some(Kind::Text));
    }
}
