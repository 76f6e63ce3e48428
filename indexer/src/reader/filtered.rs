//! Searches among the documents that match a filter.
//!
//! For each segment, the rows that match and those that have not been deleted are one set: what is found has to be in it.

use std::collections::BTreeSet;

use encoder::vectors::Neighbor;
use indexer_ann::{RowSet, Strategy};
use indexer_bm25::Filter;

use super::{IndexReader, Part};
use crate::error::Result;

/// The documents that match a filter, in the state of the index that its reader is open in.
#[derive(Debug, Clone)]
pub struct Matching {
    /// For each segment: its first row in the index, and its rows that match and have not been deleted.
    segments: Vec<(u32, RowSet)>,
    count: usize,
}

impl Matching {
    /// How many documents match.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their rows, ascending.
    pub fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        let segments = self.segments.iter();
        segments.flat_map(|(first, rows)| rows.iter().map(move |row| first + row))
    }
}

impl IndexReader {
    /// The columns besides id, title and text that a document has a value in, deleted ones included.
    ///
    /// # Errors
    /// An index made before there were filters, files that cannot be read.
    pub fn columns(&self) -> Result<BTreeSet<String>> {
        let mut columns = BTreeSet::new();
        for part in &self.parts {
            columns.extend(part.segment.words().columns()?);
        }
        Ok(columns)
    }

    /// The documents that match a filter.
    ///
    /// # Errors
    /// A column that no document has, an index made before there were filters, files that cannot be read.
    pub fn matching(&self, filter: &Filter) -> Result<Matching> {
        filter.check(&self.columns()?)?;
        let mut segments = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let mut rows = part.segment.words().matching(filter)?;
            if let Some(live) = &part.live {
                rows.intersect(live);
            }
            segments.push((part.first, rows));
        }
        let count = segments.iter().map(|(_, rows)| rows.count()).sum();
        Ok(Matching { segments, count })
    }

    /// [`Self::search_vectors`] among the documents that match a filter, and how they were found: exactly where that
    /// is so for each segment.
    ///
    /// # Errors
    /// A damaged file.
    pub fn search_vectors_among(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        matching: &Matching,
    ) -> Result<(Vec<Neighbor>, Strategy)> {
        let mut found = Vec::new();
        let mut strategy = Strategy::Exact;
        if let Some(query) = self.prepared(query).filter(|_| k > 0) {
            for (part, rows) in self.with_rows(matching).filter(|(_, rows)| !rows.is_empty()) {
                let (nearest, how) = part.segment.search_vectors(&query, k, ef, Some(rows))?;
                found.extend(part.placed(nearest));
                if how == Strategy::Walk {
                    strategy = how;
                }
            }
        }
        found.sort_unstable_by(Neighbor::best_first);
        found.truncate(k);
        Ok((found, strategy))
    }

    /// [`Self::search_words`] among the documents that match a filter. Scores are those among all.
    ///
    /// # Errors
    /// The full-text engine fails to read its files.
    pub fn search_words_among(&self, query: &str, k: usize, matching: &Matching) -> Result<Vec<Neighbor>> {
        let parts: Vec<_> = self
            .with_rows(matching)
            .map(|(part, rows)| indexer_bm25::Part {
                words: part.segment.words(),
                first: part.first,
                accept: |row| rows.contains(row),
            })
            .collect();
        Ok(indexer_bm25::search(&parts, query, k)?)
    }

    fn with_rows<'a>(&'a self, matching: &'a Matching) -> impl Iterator<Item = (&'a Part, &'a RowSet)> {
        let rows = matching.segments.iter().map(|(_, rows)| rows);
        self.parts.iter().zip(rows)
    }
}
