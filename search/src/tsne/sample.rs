//! What of an index goes onto a map: which rows, and what is said of each.

use std::collections::BTreeSet;
use std::path::Path;

use encoder::text::Document;
use encoder::vectors::Vectors;
use indexer::{IndexError, IndexReader};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::layout::documents_needed;
use super::{Label, MapError};
use crate::Result;

/// The usual perplexity, and the least that is one.
const USUAL_PERPLEXITY: f32 = 30.0;
const LEAST_PERPLEXITY: f32 = 2.0;

/// Characters of a text that stand in for a missing title.
const OPENING_CHARS: usize = 80;

/// All of the rows `documents`, or `limit` of them taken at random; ascending, as they come.
pub fn rows(documents: Vec<u32>, limit: usize, seed: u64) -> Vec<u32> {
    if documents.len() <= limit {
        return documents;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rows: Vec<u32> = rand::seq::index::sample(&mut random, documents.len(), limit)
        .into_iter()
        .map(|place| documents[place])
        .collect();
    rows.sort_unstable();
    rows
}

/// The perplexity that is asked for, else the usual one, or the largest that so few documents can have.
///
/// # Errors
/// [`MapError::TooFew`] where they cannot have what is asked for, with the largest perplexity that works, or any.
pub fn perplexity(index: &Path, documents: usize, asked: Option<f32>) -> Result<f32, MapError> {
    let largest = documents.saturating_sub(1) / 3;
    let perplexity = asked.unwrap_or_else(|| USUAL_PERPLEXITY.min(largest as f32).max(LEAST_PERPLEXITY));
    let needed = documents_needed(perplexity);
    if documents >= needed {
        return Ok(perplexity);
    }
    let advice = match largest {
        0 | 1 => "no map can be drawn of fewer than 7".to_owned(),
        largest => format!("at most --perplexity {largest} works here"),
    };
    Err(MapError::TooFew {
        index: index.to_owned(),
        documents,
        perplexity,
        needed,
        advice,
    })
}

/// The directions of the rows' vectors, whatever the metric of the index: unit rows, shape (N, D).
///
/// # Errors
/// A damaged file.
pub fn vectors(index: &IndexReader, rows: &[u32]) -> Result<Vectors, IndexError> {
    let mut vectors = Vectors::new(index.manifest().dimension);
    for row in rows {
        vectors.push(&index.direction(*row)?);
    }
    Ok(vectors)
}

/// What to say of each row, with the value of `column` as its category.
///
/// # Errors
/// The documents cannot be read, or none of them has such a column.
pub fn labels(index: &IndexReader, path: &Path, rows: &[u32], column: Option<&str>) -> Result<Vec<Label>> {
    let mut columns = BTreeSet::new();
    let mut labels = Vec::with_capacity(rows.len());
    for row in rows {
        let document = index.document(*row)?;
        let category = column
            .and_then(|column| document.fields.get(column))
            .and_then(category);
        let title = title(&document);
        if column.is_some() {
            columns.extend(document.fields.keys().cloned());
        }
        labels.push(Label {
            id: document.id,
            title,
            category,
        });
    }
    match column {
        Some(column) if !columns.contains(column) => {
            let columns: Vec<_> = columns.into_iter().collect();
            let columns = if columns.is_empty() {
                "none".to_owned()
            } else {
                columns.join(", ")
            };
            Err(MapError::Column {
                index: path.to_owned(),
                column: column.to_owned(),
                columns,
            }
            .into())
        }
        _ => Ok(labels),
    }
}

fn title(document: &Document) -> String {
    let title = document.title.trim();
    if !title.is_empty() {
        return title.to_owned();
    }
    let mut words: String = document.text.trim().chars().take(OPENING_CHARS).collect();
    if words.len() < document.text.trim().len() {
        words.push('…');
    }
    words
}

/// A value as the name of a category; nothing for null and blank.
fn category(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        Value::Array(values) => values.iter().filter_map(category).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_documents_are_all_drawn_and_many_are_sampled_by_the_seed() {
        let odd = || (0..1000).map(|row| 2 * row + 1).collect::<Vec<u32>>();
        assert_eq!(rows(vec![0, 1, 3], 3, 1), [0, 1, 3]);
        let some = rows(odd(), 50, 1);
        assert!(some.iter().all(|row| row % 2 == 1));
        assert_eq!(some.len(), 50);
        assert!(some.is_sorted_by(|a, b| a < b), "no row twice");
        assert_eq!(some, rows(odd(), 50, 1));
        assert_ne!(some, rows(odd(), 50, 2));
    }

    #[test]
    fn too_few_documents_name_the_largest_perplexity_that_works() {
        let path = Path::new("c.index");
        assert_eq!(perplexity(path, 91, Some(30.0)).unwrap(), 30.0);
        for (documents, largest) in [(1_000_000, 30.0), (91, 30.0), (90, 29.0), (50, 16.0), (7, 2.0)] {
            assert_eq!(perplexity(path, documents, None).unwrap(), largest);
        }
        assert!(perplexity(path, 6, None).is_err());
        let error = perplexity(path, 90, Some(30.0)).unwrap_err().to_string();
        assert!(
            error.contains("needs 91") && error.contains("at most --perplexity 29 "),
            "{error}"
        );
        perplexity(path, 90, Some(29.0)).unwrap();
        assert!(
            perplexity(path, 6, Some(2.0))
                .unwrap_err()
                .to_string()
                .contains("fewer than 7")
        );
        perplexity(path, 7, Some(2.0)).unwrap();
    }

    #[test]
    fn values_become_names() {
        let names = |value: Value| category(&value);
        assert_eq!(names("heart ".into()).as_deref(), Some("heart"));
        assert_eq!(names(3.into()).as_deref(), Some("3"));
        assert_eq!(names(true.into()).as_deref(), Some("true"));
        assert_eq!(
            names(serde_json::json!(["a", null, "b"])).as_deref(),
            Some("a, b")
        );
        assert_eq!(names(Value::Null), None);
        assert_eq!(names(" ".into()), None);
    }

    #[test]
    fn a_missing_title_is_the_beginning_of_the_text() {
        let document = |title: &str, text: String| Document {
            id: "d".into(),
            title: title.into(),
            text,
            fields: serde_json::Map::new(),
        };
        assert_eq!(title(&document("T", "text".into())), "T");
        assert_eq!(title(&document(" ", "text".into())), "text");
        assert_eq!(
            title(&document("", "ü".repeat(81))),
            format!("{}…", "ü".repeat(80))
        );
    }
}
