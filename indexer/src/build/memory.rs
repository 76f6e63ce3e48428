//! How many documents a segment can have so that its building stays within a memory limit.

use super::survey::Surveyed;
use crate::error::{IndexError, Result};
use crate::manifest::HnswRecord;

/// Taken whatever the number of documents: the program, the model and a batch in it, a chunk of documents.
const FIXED_BYTES: u64 = 800 << 20;
/// Fewer documents than this make no segment that is worth it.
const FEWEST: u64 = 1_000;
/// Bytes that words and documents take for each byte of text, until they are written.
const PER_TEXT_BYTE: u64 = 2;

/// Documents a segment: all of `surveyed`, or as many as `limit` bytes of memory have room for, evenly spread.
pub(super) fn rows_per_segment(
    limit: Option<u64>,
    surveyed: &Surveyed,
    dimension: usize,
    parameters: HnswRecord,
) -> Result<u64> {
    let Some(limit) = limit else {
        return Ok(surveyed.documents);
    };
    let most = limit.saturating_sub(FIXED_BYTES) / bytes_per_row(surveyed, dimension, parameters);
    if most < FEWEST.min(surveyed.documents) {
        let least = FIXED_BYTES + FEWEST * bytes_per_row(surveyed, dimension, parameters);
        return Err(IndexError::Memory {
            least: least.div_ceil(1 << 20),
            found: limit >> 20,
        });
    }
    Ok(surveyed.documents.div_ceil(surveyed.documents.div_ceil(most)))
}

/// What a document takes while its segment is made.
fn bytes_per_row(surveyed: &Surveyed, dimension: usize, parameters: HnswRecord) -> u64 {
    let vectors = 2 * size_of::<f32>() * dimension;
    let links = 200 * parameters.m;
    let text = PER_TEXT_BYTE * surveyed.bytes / surveyed.documents.max(1);
    (vectors + links) as u64 + text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMETERS: HnswRecord = HnswRecord {
        m: 16,
        ef_construction: 200,
    };

    fn surveyed(documents: u64) -> Surveyed {
        Surveyed {
            documents,
            hash: String::new(),
            bytes: documents * 500,
        }
    }

    #[test]
    fn segments_are_of_one_size_and_within_the_limit() {
        let rows = |limit| rows_per_segment(limit, &surveyed(1_000_000), 384, PARAMETERS);
        assert_eq!(rows(None).unwrap(), 1_000_000);
        assert_eq!(rows(Some(1 << 40)).unwrap(), 1_000_000);
        let some = rows(Some(2 << 30)).unwrap();
        let segments = 1_000_000_u64.div_ceil(some);
        assert!(segments > 1 && some - 1_000_000 / segments <= 1, "{some}");
        assert!(FIXED_BYTES + some * bytes_per_row(&surveyed(1_000_000), 384, PARAMETERS) <= 2 << 30);
    }

    #[test]
    fn too_little_is_refused_with_the_least_that_works() {
        let error = rows_per_segment(Some(100 << 20), &surveyed(1_000_000), 384, PARAMETERS);
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
        rows_per_segment(Some(least << 20), &surveyed(1_000_000), 384, PARAMETERS).unwrap();
    }
}
