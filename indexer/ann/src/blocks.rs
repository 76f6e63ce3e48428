//! Checksums of a file's blocks, so that a part of a file can be trusted without reading all of it.

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::error::{AnnError, Result};

/// The checksum of a block: the first half of its BLAKE3.
pub type BlockHash = [u8; 16];

/// Bytes in a block: so few that a walk, which comes to a thousand places of a file, does not read all of it; so many
/// that BLAKE3, which takes sixteen pieces of 1024 bytes side by side, is at its fastest.
pub const BLOCK_BYTES: usize = 1 << BLOCK_BITS;
const BLOCK_BITS: u32 = 14;

/// The checksum of a block.
pub fn hash_block(block: &[u8]) -> BlockHash {
    let hash = blake3::hash(block);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Number of blocks of a file of `bytes` bytes.
pub fn count_blocks(bytes: usize) -> usize {
    bytes.div_ceil(BLOCK_BYTES)
}

/// What the blocks of a file should be, and which of them have been found to be so.
#[derive(Debug)]
pub(crate) struct Blocks {
    expected: Vec<BlockHash>,
    /// Whether the block has been compared with its checksum and is right.
    sound: Vec<AtomicBool>,
    /// How many blocks have not been found to be right.
    left: AtomicUsize,
    /// The first block that was found to be wrong, and what it is.
    wrong: OnceLock<(usize, BlockHash)>,
}

impl Blocks {
    /// None of the blocks has been looked at.
    pub fn new(expected: Vec<BlockHash>) -> Self {
        let sound = expected.iter().map(|_| AtomicBool::new(false)).collect();
        let (left, wrong) = (AtomicUsize::new(expected.len()), OnceLock::new());
        Self {
            expected,
            sound,
            left,
            wrong,
        }
    }

    /// Whether every block has been found to be right, so that there is nothing left to touch.
    #[inline(always)]
    pub fn is_whole(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Compares the blocks that `part` of the file `bytes` lies in with their checksums, those that have not been.
    #[inline(always)]
    pub fn touch(&self, bytes: &[u8], part: Range<usize>) {
        if self.is_whole() {
            return;
        }
        let (first, last) = (part.start >> BLOCK_BITS, part.end.saturating_sub(1) >> BLOCK_BITS);
        // Relaxed: the flag says something of bytes that never change, so nothing has to be ordered with it.
        let is_sound = |block: usize| match self.sound.get(block) {
            Some(sound) => sound.load(Ordering::Relaxed),
            // Past the end, where nothing is read.
            None => true,
        };
        // What a walk reads lies in one block or two.
        if !is_sound(first) || !is_sound(last) || last > first + 1 {
            self.look(bytes, first..last + 1);
        }
    }

    #[cold]
    fn look(&self, bytes: &[u8], blocks: Range<usize>) {
        for number in blocks {
            let block = bytes.chunks(BLOCK_BYTES).nth(number).unwrap_or_default();
            let (Some(sound), Some(expected)) = (self.sound.get(number), self.expected.get(number)) else {
                return;
            };
            if sound.load(Ordering::Relaxed) {
                continue;
            }
            match hash_block(block) {
                found if found == *expected => {
                    // Two threads may have looked at it at the same time.
                    if !sound.swap(true, Ordering::Relaxed) {
                        self.left.fetch_sub(1, Ordering::Relaxed);
                    }
                }
                found => drop(self.wrong.set((number, found))),
            }
        }
    }

    /// Whether all blocks looked at so far were right.
    pub fn intact(&self, path: &Path) -> Result<()> {
        let Some((number, found)) = self.wrong.get() else {
            return Ok(());
        };
        let start = number * BLOCK_BYTES;
        let hex = |hash: &BlockHash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let expected = self.expected.get(*number).map(hex).unwrap_or_default();
        let expected = format!("checksum {expected} of the {BLOCK_BYTES} bytes from byte {start}");
        Err(AnnError::damaged(path, expected, hex(found)))
    }
}
