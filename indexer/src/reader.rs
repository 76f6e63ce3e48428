//! The reading side: an index folder, checked and open for searching.

use std::path::Path;

use encoder::text::Document;
use encoder::vectors::{Neighbor, is_zero};
use indexer_bm25::Words;

use crate::checksum;
use crate::error::{IndexError, Result};
use crate::graph::{self, Graph, dot};
use crate::manifest::{BM25_NAME, MANIFEST_NAME, Manifest, SEGMENTS_NAME, SegmentRecord};
use crate::snippet::{self, Snippet};
use crate::unit;
use crate::vectors_file::{self, VectorsFile};

/// An open index. Several threads can search one reader at the same time.
///
/// An index replaced on disk while it is open stays open in its old state.
pub struct IndexReader {
    manifest: Manifest,
    vectors: VectorsFile,
    graph: Graph,
    words: Words,
}

impl IndexReader {
    /// Opens the index folder `path` and checks all of it: format version, the manifest's checksum,
    /// length and checksum of every file, and that vectors, graph and words have the same rows.
    ///
    /// # Errors
    /// What is not as it should be: the file, what was expected, what was found and what to do.
    pub fn open(path: &Path) -> Result<Self> {
        const ATTEMPTS: usize = 3;
        let mut manifest = Manifest::read(path)?;
        for _ in 1..ATTEMPTS {
            let result = Self::open_state(path, manifest.clone());
            // A build that finished in between has put another state in the place of this one.
            match Manifest::read(path) {
                Ok(newer) if result.is_err() && newer != manifest => manifest = newer,
                _ => return result,
            }
        }
        Self::open_state(path, manifest)
    }

    fn open_state(path: &Path, manifest: Manifest) -> Result<Self> {
        let segment = only_segment(path, &manifest)?;
        let folder = checksum::inside(&path.join(SEGMENTS_NAME), &segment.name)?;
        checksum::verify(&folder, segment)?;
        let vectors = VectorsFile::open(&folder.join(vectors_file::FILE_NAME))?;
        let graph = Graph::open(&folder.join(graph::FILE_NAME))?;
        let words = Words::open(&folder.join(BM25_NAME))?;
        let counts = [
            vectors.len() as u64,
            graph.len() as u64,
            words.len(),
            segment.documents,
        ];
        if counts != [manifest.documents; 4] || vectors.dimension() != manifest.dimension {
            let expected = format!(
                "{} documents in {} dimensions",
                manifest.documents, manifest.dimension
            );
            let found = format!(
                "{} vectors in {} dimensions, {} nodes, {} texts, {} documents in the segment",
                counts[0],
                vectors.dimension(),
                counts[1],
                counts[2],
                counts[3]
            );
            return Err(IndexError::damaged(&folder, expected, found));
        }
        Ok(Self {
            manifest,
            vectors,
            graph,
            words,
        })
    }

    /// What the index is: model, counts, parameters, files.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of documents; rows are `0..len()`.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Whether there is no document; an index is never made without one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The up to `k` documents nearest to `query`, best first, ties by row, found by walking the
    /// graph with `ef` candidates (at least `k`; more find more of the true neighbours, slower).
    ///
    /// The score is the cosine, `-1..=1` but for rounding. `query` needs `manifest().dimension` numbers, which the
    /// encoder with the index's fingerprint gives it; nothing is found for another length. Zeros have no
    /// direction: nothing is found for a query of zeros, and documents of zeros are not found.
    pub fn search_vectors(&self, query: &[f32], k: usize, ef: usize) -> Vec<Neighbor> {
        match self.direction(query) {
            Some(query) if k > 0 => {
                let mut found = self.graph.search(self.vectors.rows(), &query, ef.max(k), ef);
                found.retain(|neighbor| self.has_direction(*neighbor));
                found.truncate(k);
                found
            }
            _ => Vec::new(),
        }
    }

    /// Like [`Self::search_vectors`] by comparing with every document: the judge of recall.
    pub fn search_exact(&self, query: &[f32], k: usize) -> Vec<Neighbor> {
        let Some(query) = self.direction(query) else {
            return Vec::new();
        };
        let rows = self.vectors.rows();
        let mut all: Vec<Neighbor> = (0..self.len())
            .map(|row| Neighbor {
                row: row as u32,
                score: dot(&query, rows.row(row)),
            })
            .filter(|neighbor| self.has_direction(*neighbor))
            .collect();
        if k < all.len() {
            all.select_nth_unstable_by(k, Neighbor::best_first);
            all.truncate(k);
        }
        all.sort_unstable_by(Neighbor::best_first);
        all
    }

    /// The up to `k` documents with the highest BM25 for the words of `query`, which is free text.
    ///
    /// # Errors
    /// The full-text engine fails to read its files.
    pub fn search_words(&self, query: &str, k: usize) -> Result<Vec<Neighbor>> {
        Ok(self.words.search(query, k)?)
    }

    /// The document of a row below [`Self::len`], as it was in the corpus.
    ///
    /// # Errors
    /// No such row, or the full-text engine fails to read its files.
    pub fn document(&self, row: u32) -> Result<Document> {
        Ok(self.words.document(row)?)
    }

    /// The unit vector of a row.
    ///
    /// # Panics
    /// If `row` is not below [`Self::len`].
    pub fn vector(&self, row: u32) -> &[f32] {
        self.vectors.rows().row(row as usize)
    }

    /// The part of a document's text with most of the words of `query`, up to `max_chars` characters.
    ///
    /// # Errors
    /// As [`Self::document`].
    pub fn snippet(&self, query: &str, row: u32, max_chars: usize) -> Result<Snippet> {
        Ok(snippet::best(&self.document(row)?.text, query, max_chars))
    }

    /// Whether the row is no row of zeros, whose product with anything is 0.
    fn has_direction(&self, found: Neighbor) -> bool {
        found.score != 0.0 || !is_zero(self.vector(found.row))
    }

    fn direction(&self, query: &[f32]) -> Option<Vec<f32>> {
        (query.len() == self.manifest.dimension && !is_zero(query)).then(|| {
            let mut query = query.to_vec();
            unit::normalize(&mut query);
            query
        })
    }
}

/// The one segment that this version can read; the format allows for more.
fn only_segment<'a>(path: &Path, manifest: &'a Manifest) -> Result<&'a SegmentRecord> {
    match manifest.segments.as_slice() {
        [segment] if segment.tombstones.is_empty() => Ok(segment),
        segments => {
            let found = format!("{} segments or deleted rows", segments.len());
            Err(IndexError::damaged(
                &path.join(MANIFEST_NAME),
                "one segment without deleted rows",
                found,
            ))
        }
    }
}
