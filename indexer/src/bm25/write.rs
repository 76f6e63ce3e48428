//! Writes the words and documents of an index, row after row.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use encoder::text::Document;
use tantivy::indexer::SingleSegmentIndexWriter;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Index, TantivyDocument};

use super::{Fields, StoredDocument, analysis, schema};
use crate::error::{IndexError, Result};

/// Memory that tantivy plans its tables for; it takes more where the words of a corpus need it.
const MEMORY_BYTES: usize = 64 << 20;

/// The growing words and documents of a segment; rows count from 0 in the order of [`Self::add`].
pub(crate) struct WordWriter {
    path: PathBuf,
    writer: SingleSegmentIndexWriter,
    fields: Fields,
}

impl WordWriter {
    /// Starts in an empty folder that exists.
    pub fn create(path: &Path) -> Result<Self> {
        let (schema, fields) = schema();
        let files = tantivy::directory::MmapDirectory::open(path).map_err(IndexError::words(path))?;
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
    pub fn add(&mut self, document: &Document) -> Result<()> {
        let stored = StoredDocument {
            id: Cow::Borrowed(&document.id),
            title: Cow::Borrowed(&document.title),
            text: Cow::Borrowed(&document.text),
            fields: Cow::Borrowed(&document.fields),
        };
        let json = serde_json::to_vec(&stored).map_err(IndexError::words(&self.path))?;
        let mut row = TantivyDocument::default();
        row.add_text(self.fields.id, &document.id);
        row.add_text(self.fields.title, &document.title);
        row.add_text(self.fields.text, &document.text);
        row.add_bytes(self.fields.document, &json);
        self.writer.add_document(row).map_err(|error| self.failed(error))
    }

    /// Writes what is left; the folder then holds files to read and nothing else.
    pub fn finish(self) -> Result<()> {
        let path = self.path.clone();
        let index = self.writer.finalize().map_err(|error| failed(&path, error))?;
        drop(index);
        tidy(&path)
    }

    fn failed(&self, error: tantivy::TantivyError) -> IndexError {
        failed(&self.path, error)
    }
}

/// What goes wrong here is the writing, a full disk above all, and is reported like that of any
/// other file of the index. (tantivy tells the system's reason in several kinds of error.)
fn failed(path: &Path, error: tantivy::TantivyError) -> IndexError {
    IndexError::write(path)(std::io::Error::other(error.to_string()))
}

/// Removes tantivy's locks, and writes its JSON files again: it makes them readable by their owner
/// only, unlike all others.
fn tidy(path: &Path) -> Result<()> {
    for entry in std::fs::read_dir(path).map_err(IndexError::read(path))? {
        let file = entry.map_err(IndexError::read(path))?.path();
        let ending = file
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if !["lock", "json"].contains(&ending) {
            continue;
        }
        let content = std::fs::read(&file).map_err(IndexError::read(&file))?;
        std::fs::remove_file(&file).map_err(IndexError::write(&file))?;
        if ending == "json" {
            std::fs::write(&file, content).map_err(IndexError::write(&file))?;
        }
    }
    Ok(())
}
