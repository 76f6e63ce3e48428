//! Writes the words and documents of an index, row after row.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use encoder::text::Document;
use tantivy::directory::{Directory, MmapDirectory, RamDirectory};
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::schema::OwnedValue;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Index, TantivyDocument};

use crate::error::{Bm25Error, Result};
use crate::schema::Fields;
use crate::{StoredDocument, Words, analysis, filter, schema};

/// Memory that tantivy plans its tables for; it takes more where the words of a corpus need it.
const MEMORY_BYTES: usize = 64 << 20;

/// The growing words and documents; rows count from 0 in the order in which they come.
pub struct WordWriter {
    path: PathBuf,
    writer: SingleSegmentIndexWriter,
    fields: Fields,
}

impl WordWriter {
    /// Starts in an empty folder that exists.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        let files = MmapDirectory::open(path).map_err(Bm25Error::engine(path))?;
        Self::start(path, files)
    }

    /// Starts without files, for words that are searched once; `name` names them in errors.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn in_memory(name: &Path) -> Result<Self> {
        Self::start(name, RamDirectory::create())
    }

    fn start(path: &Path, files: impl Directory) -> Result<Self> {
        let (schema, fields) = schema::current();
        let tokenizers = TokenizerManager::default();
        tokenizers.register(analysis::ANALYZER, analysis::analyzer());
        let writer = Index::builder()
            .schema(schema)
            .tokenizers(tokenizers)
            .single_segment_index_writer(files, MEMORY_BYTES)
            .map_err(|error| failed(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            fields,
        })
    }

    /// Appends a document.
    ///
    /// # Errors
    /// A full disk.
    pub fn add(&mut self, document: &Document) -> Result<()> {
        let stored = StoredDocument {
            id: Cow::Borrowed(&document.id),
            title: Cow::Borrowed(&document.title),
            text: Cow::Borrowed(&document.text),
            fields: Cow::Borrowed(&document.fields),
        };
        let json = serde_json::to_vec(&stored).map_err(Bm25Error::engine(&self.path))?;
        let mut row = self.words(document);
        row.add_text(self.fields.id, &document.id);
        row.add_bytes(self.fields.document, &json);
        self.columns(document, &mut row);
        self.push(row)
    }

    /// Appends the words of a document alone: it is found by its row, and cannot be read.
    ///
    /// # Errors
    /// A full disk.
    pub fn count(&mut self, document: &Document) -> Result<()> {
        let row = self.words(document);
        self.push(row)
    }

    fn words(&self, document: &Document) -> TantivyDocument {
        let mut row = TantivyDocument::default();
        row.add_text(self.fields.title, &document.title);
        row.add_text(self.fields.text, &document.text);
        row
    }

    /// What filters ask.
    fn columns(&self, document: &Document, row: &mut TantivyDocument) {
        let Some(fields) = self.fields.filter else { return };
        let columns = filter::columns_and_values(&document.fields);
        for column in columns.keys() {
            row.add_text(fields.columns, column);
        }
        let values = columns
            .into_iter()
            .map(|(column, values)| (filter::path(&column), OwnedValue::Array(values)));
        row.add_object(fields.values, values.collect());
    }

    fn push(&mut self, row: TantivyDocument) -> Result<()> {
        let path = &self.path;
        self.writer.add_document(row).map_err(|error| failed(path, error))
    }

    /// Writes what is left; the folder then holds files to read and nothing else.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(self) -> Result<()> {
        let path = self.path.clone();
        let index = self.writer.finalize().map_err(|error| failed(&path, error))?;
        drop(index);
        tidy(&path)
    }

    /// Opens what was written [without files](Self::in_memory).
    ///
    /// # Errors
    /// Not enough memory.
    pub fn open(self) -> Result<Words> {
        let (path, fields) = (self.path, self.fields);
        let index = self.writer.finalize().map_err(|error| failed(&path, error))?;
        Words::of(&index, &path, fields)
    }
}

/// What goes wrong here is the writing, a full disk above all, and is reported like that of any
/// other file of the index. (tantivy tells the system's reason in several kinds of error.)
fn failed(path: &Path, error: tantivy::TantivyError) -> Bm25Error {
    Bm25Error::write(path)(std::io::Error::other(error.to_string()))
}

/// Removes tantivy's locks, and writes its JSON files again: it makes them readable by their owner
/// only, unlike all others.
fn tidy(path: &Path) -> Result<()> {
    for entry in std::fs::read_dir(path).map_err(Bm25Error::read(path))? {
        let file = entry.map_err(Bm25Error::read(path))?.path();
        let ending = file
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if !["lock", "json"].contains(&ending) {
            continue;
        }
        let content = std::fs::read(&file).map_err(Bm25Error::read(&file))?;
        std::fs::remove_file(&file).map_err(Bm25Error::write(&file))?;
        if ending == "json" {
            std::fs::write(&file, content).map_err(Bm25Error::write(&file))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn document(id: &str, title: &str, text: &str) -> Document {
        Document {
            id: id.into(),
            title: title.into(),
            text: text.into(),
            fields: serde_json::Map::new(),
        }
    }

    #[test]
    fn words_in_memory_give_the_scores_of_those_in_files() {
        let documents = [
            document("d0", "Gout", "The joint hurts at night; gout comes in attacks."),
            document("d1", "", "An inhaler opens the airways in asthma."),
            document(
                "d2",
                "Asthma: causes",
                "Dust, pollen and cold air cause asthma attacks.",
            ),
        ];
        let folder = tempfile::tempdir().unwrap();
        let mut files = WordWriter::create(folder.path()).unwrap();
        let mut memory = WordWriter::in_memory(Path::new("corpus.jsonl")).unwrap();
        for document in &documents {
            files.add(document).unwrap();
            memory.count(document).unwrap();
        }
        files.finish().unwrap();
        let (files, memory) = (
            Words::open(folder.path(), HashMap::new()).unwrap(),
            memory.open().unwrap(),
        );
        assert_eq!((memory.len(), memory.is_empty()), (3, false));
        for query in ["what causes asthma attacks", "gout", "the", "nothing of it"] {
            let found = memory.search(query, 100).unwrap();
            assert_eq!(found, files.search(query, 100).unwrap(), "{query}");
        }
        assert_eq!(memory.search("what causes asthma attacks", 1).unwrap()[0].row, 2);
    }
}
