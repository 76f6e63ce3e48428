//! The vectors of a segment in the making, as they are encoded: what a killed build need not encode again.
//!
//! One record a chunk: a header of 64 bytes (magic; how many documents the chunk has, how many of them were
//! truncated and unknown, and its tokens; BLAKE3 of all that, of the hash of all documents read so far, and of the
//! vectors), then the vectors. A record that a kill or a power failure has cut, or that is of other documents, is
//! known by its checksum, and is where encoding goes on. Documents are not in it: they are read again, which is a
//! thousand times faster.
//!
//! The file is brought to the disk every five seconds or, where a chunk takes longer, after each. So a power failure
//! costs no more than was encoded since then, and a kill no more than the chunk that was being encoded.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use encoder::vectors::Vectors;

use super::commit;
use super::encode::{CHUNK, Counts};
use super::staging::parent;
use crate::error::{IndexError, Result};

const MAGIC: &[u8; 8] = b"SXTCHUNK";
const HEADER_BYTES: usize = 64;
/// Where the checksum is; it is over what comes before and over the vectors.
const CHECKSUM: std::ops::Range<usize> = 32..64;

/// What a power failure may cost, besides a chunk.
const UNSYNCED: Duration = Duration::from_secs(5);

/// Records to be read again, and then to be added to.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next record begins.
    offset: u64,
    /// Whether there may be records that have not been read.
    reading: bool,
    /// When all that was there was brought to the disk.
    synced: Instant,
}

impl Journal {
    /// Opens the journal at `path`, or begins one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(IndexError::write(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            offset: 0,
            reading: true,
            synced: Instant::now(),
        })
    }

    /// About how many vectors of `dimension` numbers the journal at `path` has: those of whole chunks.
    pub fn documents(path: &Path, dimension: usize) -> u64 {
        let record = HEADER_BYTES + CHUNK * dimension * size_of::<f32>();
        let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
        bytes / record as u64 * CHUNK as u64
    }

    /// The next chunk, of `rows` vectors of `dimension` numbers, if it was encoded before; `documents` is the hash of all
    /// documents up to its last one. After the first that was not there is none.
    pub fn next(
        &mut self,
        (rows, dimension): (usize, usize),
        documents: &[u8; 32],
    ) -> Result<Option<(Vectors, Counts)>> {
        if !self.reading {
            return Ok(None);
        }
        let record = self
            .read((rows, dimension), documents)
            .map_err(IndexError::read(&self.path))?;
        self.reading = record.is_some();
        Ok(record)
    }

    fn read(
        &mut self,
        (rows, dimension): (usize, usize),
        documents: &[u8; 32],
    ) -> io::Result<Option<(Vectors, Counts)>> {
        let mut header = [0; HEADER_BYTES];
        let mut numbers = vec![0.0_f32; rows * dimension];
        if !filled(&mut self.file, &mut header)? {
            return Ok(None);
        }
        let [count, truncated, unknown] = [8, 12, 16].map(|at| u32_at(&header, at));
        let whole = &header[..8] == MAGIC
            && count as usize == rows
            && filled(&mut self.file, bytemuck::cast_slice_mut(&mut numbers))?;
        if !whole || checksum(&header, documents, &numbers) != header[CHECKSUM] {
            return Ok(None);
        }
        self.offset += (HEADER_BYTES + numbers.len() * size_of::<f32>()) as u64;
        let tokens = u64::from(u32_at(&header, 24)) | u64::from(u32_at(&header, 28)) << 32;
        let counts = Counts {
            truncated: truncated.into(),
            unknown: unknown.into(),
            tokens,
        };
        Ok(Some((Vectors::from_rows(dimension, numbers), counts)))
    }

    /// Adds a chunk, in the place of whatever could not be read; `documents` as for [`Self::next`].
    pub fn append(&mut self, vectors: &Vectors, counts: Counts, documents: &[u8; 32]) -> Result<()> {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(MAGIC);
        let numbers = [vectors.len() as u64, counts.truncated, counts.unknown];
        for (at, number) in [8, 12, 16].into_iter().zip(numbers) {
            header[at..at + 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
        header[24..32].copy_from_slice(&counts.tokens.to_le_bytes());
        let checksum = checksum(&header, documents, vectors.as_slice());
        header[CHECKSUM].copy_from_slice(&checksum);
        let bytes: &[u8] = bytemuck::cast_slice(vectors.as_slice());
        let file = &mut self.file;
        file.set_len(self.offset)
            .and_then(|()| file.seek(SeekFrom::Start(self.offset)))
            .and_then(|_| file.write_all(&header))
            .and_then(|()| file.write_all(bytes))
            .map_err(IndexError::write(&self.path))?;
        self.offset += (HEADER_BYTES + bytes.len()) as u64;
        if self.synced.elapsed() >= UNSYNCED {
            self.file.sync_data().map_err(IndexError::write(&self.path))?;
            commit::sync_file(&parent(&self.path))?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

/// Reads until `buffer` is full; whether there was enough.
fn filled(file: &mut File, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn u32_at(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    crate::header::header_u32(header, at)
}

fn checksum(header: &[u8; HEADER_BYTES], documents: &[u8; 32], numbers: &[f32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&header[..CHECKSUM.start]);
    hasher.update(documents);
    hasher.update(bytemuck::cast_slice(numbers));
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: [u8; 32] = [7; 32];

    fn chunk(first: f32, rows: usize) -> (Vectors, Counts) {
        let numbers = (0..3 * rows).map(|i| first + i as f32).collect();
        let counts = Counts {
            truncated: rows as u64,
            unknown: 1,
            tokens: (1 << 40) + rows as u64,
        };
        (Vectors::from_rows(3, numbers), counts)
    }

    fn assert_next(journal: &mut Journal, (vectors, counts): &(Vectors, Counts)) {
        let found = journal
            .next((vectors.len(), 3), &READ)
            .unwrap()
            .expect("a record");
        assert_eq!(found, (vectors.clone(), *counts));
    }

    #[test]
    fn chunks_come_back_and_more_can_follow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let chunks = [chunk(0.0, 4), chunk(50.0, 2), chunk(90.0, 3)];
        let mut journal = Journal::open(&path).unwrap();
        assert!(journal.next((4, 3), &READ).unwrap().is_none());
        for (vectors, counts) in &chunks[..2] {
            journal.append(vectors, *counts, &READ).unwrap();
        }
        let mut journal = Journal::open(&path).unwrap();
        chunks[..2]
            .iter()
            .for_each(|chunk| assert_next(&mut journal, chunk));
        assert!(journal.next((3, 3), &READ).unwrap().is_none());
        journal.append(&chunks[2].0, chunks[2].1, &READ).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        chunks.iter().for_each(|chunk| assert_next(&mut journal, chunk));
    }

    #[test]
    fn a_record_that_is_cut_or_changed_is_where_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let chunks = [chunk(0.0, 4), chunk(50.0, 2)];
        let mut journal = Journal::open(&path).unwrap();
        for (vectors, counts) in &chunks {
            journal.append(vectors, *counts, &READ).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let second = HEADER_BYTES + 4 * 3 * 4;
        let broken = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            assert_next(&mut journal, &chunks[0]);
            assert!(journal.next((2, 3), &READ).unwrap().is_none());
            journal.append(&chunks[1].0, chunks[1].1, &READ).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        };
        (second..whole.len()).for_each(|length| broken(&whole[..length]));
        for place in second..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            broken(&bytes);
        }
        let mut journal = Journal::open(&path).unwrap();
        let none = |journal: &mut Journal, rows, read| journal.next((rows, 3), read).unwrap().is_none();
        assert!(none(&mut journal, 5, &READ), "another number of documents");
        let mut journal = Journal::open(&path).unwrap();
        assert!(none(&mut journal, 4, &[8; 32]), "other documents");
    }
}
