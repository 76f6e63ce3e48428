//! The words of documents, and the documents themselves, kept by tantivy: the folder `bm25/` of an index.
//!
//! Scores are tantivy's BM25 (k1 = 1.2, b = 0.75) over title and text, added. A query is taken as
//! plain words: there is no query syntax, and so no syntax error. All documents lie in one tantivy
//! segment, in the order of their rows, so that tantivy's document number is the row.
//!
//! A crate of its own, because not only an index has a use for it: training says how far words alone come on the
//! questions that a model is measured on, and has to count exactly as `search` does.

mod analysis;
mod collection;
mod directory;
mod error;
mod filter;
mod lookup;
mod schema;
mod write;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use encoder::text::Document;
use encoder::vectors::Neighbor;
use indexer_ann::BlockHash;
use tantivy::query::{Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, Index, ReloadPolicy, Searcher, TantivyDocument, Term};

use directory::ReadOnly;
use schema::Fields;

pub use analysis::{Word, query_stems, words};
pub use collection::{Part, search};
pub use error::{Bm25Error, Result};
pub use filter::{Filter, FilterError};
pub use write::WordWriter;

/// The words and documents, open for searching.
pub struct Words {
    path: PathBuf,
    /// None where the words are in memory alone.
    files: Option<ReadOnly>,
    searcher: Searcher,
    fields: Fields,
}

impl Words {
    /// Opens the folder that a [`WordWriter`] filled. The blocks of the files in `hashes`, by their names in the folder,
    /// are checked when they are first used; the content of others is taken as it is.
    ///
    /// # Errors
    /// Files that cannot be read or are others.
    pub fn open(path: &Path, hashes: HashMap<PathBuf, Vec<BlockHash>>) -> Result<Self> {
        let files = ReadOnly::open(path, hashes)?;
        let opened = Self::open_files(path, &files);
        // Where a file is damaged, that is the reason, whatever tantivy made of it.
        let mut words = opened.map_err(|error| files.damage().unwrap_or(error))?;
        words.files = Some(files);
        Ok(words)
    }

    fn open_files(path: &Path, files: &ReadOnly) -> Result<Self> {
        let index = Index::open(files.clone()).map_err(Bm25Error::engine::<tantivy::TantivyError>(path))?;
        index
            .tokenizers()
            .register(analysis::ANALYZER, analysis::analyzer());
        match schema::fields_of(&index.schema()) {
            Some(fields) => Self::of(&index, path, fields),
            None => Err(Bm25Error::damaged(
                path,
                "the fields id, title, text and document",
                "others",
            )),
        }
    }

    /// The words in `index`, whose analyzer is registered; `path` names it in errors.
    fn of(index: &Index, path: &Path, fields: Fields) -> Result<Self> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(Bm25Error::engine::<tantivy::TantivyError>(path))?;
        let searcher = reader.searcher();
        match searcher.segment_readers().len() {
            1 => Ok(Self {
                path: path.to_owned(),
                files: None,
                searcher,
                fields,
            }),
            found => Err(Bm25Error::damaged(path, "one tantivy segment", found.to_string())),
        }
    }

    /// Number of documents.
    pub fn len(&self) -> u64 {
        self.searcher.num_docs()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k` documents with the highest BM25 for the words of `query`, best first, ties by row.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn search(&self, query: &str, k: usize) -> Result<Vec<Neighbor>> {
        let all = Part {
            words: self,
            first: 0,
            accept: |_: u32| true,
        };
        collection::search(&[all], query, k)
    }

    /// What an error of tantivy's comes from, to be used with `map_err`.
    fn failed<E: std::fmt::Display>(&self) -> impl FnOnce(E) -> Bm25Error + '_ {
        move |error| {
            let damage = self.files.as_ref().and_then(ReadOnly::damage);
            damage.unwrap_or_else(|| Bm25Error::engine(&self.path)(error))
        }
    }

    fn terms(&self, query: &str) -> Vec<Box<dyn Query>> {
        let term = |field: Field, stem: &str| -> Box<dyn Query> {
            Box::new(TermQuery::new(
                Term::from_field_text(field, stem),
                IndexRecordOption::WithFreqs,
            ))
        };
        let Fields { title, text, .. } = self.fields;
        query_stems(query)
            .iter()
            .flat_map(|stem| [term(title, stem), term(text, stem)])
            .collect()
    }

    /// The document of a row, as it was given to the writer; there is none where it was only [counted](WordWriter::count).
    ///
    /// # Errors
    /// Files that cannot be read, a row that is not there.
    pub fn document(&self, row: u32) -> Result<Document> {
        let stored: TantivyDocument = self
            .searcher
            .doc(DocAddress::new(0, row))
            .map_err(self.failed())?;
        let json = stored
            .get_first(self.fields.document)
            .and_then(|value| value.as_bytes())
            .unwrap_or_default();
        serde_json::from_slice(json)
            .map(StoredDocument::into_document)
            .map_err(|error| {
                Bm25Error::damaged(&self.path, format!("document {row} as JSON"), error.to_string())
            })
    }
}

/// The stored form of a document.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredDocument<'a> {
    id: std::borrow::Cow<'a, str>,
    title: std::borrow::Cow<'a, str>,
    text: std::borrow::Cow<'a, str>,
    fields: std::borrow::Cow<'a, serde_json::Map<String, serde_json::Value>>,
}

impl StoredDocument<'_> {
    fn into_document(self) -> Document {
        Document {
            id: self.id.into_owned(),
            title: self.title.into_owned(),
            text: self.text.into_owned(),
            fields: self.fields.into_owned(),
        }
    }
}
