//! How many documents a segment can have so that its building stays within a memory limit.
//!
//! The figures are upper bounds of what was measured on x86-64, all pages counted that the process has in memory: with
//! all-MiniLM-L6-v2 on two threads and hnsw_rs 440 MB for 2,172 documents; with a static model of 100 numbers and
//! documents of 405 bytes of text 198 MB for 28,600 of them in a segment, 365 MB for 100,000 and 554 MB for 200,000.
//! Whole builds of those 200,000 took 206 MiB of the 240 that they were bound to, 240 of 300, and 347 of 420; imports of
//! their vectors 196, 225 and 296. Adding 200,000 more took 250 of 300, merging 133,333 live ones 182 of 200, 232 of 240,
//! 235 of 300 and 311 of 420.

use std::path::Path;

use encoder::model::Architecture;
use indexer_ann::Builder;

use crate::error::{IndexError, Result};
use crate::manifest::HnswRecord;

/// Taken whatever the number of documents: the program with libtorch, a batch in the model, chunks of documents.
const FIXED_BYTES: u64 = 400 << 20;
/// The same with a static model or none, which have no batch and no libtorch at work.
const STATIC_FIXED_BYTES: u64 = 160 << 20;
/// More rows than this no graph has room for.
const MOST_ROWS: u64 = (1 << 31) - 1;
/// Fewer documents than this make no segment that is worth it.
const FEWEST: u64 = 1_000;
/// Copies of a vector: as it is encoded, as the graph's builder has it, and as it is mapped to be checked.
const VECTOR_COPIES: usize = 3;
/// Bytes for each of the `M` neighbours of a document, by our builder and by hnsw_rs.
const PER_LINK: usize = 20;
const PER_LINK_OF_HNSW_RS: usize = 70;
/// Bytes that words and documents take for each byte of text.
const PER_TEXT_BYTE: u64 = 2;

/// What memory there is, and what takes some of it whatever the number of documents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory<'a> {
    /// Bytes to stay within; none for as many as it takes.
    pub limit: Option<u64>,
    /// The folder of the model that is open, if one is.
    pub model: Option<&'a Path>,
    /// Bytes of other things.
    pub held: u64,
}

/// What documents come to, as far as it says how much memory they take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// How many they are.
    pub documents: u64,
    /// Bytes of all titles and texts.
    pub bytes: u64,
}

impl Memory<'_> {
    /// Documents a segment: all, or as many as there is room for in memory and in a graph, evenly spread.
    pub fn rows_per_segment(self, extent: Extent, dimension: usize, parameters: HnswRecord) -> Result<u64> {
        let Extent { documents, .. } = extent;
        if documents == 0 {
            return Ok(0);
        }
        let most = match self.limit {
            Some(limit) => self.room(limit, extent, bytes_per_row(extent, dimension, parameters))?,
            None => MOST_ROWS,
        };
        Ok(documents.div_ceil(documents.div_ceil(most.min(MOST_ROWS))))
    }

    /// Documents that there is room for in `limit` bytes.
    fn room(self, limit: u64, extent: Extent, per_row: u64) -> Result<u64> {
        let most = limit.saturating_sub(self.fixed()) / per_row;
        if most >= FEWEST.min(extent.documents) {
            return Ok(most);
        }
        let least = self.fixed() + FEWEST * per_row;
        Err(IndexError::Memory {
            least: least.div_ceil(1 << 20),
            found: limit >> 20,
        })
    }

    fn fixed(self) -> u64 {
        let program = match self.model.map(Architecture::of) {
            None | Some(Ok(Architecture::Static)) => STATIC_FIXED_BYTES,
            Some(_) => FIXED_BYTES,
        };
        // As they lie in the file, and as the backend has them.
        program + 2 * self.model.map_or(0, weights_bytes) + self.held
    }
}

/// Bytes of all files of weights in a model folder and the folders of its modules.
fn weights_bytes(model: &Path) -> u64 {
    let entries = std::fs::read_dir(model).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| {
        let path = entry.path();
        match path.extension().is_some_and(|ending| ending == "safetensors") {
            true => std::fs::metadata(&path).map_or(0, |data| data.len()),
            false if path.is_dir() => weights_bytes(&path),
            false => 0,
        }
    });
    bytes.sum()
}

/// What a document takes while its segment is made.
fn bytes_per_row(extent: Extent, dimension: usize, parameters: HnswRecord) -> u64 {
    let vectors = VECTOR_COPIES * size_of::<f32>() * dimension;
    let links = parameters.m
        * match parameters.builder {
            Builder::Batches => PER_LINK,
            Builder::HnswRs => PER_LINK_OF_HNSW_RS,
        };
    let text = PER_TEXT_BYTE * extent.bytes / extent.documents.max(1);
    (vectors + links) as u64 + text
}

#[cfg(test)]
mod tests {
    use indexer_ann::{Codes, Metric};

    use super::*;

    const PARAMETERS: HnswRecord = HnswRecord {
        m: 16,
        ef_construction: 200,
        codes: Codes::Int8,
        builder: Builder::Batches,
        metric: Metric::Cosine,
    };

    const MANY: Extent = Extent {
        documents: 1_000_000,
        bytes: 500_000_000,
    };

    /// With a model of which nothing is known, and which has no weights.
    fn rows(limit: Option<u64>) -> Result<u64> {
        let model = Some(Path::new("no model"));
        let memory = Memory {
            limit,
            model,
            held: 0,
        };
        memory.rows_per_segment(MANY, 384, PARAMETERS)
    }

    #[test]
    fn segments_are_of_one_size_and_within_the_limit() {
        assert_eq!(rows(None).unwrap(), 1_000_000);
        assert_eq!(rows(Some(1 << 40)).unwrap(), 1_000_000);
        let some = rows(Some(2 << 30)).unwrap();
        let segments = 1_000_000_u64.div_ceil(some);
        assert!(segments > 1 && some - 1_000_000 / segments <= 1, "{some}");
        assert!(FIXED_BYTES + some * bytes_per_row(MANY, 384, PARAMETERS) <= 2 << 30);
    }

    #[test]
    fn more_rows_than_a_graph_has_room_for_make_several_segments() {
        let segment = |documents, limit| {
            let memory = Memory {
                limit,
                model: None,
                held: 0,
            };
            let extent = Extent { documents, bytes: 0 };
            memory.rows_per_segment(extent, 8, PARAMETERS).unwrap()
        };
        for limit in [None, Some(1 << 50)] {
            assert_eq!(segment(0, limit), 0);
            assert_eq!(segment((1 << 31) - 1, limit), (1 << 31) - 1);
            assert_eq!(segment(1 << 31, limit), 1 << 30);
            assert_eq!(segment(u32::MAX.into(), limit), (1 << 32) / 3);
        }
    }

    #[test]
    fn the_weights_of_a_model_count_twice() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("0_Module")).unwrap();
        std::fs::write(folder.path().join("model.safetensors"), [0; 100]).unwrap();
        std::fs::write(folder.path().join("0_Module/model.safetensors"), [0; 50]).unwrap();
        std::fs::write(folder.path().join("tokenizer.json"), [0; 1000]).unwrap();
        assert_eq!(weights_bytes(folder.path()), 150);
    }

    #[test]
    fn too_little_is_refused_with_the_least_that_works() {
        let error = rows(Some(100 << 20));
        let message = error.unwrap_err().to_string();
        assert!(
            message.starts_with("--memory: expected at least ") && message.ends_with("found 100M"),
            "{message}"
        );
        let least = message
            .trim_start_matches("--memory: expected at least ")
            .split('M')
            .next()
            .unwrap();
        let least: u64 = least.parse().unwrap();
        rows(Some(least << 20)).unwrap();
    }
}
