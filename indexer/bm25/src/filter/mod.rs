//! Filters: which documents may be found, said in a small language over their columns.
//!
//! ```text
//! filter     = either { "or" either }
//! either     = every { "and" every }
//! every      = "not" every | "(" filter ")" | "exists" "(" column ")" | column comparison
//! comparison = ( "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!            | [ "not" ] "in" "(" value { "," value } ")"
//! ```
//!
//! Columns and values are words, or texts in single or double quotes. A word that reads as a number is compared as a
//! number, with numbers and with texts that read as numbers (CSV knows only texts); any other value is compared as
//! text, to the byte. `true` and `false` are also JSON's. A column with several values matches if one of them does, and
//! a document without the column matches no comparison: `a != b` is `not a = b`, and so finds it.

mod ask;
mod error;
mod lex;
mod parse;
mod rows;
mod values;

use std::ops::Range;

pub use error::FilterError;
pub(crate) use rows::FilterFields;
use values::key;
pub(crate) use values::{columns_and_values, path};

/// Conditions on the columns of documents, all of which must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    conditions: Vec<Condition>,
}

/// One text of a filter and what it says.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    text: String,
    holds: Expression,
}

/// What has to hold of a document.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    /// Each of them.
    All(Vec<Expression>),
    /// One of them.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// The column has one of these values.
    Is(Column, Vec<Literal>),
    /// The column has a value on that side of this one.
    Order(Column, Side, Literal),
    /// The column has any value.
    Exists(Column),
}

/// A column and where the filter names it, in bytes.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    name: String,
    at: Range<usize>,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
enum Literal {
    /// Without quotes: a number, a truth value or text.
    Word(String),
    /// In quotes: text.
    Text(String),
}

/// Which values an order lets through.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Below,
    UpTo,
    From,
    Above,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What does not fit the language, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let holds = parse::expression(text)?;
        let text = text.to_owned();
        Ok(Self {
            conditions: vec![Condition { text, holds }],
        })
    }

    /// Reads several filters that must all hold; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_all<T: AsRef<str>>(texts: &[T]) -> Result<Option<Self>, FilterError> {
        let parsed: Vec<Self> = texts
            .iter()
            .map(|text| Self::parse(text.as_ref()))
            .collect::<Result<_, _>>()?;
        let conditions: Vec<Condition> = parsed.into_iter().flat_map(|filter| filter.conditions).collect();
        Ok((!conditions.is_empty()).then_some(Self { conditions }))
    }

    /// Refuses a column that none of the documents has; `there` are the columns that they have, of all segments.
    ///
    /// # Errors
    /// The column, where it is named, and the one most like it.
    pub fn check(&self, there: &std::collections::BTreeSet<String>) -> Result<(), FilterError> {
        for condition in &self.conditions {
            let mut named = Vec::new();
            condition.holds.columns(&mut named);
            if let Some(column) = named
                .into_iter()
                .find(|column| !there.contains(&key(&column.name)))
            {
                return Err(FilterError::unknown_column(&condition.text, column, there));
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.conditions.as_slice() {
            [only] => f.write_str(&only.text),
            all => {
                let texts: Vec<String> = all
                    .iter()
                    .map(|condition| format!("({})", condition.text))
                    .collect();
                f.write_str(&texts.join(" and "))
            }
        }
    }
}

impl Expression {
    fn columns<'a>(&'a self, named: &mut Vec<&'a Column>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.columns(named)),
            Self::Not(part) => part.columns(named),
            Self::Is(column, _) | Self::Order(column, ..) | Self::Exists(column) => named.push(column),
        }
    }
}

#[cfg(test)]
mod tests;
