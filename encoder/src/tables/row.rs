//! One row of a table.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{EncoderError, Result};

/// One row: column → value.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Counted from 1; a header line is not counted.
    pub number: u64,
    /// The values by column.
    pub values: Map<String, Value>,
    /// The columns whose value there has no place among JSON's, and is null, and what it is.
    pub lost: Vec<(String, &'static str)>,
}

impl Row {
    /// A row of which nothing is lost.
    pub(super) fn new(number: u64, values: Map<String, Value>) -> Self {
        Row {
            number,
            values,
            lost: Vec::new(),
        }
    }

    /// The text of `column`.
    ///
    /// # Errors
    /// The column is missing in this row, null, or not text.
    pub fn text(&self, path: &Path, column: &str) -> Result<&str> {
        match self.value(path, column)? {
            Value::String(text) => Ok(text),
            other => Err(self.bad(
                path,
                &format!("text in column {column}"),
                self.found(column, other),
                "correct that row",
            )),
        }
    }

    /// An identifier: text that is not empty, or a whole number.
    ///
    /// # Errors
    /// The column is missing in this row, null, empty, or something else.
    pub fn id(&self, path: &Path, column: &str) -> Result<String> {
        match self.value(path, column)? {
            Value::String(text) if !text.trim().is_empty() => Ok(text.clone()),
            Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
            other => Err(self.bad(
                path,
                &format!("an id in column {column}"),
                self.found(column, other),
                "give that row an id",
            )),
        }
    }

    /// A finite number; in a table of texts (CSV, TSV) the text of one.
    ///
    /// # Errors
    /// The column is missing in this row, null, or no finite number.
    pub fn number(&self, path: &Path, column: &str) -> Result<f64> {
        let value = self.value(path, column)?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).ok_or_else(|| {
            let found = match value {
                Value::String(text) => format!("the text {text:?}"),
                other => self.found(column, other),
            };
            let expected = format!("a finite number in column {column}");
            self.bad(path, &expected, found, "correct or remove that row")
        })
    }

    /// An error about this row.
    pub fn bad(&self, path: &Path, expected: &str, found: String, help: &str) -> EncoderError {
        EncoderError::Row {
            path: path.to_owned(),
            row: self.number,
            expected: expected.to_owned(),
            found,
            help: help.to_owned(),
        }
    }

    /// The value of `column` in a few words, for error messages.
    fn found(&self, column: &str, value: &Value) -> String {
        let lost = self.lost.iter().find(|(lost, _)| lost == column);
        lost.map_or_else(|| describe(value), |(_, what)| (*what).to_owned())
    }

    fn value(&self, path: &Path, column: &str) -> Result<&Value> {
        self.values.get(column).ok_or_else(|| {
            let columns: Vec<&str> = self.values.keys().map(String::as_str).collect();
            let found = format!("only the columns {}", columns.join(", "));
            self.bad(path, &format!("a column {column}"), found, "correct that row")
        })
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "empty text".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_numbers_and_texts_and_all_else_is_refused_with_the_row() {
        let row = |json: &str| Row::new(7, serde_json::from_str(&format!("{{\"score\":{json}}}")).unwrap());
        let path = Path::new("p.csv");
        for (json, number) in [("0.5", 0.5), ("-3", -3.0), ("\" 4.25 \"", 4.25)] {
            assert_eq!(row(json).number(path, "score").unwrap(), number);
        }
        for (json, found) in [
            ("null", "null"),
            ("\"high\"", "the text \"high\""),
            ("\"NaN\"", "NaN"),
            ("\"inf\"", "inf"),
            ("true", "true"),
        ] {
            let message = row(json).number(path, "score").unwrap_err().to_string();
            assert!(
                message.contains("row 7") && message.contains("column score") && message.contains(found),
                "{message}"
            );
        }
        assert!(row("1").number(path, "label").is_err());
    }
}
