//! Query → hits: the one path for the command line and the evaluation.
//!
//! A search has three steps that can be had one by one: [`Engine::encode`] turns texts into vectors,
//! [`Engine::candidates`] asks the two halves of the index, [`Engine::describe`] adds what a reader wants to
//! see. [`Engine::search`] is all three with times.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use encoder::vectors::is_zero;
use encoder::{Encoded, Encoder};
use indexer::{Filter, IndexReader, Matching, Snippet, Strategy};

use crate::error::{OtherModel, Result, SearchError};
use crate::hits::{self, Candidates, FUSION_DEPTH, Hit, Mode, Query, Ranked};

/// Width of the vector search in an index for which no recall was asked.
pub const WIDTH: usize = 200;

/// Longest snippet, in characters: two to three lines of a terminal.
const SNIPPET_CHARS: usize = 240;

/// An open index and, where vectors are asked, the model that made it.
pub struct Engine {
    index: IndexReader,
    path: PathBuf,
    encoder: Option<Box<dyn Encoder>>,
    width: Width,
}

/// How wide vector searches are.
#[derive(Debug, Clone, Copy)]
enum Width {
    /// As the user says.
    Asked(usize),
    /// What finds the share of the `k` nearest that was asked for.
    Tuned { ef: usize, k: usize },
    /// Nobody has said.
    Usual,
}

impl Width {
    /// The width of a search for `depth` neighbours. A width that was measured for fewer of them is no reason to be narrower
    /// than usual.
    fn for_depth(self, depth: usize) -> usize {
        let ef = match self {
            Self::Asked(ef) => ef,
            Self::Tuned { ef, k } if depth <= k => ef,
            Self::Tuned { ef, .. } => ef.max(WIDTH),
            Self::Usual => WIDTH,
        };
        ef.max(depth)
    }
}

/// What an [`Engine`] opens.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The index folder.
    pub index: &'a Path,
    /// The model folder; `None` for the one recorded in the index.
    pub model: Option<&'a Path>,
    /// Width of the vector search, at least 1; never used narrower than the hits sought. `None` for what the index was
    /// tuned to, at least [`WIDTH`] where more neighbours are sought than it was tuned for, else [`WIDTH`].
    pub ef: Option<usize>,
}

/// The hits of one query, best first, and how they came about.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Whether the query was longer than the model reads, so that its end counted for words only.
    pub truncated: bool,
    /// Whether the model knows no word of the query, so that vectors found nothing.
    pub unknown: bool,
    /// What the filter did, where there was one.
    pub filtered: Option<Filtered>,
    /// Time to encode the query; zero in bm25 mode.
    pub encoding: Duration,
    /// Time to filter, search, fuse and read the documents found.
    pub searching: Duration,
}

/// What a filter did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filtered {
    /// Documents that match.
    pub matching: usize,
    /// How vectors were searched among them; `None` when they were not asked.
    pub vectors: Option<Strategy>,
}

impl Engine {
    /// Opens the index, and the model unless `mode` is [`Mode::Bm25`].
    ///
    /// # Errors
    /// Either cannot be read, or the model is not the one that made the index.
    pub fn open(opening: Opening<'_>, mode: Mode) -> Result<Self> {
        let index = IndexReader::open(opening.index)?;
        let encoder = match mode.uses_vectors() {
            true => Some(open_model(&index, opening)?),
            false => None,
        };
        let width = match (opening.ef, &index.manifest().tuning) {
            (Some(ef), _) => Width::Asked(ef),
            (None, Some(tuning)) => Width::Tuned {
                ef: tuning.ef,
                k: tuning.k,
            },
            (None, None) => Width::Usual,
        };
        Ok(Self {
            width,
            index,
            path: opening.index.to_owned(),
            encoder,
        })
    }

    /// The index folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The index.
    pub fn index(&self) -> &IndexReader {
        &self.index
    }

    /// Answers one query.
    ///
    /// # Errors
    /// The query is blank, or the index or the model fails underneath.
    pub fn search(&self, query: &Query) -> Result<Answer> {
        if query.text.trim().is_empty() {
            return Err(SearchError::EmptyQuery);
        }
        let start = Instant::now();
        let encoded = match query.mode.uses_vectors() {
            true => Some(self.encode(&[&query.text])?),
            false => None,
        };
        let encoding = start.elapsed();
        let start = Instant::now();
        let matching = match &query.filter {
            Some(filter) => Some(self.matching(filter)?),
            None => None,
        };
        let vector = encoded.as_ref().map(|encoded| encoded.vectors.row(0));
        let words = query.mode.uses_words().then_some(query.text.as_str());
        // Fusion needs depth; a half that answers alone does not.
        let depth = if query.mode == Mode::Hybrid {
            query.k.max(FUSION_DEPTH)
        } else {
            query.k
        };
        let (candidates, vectors) = self.candidates(words, vector, depth, matching.as_ref())?;
        let hits = hits::rank(&candidates, query.mode, query.k)
            .iter()
            .zip(1..)
            .map(|(ranked, rank)| self.describe(ranked, rank, &query.text))
            .collect::<Result<_>>()?;
        let filtered = matching.map(|matching| Filtered {
            matching: matching.count(),
            vectors,
        });
        let unknown = vector.is_some_and(is_zero);
        let truncated = encoded.is_some_and(|encoded| encoded.truncated > 0);
        Ok(Answer {
            hits,
            truncated,
            unknown,
            filtered,
            encoding,
            searching: start.elapsed(),
        })
    }

    /// The documents that match a filter.
    ///
    /// # Errors
    /// A column that no document has, an index made before there were filters, or it cannot be read.
    pub fn matching(&self, filter: &Filter) -> Result<Matching> {
        Ok(self.index.matching(filter)?)
    }

    /// Encodes queries: one row for each, in their order.
    ///
    /// # Errors
    /// The engine was opened for bm25 alone, without a model, or the model fails underneath.
    pub fn encode(&self, queries: &[&str]) -> Result<Encoded> {
        let encoder = self.encoder.as_ref().ok_or(SearchError::NoModel)?;
        Ok(encoder.encode_queries(queries)?)
    }

    /// The best `depth` of each half that is asked, among the `matching` documents where that is given, and how vectors
    /// were searched then. Vectors are not asked for zeros, which stand for a query of which the model knows no word.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn candidates(
        &self,
        words: Option<&str>,
        vector: Option<&[f32]>,
        depth: usize,
        matching: Option<&Matching>,
    ) -> Result<(Candidates, Option<Strategy>)> {
        let ef = self.width.for_depth(depth);
        let vector = vector.filter(|vector| !is_zero(vector));
        let (vector, strategy) = match (vector, matching) {
            (Some(vector), Some(matching)) => {
                let (found, strategy) = self.index.search_vectors_among(vector, depth, ef, matching)?;
                (found, Some(strategy))
            }
            (Some(vector), None) => (self.index.search_vectors(vector, depth, ef)?, None),
            (None, _) => (Vec::new(), None),
        };
        let bm25 = match (words, matching) {
            (Some(words), Some(matching)) => self.index.search_words_among(words, depth, matching)?,
            (Some(words), None) => self.index.search_words(words, depth)?,
            (None, _) => Vec::new(),
        };
        Ok((Candidates { vector, bm25 }, strategy))
    }

    /// The hit that a ranked row is: its document and the part of it that fits the query.
    ///
    /// # Errors
    /// The document cannot be read.
    pub fn describe(&self, ranked: &Ranked, rank: usize, query: &str) -> Result<Hit> {
        let document = self.index.document(ranked.row)?;
        let snippet = Snippet::of(&document.text, query, SNIPPET_CHARS);
        Ok(Hit {
            rank,
            id: document.id,
            score: ranked.score,
            vector: ranked.vector,
            bm25: ranked.bm25,
            title: document.title,
            snippet: snippet.text,
            marks: snippet.marks,
            text: document.text,
            fields: document.fields,
        })
    }
}

/// The model that made the index: vectors of another cannot be compared with the index's. Its vectors are cut as the
/// index's are, whatever its folder says.
fn open_model(index: &IndexReader, opening: Opening<'_>) -> Result<Box<dyn Encoder>> {
    let record = &index.manifest().model;
    let folder = opening.model.unwrap_or(&record.path);
    if opening.model.is_none() && !folder.is_dir() {
        return Err(SearchError::ModelGone {
            index: opening.index.to_owned(),
            model: folder.to_owned(),
        });
    }
    let encoder = encoder::open_truncated(folder, index.manifest().dimension)?;
    match record.fingerprint.difference(encoder.fingerprint()) {
        None => Ok(encoder),
        Some(difference) => Err(Box::new(OtherModel {
            model: folder.to_owned(),
            index: opening.index.to_owned(),
            field: difference.field,
            expected: difference.left,
            found: difference.right,
            recorded: record.path.clone(),
        })
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_tuned_for_few_neighbours_makes_no_deep_search_narrow() {
        let tuned = |ef| Width::Tuned { ef, k: 10 };
        assert_eq!(tuned(12).for_depth(10), 12);
        assert_eq!(tuned(12).for_depth(100), WIDTH);
        assert_eq!(tuned(900).for_depth(100), 900);
        assert_eq!(Width::Asked(12).for_depth(100), 100);
        assert_eq!(Width::Usual.for_depth(10), WIDTH);
    }
}
