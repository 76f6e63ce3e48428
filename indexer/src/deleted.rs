//! `deleted/NAME`: which rows of a segment have been deleted.
//!
//! A header of 16 bytes (magic, rows of the segment, how many of them are deleted), then one bit a row, in
//! little-endian words of 64 bits; 1 is deleted. So a million deleted rows cost a commit 125 kB, and reading them no
//! parsing. A file is never changed: a commit that deletes writes another one, and the manifest names it.

use std::path::Path;

use indexer_ann::{MappedFile, RowSet};

use crate::checksum;
use crate::error::{IndexError, Result};
use crate::header::header_u32;
use crate::manifest::{DELETED_NAME, DeletedRecord};

const MAGIC: &[u8; 8] = b"SXTDELET";
const HEADER_BYTES: usize = 16;
const WORD_BYTES: usize = 8;

/// Reads the deleted rows of a segment of `rows` rows of the index folder `index`, and checks them.
pub(crate) fn read(index: &Path, record: &DeletedRecord, rows: usize) -> Result<RowSet> {
    let path = checksum::inside(&index.join(DELETED_NAME), &record.file.path)?;
    checksum::verify_file(&path, &record.file)?;
    let file = MappedFile::open(&path)?;
    parse(file.read(0..file.len())?, rows)
        .filter(|deleted| deleted.count() as u64 == record.rows)
        .ok_or_else(|| {
            let expected = format!("{} deleted rows of {rows}", record.rows);
            IndexError::damaged(&path, expected, "something else")
        })
}

fn parse(bytes: &[u8], rows: usize) -> Option<RowSet> {
    let whole = HEADER_BYTES + rows.div_ceil(u64::BITS as usize) * WORD_BYTES;
    if bytes.len() != whole || &bytes[..8] != MAGIC || header_u32(bytes, 8) as usize != rows {
        return None;
    }
    let mut deleted = RowSet::new(rows);
    let mut inserted = 0;
    for (place, word) in bytes[HEADER_BYTES..].chunks_exact(WORD_BYTES).enumerate() {
        let mut word = u64::from_le_bytes(word.try_into().ok()?);
        while word != 0 {
            let row = place as u32 * u64::BITS + word.trailing_zeros();
            if !deleted.insert(row) {
                return None;
            }
            inserted += 1;
            word &= word - 1;
        }
    }
    (inserted == header_u32(bytes, 12)).then_some(deleted)
}

/// The bytes of the file.
#[cfg(feature = "build")]
pub(crate) fn to_bytes(deleted: &RowSet) -> Vec<u8> {
    let rows = deleted.len();
    let mut words = vec![0_u64; rows.div_ceil(u64::BITS as usize)];
    for row in deleted.iter() {
        words[(row / u64::BITS) as usize] |= 1 << (row % u64::BITS);
    }
    let mut bytes = Vec::with_capacity(HEADER_BYTES + words.len() * WORD_BYTES);
    bytes.extend(MAGIC);
    bytes.extend((rows as u32).to_le_bytes());
    bytes.extend((deleted.count() as u32).to_le_bytes());
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    bytes
}

#[cfg(test)]
#[cfg(feature = "build")]
mod tests {
    use super::*;

    fn set(rows: usize, deleted: &[u32]) -> RowSet {
        let mut set = RowSet::new(rows);
        deleted.iter().for_each(|row| assert!(set.insert(*row)));
        set
    }

    #[test]
    fn rows_come_back() {
        for (rows, deleted) in [
            (1, &[0][..]),
            (64, &[0, 63][..]),
            (65, &[64][..]),
            (200, &[][..]),
            (200, &[7, 127, 128, 199][..]),
        ] {
            let deleted = set(rows, deleted);
            assert_eq!(parse(&to_bytes(&deleted), rows), Some(deleted));
        }
        assert_eq!(to_bytes(&RowSet::full(1_000_000)).len(), 16 + 125_000);
    }

    #[test]
    fn every_truncation_and_every_other_byte_is_refused_or_read_in_bounds() {
        let bytes = to_bytes(&set(70, &[3, 69]));
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length], 70), None, "{length} bytes");
        }
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 0x81;
            assert_eq!(parse(&other, 70), None, "byte {place}");
        }
        assert_eq!(parse(&bytes, 71), None);
    }
}
