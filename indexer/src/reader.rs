//! The reading side: an index folder, checked and open for searching.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoder::text::Document;
use encoder::vectors::Neighbor;
use indexer_ann::RowSet;

use crate::deleted;
use crate::error::{IndexError, Result};
use crate::manifest::{self, MANIFEST_NAME, Manifest, SegmentRecord};
use crate::segment::Segment;
use crate::unit;

mod filtered;

pub use filtered::Matching;

/// Commits in a row that may come in the way of one opening before that is taken for an error.
const ATTEMPTS: usize = 100;

/// One state of an index, open for searching. Several threads can search one reader at the same time.
///
/// A reader stays in the state that it was opened in, whatever is added, deleted or replaced on disk meanwhile;
/// [`Self::refresh`] opens the newest one.
///
/// Rows count through all segments, deleted rows included. A row is a document's number in this state; in another one
/// the same document can have another row.
pub struct IndexReader {
    path: PathBuf,
    /// The first line of the manifest.
    head: String,
    manifest: Manifest,
    parts: Vec<Part>,
}

/// A segment's place in an index.
struct Part {
    segment: Arc<Segment>,
    /// The row of the index that the segment's row 0 is.
    first: u32,
    /// The segment's rows that have not been deleted; none where that is all.
    live: Option<RowSet>,
}

impl Part {
    fn is_live(&self, row: u32) -> bool {
        self.live.as_ref().is_none_or(|live| live.contains(row))
    }

    /// Rows of the segment as rows of the index.
    fn placed(&self, found: Vec<Neighbor>) -> impl Iterator<Item = Neighbor> {
        let first = self.first;
        found.into_iter().map(move |neighbor| Neighbor {
            row: first + neighbor.row,
            ..neighbor
        })
    }
}

impl IndexReader {
    /// Opens the index folder `path` and checks format version, the manifest's checksum, the length of every file, and
    /// that vectors, graph and words have the same rows.
    ///
    /// Files are not read for that. Whatever is used of one later is compared with its checksum when it is first used,
    /// so that a damaged file is an error of the first call that comes to the damage, and never a wrong answer.
    /// (Segments of earlier versions, which have no checksums of parts, are checked whole.)
    ///
    /// A commit in the midst of that is no error: the state that it leads to is opened then.
    ///
    /// # Errors
    /// What is not as it should be: the file, what was expected, what was found and what to do.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_newest(path, &[])
    }

    /// The newest state of the index, if that is another one than this; segments that both have are neither opened
    /// nor checked again. To find out that nothing has changed costs the reading of one line.
    ///
    /// An index that was made anew in the same place, by another model even, is a new state like any other.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn refresh(&self) -> Result<Option<Self>> {
        if manifest::head(&self.path)? == self.head {
            return Ok(None);
        }
        Self::open_newest(&self.path, &self.parts).map(Some)
    }

    fn open_newest(path: &Path, known: &[Part]) -> Result<Self> {
        let (mut manifest, mut head) = Manifest::read_with_head(path)?;
        for _ in 1..ATTEMPTS {
            match Self::open_state(path, &manifest, &head, known) {
                Ok(reader) => return Ok(reader),
                Err(error) => {
                    // A commit in between has put another state in the place of this one, or else it is damaged.
                    let newer = Manifest::read_with_head(path)?;
                    if newer.1 == head {
                        return Err(error);
                    }
                    (manifest, head) = newer;
                }
            }
        }
        Self::open_state(path, &manifest, &head, known)
    }

    fn open_state(path: &Path, manifest: &Manifest, head: &str, known: &[Part]) -> Result<Self> {
        check_counts(path, manifest)?;
        let mut first = 0;
        let mut parts = Vec::with_capacity(manifest.segments.len());
        for record in &manifest.segments {
            let segment = match known
                .iter()
                .find(|part| part.segment.record().is_same_segment(record))
            {
                Some(part) => Arc::clone(&part.segment),
                None => Arc::new(Segment::open(path, record, manifest.shape())?),
            };
            let live = live_rows(path, record)?;
            parts.push(Part { segment, first, live });
            first += record.documents as u32;
        }
        Ok(Self {
            path: path.to_owned(),
            head: head.to_owned(),
            manifest: manifest.clone(),
            parts,
        })
    }

    /// The index folder.
    #[cfg(feature = "build")]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the index is: model, counts, parameters, files.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Number of documents, without deleted ones.
    pub fn len(&self) -> usize {
        self.manifest.documents as usize
    }

    /// Whether there is no document; an index is never made without one, but all can be deleted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of rows, deleted ones too: every row is below it.
    pub fn row_count(&self) -> u32 {
        self.parts
            .last()
            .map_or(0, |part| part.first + part.segment.len() as u32)
    }

    /// The rows that have not been deleted, ascending; [`Self::len`] of them.
    pub fn live_rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.parts.iter().flat_map(|part| {
            let rows = 0..part.segment.len() as u32;
            rows.filter(move |row| part.is_live(*row))
                .map(move |row| part.first + row)
        })
    }

    /// Whether there is such a row and it has not been deleted.
    pub fn is_live(&self, row: u32) -> bool {
        self.place(row).is_some_and(|(part, row)| part.is_live(row))
    }

    /// The row of the document with the id `id`.
    ///
    /// # Errors
    /// The full-text engine fails to read its files.
    pub fn find(&self, id: &str) -> Result<Option<u32>> {
        for part in &self.parts {
            if let Some(row) = part.segment.words().find(id)?
                && part.is_live(row)
            {
                return Ok(Some(part.first + row));
            }
        }
        Ok(None)
    }

    /// The up to `k` documents nearest to `query`, best first, ties by row, found by walking the graph of each segment
    /// with `ef` candidates (at least `k`; more find more of the true neighbours, slower).
    ///
    /// Deleted documents are not found, and do not take the place of others: where `k` documents are left, `k` are
    /// found.
    ///
    /// The score is that of the index's metric, greater for nearer: the cosine, `-1..=1` but for rounding; the inner
    /// product; or the negative squared Euclidean distance. `query` needs `manifest().dimension` numbers, which the
    /// encoder with the index's fingerprint gives it; nothing is found for another length, nor for NaN, infinity and
    /// numbers beyond ±10¹⁵. Zeros have no direction: by cosine and inner product nothing is found for such a query,
    /// and documents of zeros are not found by cosine, nor by any metric where a static model made them.
    ///
    /// # Errors
    /// A damaged file.
    pub fn search_vectors(&self, query: &[f32], k: usize, ef: usize) -> Result<Vec<Neighbor>> {
        self.search_segments(query, k, |segment, live, query| {
            Ok(segment.search_vectors(query, k, ef, live)?.0)
        })
    }

    /// Like [`Self::search_vectors`] by comparing with every document: the judge of recall.
    ///
    /// # Errors
    /// A damaged file.
    pub fn search_exact(&self, query: &[f32], k: usize) -> Result<Vec<Neighbor>> {
        self.search_segments(query, k, |segment, live, query| {
            segment.search_exact(query, k, live)
        })
    }

    fn search_segments(
        &self,
        query: &[f32],
        k: usize,
        search: impl Fn(&Segment, Option<&RowSet>, &[f32]) -> Result<Vec<Neighbor>>,
    ) -> Result<Vec<Neighbor>> {
        let Some(query) = self.prepared(query).filter(|_| k > 0) else {
            return Ok(Vec::new());
        };
        let mut found: Vec<Neighbor> = Vec::new();
        for part in &self.parts {
            found.extend(part.placed(search(&part.segment, part.live.as_ref(), &query)?));
        }
        if self.parts.len() > 1 {
            found.sort_unstable_by(Neighbor::best_first);
            found.truncate(k);
        }
        Ok(found)
    }

    /// The up to `k` documents with the highest BM25 for the words of `query`, which is free text.
    ///
    /// Scores are the same however the documents are spread over segments. As in other engines, a deleted document
    /// counts in the frequencies of words until the index is compacted.
    ///
    /// # Errors
    /// The full-text engine fails to read its files.
    pub fn search_words(&self, query: &str, k: usize) -> Result<Vec<Neighbor>> {
        let parts: Vec<_> = self
            .parts
            .iter()
            .map(|part| indexer_bm25::Part {
                words: part.segment.words(),
                first: part.first,
                accept: move |row| part.is_live(row),
            })
            .collect();
        Ok(indexer_bm25::search(&parts, query, k)?)
    }

    /// The document of a row below [`Self::row_count`], as it was in the corpus; deleted ones can be read, too.
    ///
    /// # Errors
    /// No such row, or the full-text engine fails to read its files.
    pub fn document(&self, row: u32) -> Result<Document> {
        match self.place(row) {
            Some((part, row)) => Ok(part.segment.words().document(row)?),
            None => Err(self.no_row(row)),
        }
    }

    /// The vector of a row, deleted or not; of unit length where the metric is the cosine.
    ///
    /// # Errors
    /// No such row, or a damaged file.
    pub fn vector(&self, row: u32) -> Result<&[f32]> {
        match self.place(row) {
            Some((part, row)) => part.segment.vector(row),
            None => Err(self.no_row(row)),
        }
    }

    /// The vector of a row as [`Self::vector`] gives it, scaled to unit length; zeros stay zeros.
    ///
    /// # Errors
    /// As [`Self::vector`].
    pub fn direction(&self, row: u32) -> Result<Vec<f32>> {
        let mut vector = self.vector(row)?.to_vec();
        encoder::vectors::normalize(&mut vector);
        Ok(vector)
    }

    /// The segments, each with the row of the index that its row 0 is.
    #[cfg(feature = "build")]
    pub(crate) fn segments(&self) -> impl Iterator<Item = (u32, &Segment)> {
        self.parts.iter().map(|part| (part.first, &*part.segment))
    }

    /// The number of the segment that has a row, and which of its rows that is.
    ///
    /// # Errors
    /// No such row.
    #[cfg(feature = "build")]
    pub(crate) fn segment_of(&self, row: u32) -> Result<(usize, u32)> {
        let number = self.parts.partition_point(|part| part.first <= row);
        match self.place(row) {
            Some((_, local)) => Ok((number - 1, local)),
            None => Err(self.no_row(row)),
        }
    }

    /// The deleted rows of a segment, by its number in the manifest.
    #[cfg(feature = "build")]
    pub(crate) fn deleted_rows(&self, segment: usize) -> RowSet {
        let part = &self.parts[segment];
        let mut deleted = RowSet::full(part.segment.len());
        match &part.live {
            None => RowSet::new(part.segment.len()),
            Some(live) => {
                live.iter().for_each(|row| {
                    deleted.remove(row);
                });
                deleted
            }
        }
    }

    fn no_row(&self, row: u32) -> IndexError {
        IndexError::NoRow {
            path: self.path.clone(),
            row,
            rows: self.row_count(),
        }
    }

    /// The segment that has a row, and which of its rows that is.
    fn place(&self, row: u32) -> Option<(&Part, u32)> {
        let after = self.parts.partition_point(|part| part.first <= row);
        let part = &self.parts[after.checked_sub(1)?];
        let local = row - part.first;
        ((local as usize) < part.segment.len()).then_some((part, local))
    }

    /// A query as segments take it; none where there is nothing to be found.
    fn prepared(&self, query: &[f32]) -> Option<Vec<f32>> {
        let metric = self.manifest.hnsw.metric;
        let can_be_asked = query.len() == self.manifest.dimension && unit::can_ask(metric, query);
        can_be_asked.then(|| {
            let mut query = query.to_vec();
            unit::prepare(metric, &mut query);
            query
        })
    }
}

/// The rows of a segment that have not been deleted; none where that is all.
fn live_rows(index: &Path, record: &SegmentRecord) -> Result<Option<RowSet>> {
    let Some(deleted) = &record.deleted else {
        return Ok(None);
    };
    let rows = record.documents as usize;
    let mut live = RowSet::full(rows);
    deleted::read(index, deleted, rows)?.iter().for_each(|row| {
        live.remove(row);
    });
    Ok(Some(live))
}

/// Refuses a manifest whose numbers do not agree, or are beyond what a row's number can hold.
fn check_counts(path: &Path, manifest: &Manifest) -> Result<()> {
    let damaged = |expected: String, found: String| {
        Err(IndexError::damaged(&path.join(MANIFEST_NAME), expected, found))
    };
    let sum = |count: fn(&SegmentRecord) -> u64| {
        let mut counts = manifest.segments.iter().map(count);
        counts.try_fold(0, u64::checked_add)
    };
    match sum(|segment| segment.documents) {
        Some(rows) if rows <= u64::from(u32::MAX) => {}
        rows => {
            let found = rows.map_or("more than 2^64".to_owned(), |rows| rows.to_string());
            return damaged(format!("at most {} rows", u32::MAX), found);
        }
    }
    match sum(SegmentRecord::live) {
        Some(documents) if documents == manifest.documents => Ok(()),
        found => damaged(
            format!("{} documents in the segments", manifest.documents),
            format!("{}", found.unwrap_or(0)),
        ),
    }
}
