//! The columns of a document as tantivy keeps them for filters.
//!
//! An object inside a column becomes columns of its own, `meta.year`; a list becomes several values. A text that reads
//! as a number is kept as both. Long texts, which nobody compares whole, are kept as their beginning and a hash: equal
//! ones stay equal, and their order is that of their beginnings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tantivy::schema::OwnedValue;

/// Texts up to so many bytes are kept whole.
const WHOLE_BYTES: usize = 90;
/// Of longer ones, the beginning that is kept; with `…` and the hash it is longer than any that is kept whole.
const BEGINNING_BYTES: usize = 64;

/// Every column that has a value, with its values. Null is no value, and neither is an empty text, which is what CSV
/// has for null.
pub(crate) fn columns_and_values(fields: &Map<String, Value>) -> BTreeMap<String, Vec<OwnedValue>> {
    let mut columns = BTreeMap::new();
    for (name, value) in fields {
        collect(name, value, &mut columns);
    }
    columns
}

fn collect(name: &str, value: &Value, columns: &mut BTreeMap<String, Vec<OwnedValue>>) {
    let mut keep = |value| columns.entry(key(name)).or_default().push(value);
    match value {
        Value::Null => {}
        Value::Bool(value) => keep(OwnedValue::Bool(*value)),
        Value::Number(written) => {
            if let Some(value) = number(&written.to_string()) {
                keep(value);
            }
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(text) => {
            keep(OwnedValue::Str(key(text)));
            if let Some(value) = number(text) {
                keep(value);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(name, value, columns)),
        Value::Object(fields) => {
            for (inner, value) in fields {
                collect(&format!("{name}.{inner}"), value, columns);
            }
        }
    }
}

/// The number that a text is, blanks around it aside: an integer where it is one, else a finite float.
pub(super) fn number(text: &str) -> Option<OwnedValue> {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return Some(OwnedValue::I64(value));
    }
    if let Ok(value) = text.parse() {
        return Some(OwnedValue::U64(value));
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    // tantivy's own rule for terms: 2.0 is 2.
    let whole = |range: std::ops::Range<f64>| value.fract() == 0.0 && range.contains(&value);
    Some(if whole(i64::MIN as f64..i64::MAX as f64) {
        OwnedValue::I64(value as i64)
    } else if whole(0.0..u64::MAX as f64) {
        OwnedValue::U64(value as u64)
    } else {
        OwnedValue::F64(value)
    })
}

/// A text, or a column's name, as it is kept: whole, or shortened.
pub(super) fn key(text: &str) -> String {
    if text.len() <= WHOLE_BYTES {
        return text.to_owned();
    }
    let beginning = &text[..text.floor_char_boundary(BEGINNING_BYTES)];
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("{beginning}…{}", &hash[..32])
}

/// A column's name as a step of tantivy's JSON paths, which give a meaning to some characters.
pub(crate) fn path(column: &str) -> String {
    let mut path = String::with_capacity(column.len());
    for character in column.chars() {
        match character {
            '.' | '\\' | '%' => path.push_str(&format!("%{:02x}", character as u32)),
            control if control.is_control() => path.push_str(&format!("%{:02x}", control as u32)),
            other => path.push(other),
        }
    }
    path
}
