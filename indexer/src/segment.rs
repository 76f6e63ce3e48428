//! One segment, open for searching: vectors, graph and words of the same rows.
//!
//! Rows count from 0 in each segment; [`IndexReader`](crate::IndexReader) knows where a segment's rows are among all
//! of an index. What has been deleted is not the segment's to know: whoever searches says which rows are accepted.

use std::path::Path;

use encoder::vectors::{Neighbor, TopK, is_zero};
use indexer_ann::{AnnError, Graph, MappedFile, Metric, RowSet, SearchOptions, Strategy};
#[cfg(feature = "build")]
use indexer_bm25::Bm25Error;
use indexer_bm25::Words;

use crate::block_file::BlockFile;
use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::{BM25_NAME, GRAPH_NAME, SEGMENTS_NAME, SegmentRecord};
use crate::vectors_file::{self, VectorsFile};

/// The files of a segment, which never change.
pub(crate) struct Segment {
    record: SegmentRecord,
    vectors: VectorsFile,
    /// None where the graph has an earlier format; then all rows are compared.
    graph: Option<Graph>,
    words: Words,
    metric: Metric,
    zeros_are_nowhere: bool,
}

/// What all segments of an index have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Numbers of a vector.
    pub dimension: usize,
    /// What is near.
    pub metric: Metric,
    /// Whether a vector of zeros is no place: by cosines it has no direction, and a static model gives it to a text of
    /// which it knows no word.
    pub zeros_are_nowhere: bool,
}

impl Segment {
    /// Opens a segment of the index folder `index`: checks the length of every file, and that vectors, graph and words
    /// have the rows that `record` says and are of the index's shape. Whatever is used of a file later is checked then;
    /// a segment of an earlier version is checked whole now.
    pub fn open(index: &Path, record: &SegmentRecord, shape: Shape) -> Result<Self> {
        let Shape {
            dimension, metric, ..
        } = shape;
        let folder = checksum::inside(&index.join(SEGMENTS_NAME), &record.name)?;
        let mut blocks = BlockFile::read(&folder, record)?;
        if blocks.is_none() {
            checksum::verify(&folder, record)?;
        }
        let mut open = |name: &str| match &mut blocks {
            Some(blocks) => blocks.open(name),
            None => Ok(MappedFile::open(&folder.join(name))?),
        };
        let vectors = VectorsFile::open(open(vectors_file::FILE_NAME)?)?;
        let graph = open_graph(open(GRAPH_NAME)?)?;
        let hashes = blocks
            .map(|blocks| blocks.in_folder(BM25_NAME))
            .unwrap_or_default();
        let words = Words::open(&folder.join(BM25_NAME), hashes)?;
        let nodes = graph.as_ref().map_or(vectors.len(), Graph::len);
        let counts = [vectors.len() as u64, nodes as u64, words.len()];
        if counts != [record.documents; 3]
            || vectors.dimension() != dimension
            || graph.as_ref().is_some_and(|graph| graph.dimension() != dimension)
        {
            let expected = format!("{} documents in {dimension} dimensions", record.documents);
            let found = format!(
                "{} vectors in {} dimensions, {} nodes, {} texts",
                counts[0],
                vectors.dimension(),
                counts[1],
                counts[2]
            );
            return Err(IndexError::damaged(&folder, expected, found));
        }
        if let Some(other) = graph.as_ref().map(Graph::metric).filter(|other| *other != metric) {
            let expected = format!("a graph by {}", metric.name());
            return Err(IndexError::damaged(
                &folder.join(GRAPH_NAME),
                expected,
                format!("one by {}", other.name()),
            ));
        }
        Ok(Self {
            record: record.clone(),
            vectors,
            graph,
            words,
            metric,
            zeros_are_nowhere: shape.zeros_are_nowhere,
        })
    }

    /// What the manifest says of the files.
    pub fn record(&self) -> &SegmentRecord {
        &self.record
    }

    /// Number of rows, deleted ones too.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// The rows whose nodes in the graph can be reached from its entry point.
    #[cfg(feature = "build")]
    pub fn reachable(&self) -> Result<RowSet> {
        match &self.graph {
            Some(graph) => Ok(graph.reachable()?),
            // No walk goes through a graph of an earlier format.
            None => Ok(RowSet::full(self.len())),
        }
    }

    /// The graph; none of an earlier format.
    #[cfg(feature = "build")]
    pub fn graph(&self) -> Option<&Graph> {
        self.graph.as_ref()
    }

    /// Whether it is what is written today: with a graph that is walked, checksums of blocks, and columns to filter by.
    #[cfg(feature = "build")]
    pub fn is_of_today(&self) -> Result<bool> {
        let has_blocks = self
            .record
            .files
            .iter()
            .any(|file| file.path == crate::block_file::FILE_NAME);
        let has_columns = match self.words.columns() {
            Ok(_) => true,
            Err(Bm25Error::NoFilters { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        Ok(self.graph.is_some() && has_blocks && has_columns)
    }

    /// The words and documents.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The vector of a row below [`Self::len`], of unit length where the metric is the cosine.
    pub fn vector(&self, row: u32) -> Result<&[f32]> {
        let rows = self.vectors.rows();
        let vector = rows.row(row as usize);
        rows.intact()?;
        Ok(vector)
    }

    /// Up to `k` of the accepted rows (all, where none are named) nearest to `query` (a unit vector for cosines), best
    /// first, ties by row, from a walk wide enough to see about `ef` of them; and whether there was a walk, or all were compared.
    ///
    /// Fewer than `k` are found only where no more rows are accepted and have a direction.
    pub fn search_vectors(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        accept: Option<&RowSet>,
    ) -> Result<(Vec<Neighbor>, Strategy)> {
        let options = SearchOptions { k, ef, accept };
        if let Some(graph) = &self.graph {
            let found = graph.search(self.vectors.rows(), query, options)?;
            let all = found.neighbors.len();
            let neighbors = found.neighbors.into_iter().map(|found| Neighbor {
                row: found.row,
                score: found.score,
            });
            let neighbors: Vec<Neighbor> = neighbors
                .filter(|found| self.can_be_found(found, accept))
                .collect();
            // Rows without a direction have taken the place of others.
            if neighbors.len() == all || neighbors.len() == k {
                return Ok((neighbors, found.strategy));
            }
        }
        Ok((self.search_exact(query, k, accept)?, Strategy::Exact))
    }

    /// Like [`Self::search_vectors`] by comparing with every accepted row.
    pub fn search_exact(&self, query: &[f32], k: usize, accept: Option<&RowSet>) -> Result<Vec<Neighbor>> {
        let rows = self.vectors.rows();
        let mut best = TopK::new(k.min(self.len()));
        let mut offer = |row: u32| {
            let score = self.metric.score(query, rows.row(row as usize));
            let neighbor = Neighbor { row, score };
            if self.can_be_found(&neighbor, accept) {
                best.offer(neighbor);
            }
        };
        match accept {
            Some(accept) => accept.iter().for_each(&mut offer),
            None => (0..self.len() as u32).for_each(&mut offer),
        }
        rows.intact()?;
        Ok(best.into_sorted())
    }

    /// Whether a row is accepted and somewhere. The product of zeros with anything is 0, so that most rows need no look.
    fn can_be_found(&self, neighbor: &Neighbor, accept: Option<&RowSet>) -> bool {
        let may_be_zeros = self.metric == Metric::Euclidean || neighbor.score == 0.0;
        accept.is_none_or(|rows| rows.contains(neighbor.row))
            && (!self.zeros_are_nowhere
                || !may_be_zeros
                || !is_zero(self.vectors.rows().row(neighbor.row as usize)))
    }
}

/// Opens the graph; none of an earlier format.
fn open_graph(file: MappedFile) -> Result<Option<Graph>> {
    match Graph::open(file) {
        Ok(graph) => Ok(Some(graph)),
        Err(AnnError::Older { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
