//! A corpus: a table whose rows are documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::text::Document;
use crate::{EncoderError, Result, tables};

/// Which column is what. `None` means the usual name: `id` or `_id`, `title` (if there), `text`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    /// The column of the unique id: text or whole numbers.
    pub id: Option<String>,
    /// The column of the title.
    pub title: Option<String>,
    /// The column of the body.
    pub text: Option<String>,
}

/// Documents one after the other, in the order of the file. See [`read`].
pub struct Documents {
    rows: tables::Rows,
    id: String,
    title: String,
    text: String,
    lost: BTreeMap<(String, &'static str), u64>,
}

/// Opens a corpus: Parquet, JSON Lines, a JSON array, CSV or TSV, or a BEIR folder (its
/// `corpus.jsonl`). Rows are streamed; uniqueness of ids is the caller's to check. Columns of vectors are
/// [left out](Documents::left_out).
///
/// # Errors
/// A file that cannot be read, is empty or is not what its name says; a column that is not there.
pub fn read(path: &Path, columns: &Columns) -> Result<Documents> {
    let file = if path.is_dir() {
        in_folder(path)?
    } else {
        path.to_owned()
    };
    let rows = tables::open_without_vectors(&file)?;
    let find = |wanted: &Option<String>, usual: &[&str]| -> Result<Option<String>> {
        let there = |name: &str| kept(&rows).any(|column| column == name);
        match wanted {
            Some(name) if there(name) => Ok(Some(name.clone())),
            Some(name) => Err(missing(&file, name, &rows)),
            None => Ok(usual
                .iter()
                .find(|name| there(name))
                .map(|name| (*name).to_owned())),
        }
    };
    let id = find(&columns.id, &["id", "_id"])?.ok_or_else(|| missing(&file, "id or _id", &rows))?;
    // In JSON Lines a later row can have the title that the first one lacks.
    let title = find(&columns.title, &["title"])?.unwrap_or_else(|| "title".into());
    let text = find(&columns.text, &["text"])?.ok_or_else(|| missing(&file, "text", &rows))?;
    Ok(Documents {
        rows,
        id,
        title,
        text,
        lost: BTreeMap::new(),
    })
}

/// The corpus of a BEIR folder.
fn in_folder(path: &Path) -> Result<PathBuf> {
    let file = path.join("corpus.jsonl");
    if file.exists() {
        return Ok(file);
    }
    Err(EncoderError::format(
        path,
        "a table of documents, or a BEIR folder with its corpus.jsonl",
        "a folder without corpus.jsonl",
        "name the files in it",
    ))
}

/// The columns that documents can have.
fn kept(rows: &tables::Rows) -> impl Iterator<Item = &String> {
    let columns = rows.columns().iter();
    columns.filter(|column| !rows.left_out().contains(column))
}

fn missing(path: &Path, column: &str, rows: &tables::Rows) -> EncoderError {
    let vectors = match rows.left_out().iter().any(|out| out == column) {
        true => format!("{column} has lists of floats, which are no text: "),
        false => String::new(),
    };
    EncoderError::MissingColumn {
        path: path.to_owned(),
        column: column.to_owned(),
        available: kept(rows).cloned().collect(),
        help: format!(
            "{vectors}name the columns id, title and text, or say which they are (`index build` has --id, --title and \
             --text)"
        ),
    }
}

impl Documents {
    /// The number of documents where the format tells it beforehand (Parquet).
    pub fn total(&self) -> Option<u64> {
        self.rows.total()
    }

    /// The columns of vectors, which are not among the fields of the documents: lists of floats in Parquet.
    pub fn left_out(&self) -> &[String] {
        self.rows.left_out()
    }

    /// The values of the documents so far that are kept as missing, because JSON has no place for them: their column,
    /// what they are (NaN, infinite, bytes that are not UTF-8) and how many there were. Only Parquet has such.
    pub fn lost(&self) -> &BTreeMap<(String, &'static str), u64> {
        &self.lost
    }

    /// The file that is read.
    pub fn path(&self) -> PathBuf {
        self.rows.path().to_owned()
    }

    fn document(&self, mut row: tables::Row) -> Result<Document> {
        let path = self.rows.path();
        let id = row.id(path, &self.id)?;
        let text = row.text(path, &self.text)?.to_owned();
        let title = match row.values.get(&self.title) {
            Some(value) if !value.is_null() => row.text(path, &self.title)?.to_owned(),
            _ => String::new(),
        };
        for column in [&self.id, &self.text, &self.title] {
            row.values.shift_remove(column);
        }
        Ok(Document {
            id,
            title,
            text,
            fields: row.values,
        })
    }
}

impl Iterator for Documents {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.and_then(|row| {
            for lost in &row.lost {
                *self.lost.entry(lost.clone()).or_default() += 1;
            }
            self.document(row)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(name: &str, text: &str, columns: &Columns) -> Result<Vec<Document>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path, columns)?.collect()
    }

    #[test]
    fn binds_the_usual_names_and_keeps_the_other_columns() {
        let found = documents(
            "c.jsonl",
            "{\"_id\":7,\"title\":null,\"text\":\"Rest.\",\"kind\":\"advice\"}\n",
            &Columns::default(),
        )
        .unwrap();
        assert_eq!((found[0].id.as_str(), found[0].title.as_str()), ("7", ""));
        assert_eq!(found[0].fields["kind"], "advice");
        assert_eq!(found[0].fields.len(), 1);
    }

    #[test]
    fn a_title_that_the_first_row_lacks_is_still_a_title() {
        let text = "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"b\",\"title\":\"Gout\",\"text\":\"y\"}\n";
        let found = documents("c.jsonl", text, &Columns::default()).unwrap();
        assert_eq!((found[0].title.as_str(), found[1].title.as_str()), ("", "Gout"));
        assert!(found[1].fields.is_empty());
    }

    #[test]
    fn a_missing_column_names_those_there_are() {
        let error = documents("c.csv", "key,body\n1,x\n", &Columns::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("id or _id") && error.contains("key, body"),
            "{error}"
        );
        let columns = Columns {
            id: Some("key".into()),
            text: Some("body".into()),
            title: None,
        };
        assert_eq!(
            documents("c.csv", "key,body\n1,x\n", &columns).unwrap()[0].text,
            "x"
        );
    }

    #[test]
    fn a_null_text_is_refused_with_its_row() {
        let text = "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"b\",\"text\":null}\n";
        let error = documents("c.jsonl", text, &Columns::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2") && error.contains("null"), "{error}");
    }
}
