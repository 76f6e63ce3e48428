//! How many documents a segment can have so that its building stays within a memory limit.
//!
//! The figures are upper bounds of what was measured on x86-64, all pages counted that the process has in memory: with
//! all-MiniLM-L6-v2 on two threads and hnsw_rs 440 MB for 2,172 documents; with a static model of 100 numbers and
//! documents of 405 bytes of text 198 MB for 28,600 of them in a segment, 365 MB for 100,000 and 554 MB for 200,000.
//! Whole builds of those 200,000 took 206 MiB of the 240 that they were bound to, 240 of 300, and 347 of 420; imports of
//! their vectors 196, 225 and 296.

use std::path::Path;

use encoder::model::Architecture;
use indexer_ann::Builder;

use super::survey::Surveyed;
use crate::error::{IndexError, Result};
use crate::manifest::HnswRecord;

/// Taken whatever the number of documents: the program with libtorch, a batch in the model, chunks of documents.
const FIXED_BYTES: u64 = 400 << 20;
/// The same with a static model, which has no batch and no libtorch at work.
const STATIC_FIXED_BYTES: u64 = 160 << 20;
/// Fewer documents than this make no segment that is worth it.
const FEWEST: u64 = 1_000;
/// Copies of a vector: as it is encoded, as the graph's builder has it, and as it is mapped to be checked.
const VECTOR_COPIES: usize = 3;
/// Bytes for each of the `M` neighbours of a document, by our builder and by hnsw_rs.
const PER_LINK: usize = 20;
const PER_LINK_OF_HNSW_RS: usize = 70;
/// Bytes that words and documents take for each byte of text.
const PER_TEXT_BYTE: u64 = 2;

/// Documents a segment: all of `surveyed`, or as many as `limit` bytes of memory have room for beside the model in the
/// folder `model` and `held` bytes of other things, evenly spread.
pub(super) fn rows_per_segment(
    (limit, held, model): (Option<u64>, u64, &Path),
    surveyed: &Surveyed,
    dimension: usize,
    parameters: HnswRecord,
) -> Result<u64> {
    let Some(limit) = limit else {
        return Ok(surveyed.documents);
    };
    // As they lie in the file, and as the backend has them.
    let program = match Architecture::of(model) {
        Ok(Architecture::Static) => STATIC_FIXED_BYTES,
        _ => FIXED_BYTES,
    };
    let fixed = program + 2 * weights_bytes(model) + held;
    let most = limit.saturating_sub(fixed) / bytes_per_row(surveyed, dimension, parameters);
    if most < FEWEST.min(surveyed.documents) {
        let least = fixed + FEWEST * bytes_per_row(surveyed, dimension, parameters);
        return Err(IndexError::Memory {
            least: least.div_ceil(1 << 20),
            found: limit >> 20,
        });
    }
    Ok(surveyed.documents.div_ceil(surveyed.documents.div_ceil(most)))
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
fn bytes_per_row(surveyed: &Surveyed, dimension: usize, parameters: HnswRecord) -> u64 {
    let vectors = VECTOR_COPIES * size_of::<f32>() * dimension;
    let links = parameters.m
        * match parameters.builder {
            Builder::Batches => PER_LINK,
            Builder::HnswRs => PER_LINK_OF_HNSW_RS,
        };
    let text = PER_TEXT_BYTE * surveyed.bytes / surveyed.documents.max(1);
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

    /// A folder that is not there has no weights.
    fn no_model() -> &'static Path {
        Path::new("no model")
    }

    fn surveyed(documents: u64) -> Surveyed {
        Surveyed {
            documents,
            hash: String::new(),
            bytes: documents * 500,
            left_out: Vec::new(),
        }
    }

    #[test]
    fn segments_are_of_one_size_and_within_the_limit() {
        let rows = |limit| rows_per_segment((limit, 0, no_model()), &surveyed(1_000_000), 384, PARAMETERS);
        assert_eq!(rows(None).unwrap(), 1_000_000);
        assert_eq!(rows(Some(1 << 40)).unwrap(), 1_000_000);
        let some = rows(Some(2 << 30)).unwrap();
        let segments = 1_000_000_u64.div_ceil(some);
        assert!(segments > 1 && some - 1_000_000 / segments <= 1, "{some}");
        assert!(FIXED_BYTES + some * bytes_per_row(&surveyed(1_000_000), 384, PARAMETERS) <= 2 << 30);
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
        let error = rows_per_segment(
            (Some(100 << 20), 0, no_model()),
            &surveyed(1_000_000),
            384,
            PARAMETERS,
        );
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
        rows_per_segment(
            (Some(least << 20), 0, no_model()),
            &surveyed(1_000_000),
            384,
            PARAMETERS,
        )
        .unwrap();
    }
}
