//! `blocks.bin`: the checksums of the blocks of a segment's other files.
//!
//! With them a segment is opened without reading its files: a block is compared with its checksum when something of it
//! is used for the first time. The manifest has the checksum of this file, so that nothing is taken on trust.
//!
//! A header of 16 bytes (magic, version, bytes in a block), then 16 bytes for each block of each other file of the
//! segment, in the order of their names. Segments of earlier versions have no such file; all of their files are
//! compared with the manifest's checksums when they are opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indexer_ann::{BLOCK_BYTES, BlockHash, MappedFile, count_blocks};

use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::SegmentRecord;

/// Name of the file inside a segment.
pub(crate) const FILE_NAME: &str = "blocks.bin";

const MAGIC: &[u8; 8] = b"SXTBLOCK";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 16;

/// The files of a segment by their names in it, each with the checksums of its blocks.
pub(crate) struct BlockFile {
    folder: PathBuf,
    hashes: HashMap<String, Vec<BlockHash>>,
}

impl BlockFile {
    /// Reads the checksums of the segment `record` in `folder`, and checks the length of every file; none where it has
    /// no such file.
    pub fn read(folder: &Path, record: &SegmentRecord) -> Result<Option<Self>> {
        let Some(own) = record.files.iter().find(|file| file.path == FILE_NAME) else {
            return Ok(None);
        };
        checksum::is_there(folder)?;
        let path = folder.join(FILE_NAME);
        checksum::verify_file(&path, own)?;
        let file = MappedFile::open(&path)?;
        let (_, hashes) = file
            .read(0..file.len())?
            .split_at_checked(HEADER_BYTES)
            .filter(|(found, _)| *found == header())
            .ok_or_else(|| IndexError::damaged(&path, "the header of a file of checksums", "another"))?;
        let mut rest = hashes.as_chunks().0;
        let mut hashes = HashMap::new();
        for file in record.files.iter().filter(|file| file.path != FILE_NAME) {
            checksum::verify_length(&checksum::inside(folder, &file.path)?, file)?;
            let Some((blocks, others)) = usize::try_from(file.bytes)
                .ok()
                .and_then(|bytes| rest.split_at_checked(count_blocks(bytes)))
            else {
                break;
            };
            rest = others;
            hashes.insert(file.path.clone(), blocks.to_vec());
        }
        if !rest.is_empty() || hashes.len() + 1 != record.files.len() {
            let expected = "as many checksums as the segment's files have blocks";
            return Err(IndexError::damaged(&path, expected, "another number"));
        }
        let folder = folder.to_owned();
        Ok(Some(Self { folder, hashes }))
    }

    /// Maps the file `name` of the segment, each block to be checked before its first use.
    pub fn open(&mut self, name: &str) -> Result<MappedFile> {
        let path = self.folder.join(name);
        match self.hashes.remove(name) {
            Some(hashes) => Ok(MappedFile::open_checked(&path, hashes)?),
            None => Err(IndexError::damaged(
                &self.folder,
                format!("a file {name}"),
                "none",
            )),
        }
    }

    /// The checksums of the files in the folder `name` of the segment, by their names in that folder.
    pub fn in_folder(&self, name: &str) -> HashMap<PathBuf, Vec<BlockHash>> {
        let files = self.hashes.iter().filter_map(|(path, hashes)| {
            let inner = Path::new(path).strip_prefix(name).ok()?;
            Some((inner.to_owned(), hashes.clone()))
        });
        files.collect()
    }
}

fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..].copy_from_slice(&(BLOCK_BYTES as u32).to_le_bytes());
    header
}

/// The content of the file for files of these contents, in the order of their names.
#[cfg(feature = "build")]
pub(crate) fn to_bytes(files: &[MappedFile]) -> Result<Vec<u8>> {
    use rayon::prelude::*;
    let mut bytes = header().to_vec();
    for file in files {
        let content = file.read(0..file.len())?;
        let hashes: Vec<BlockHash> = content
            .par_chunks(BLOCK_BYTES)
            .map(indexer_ann::hash_block)
            .collect();
        bytes.extend_from_slice(hashes.as_flattened());
    }
    Ok(bytes)
}
