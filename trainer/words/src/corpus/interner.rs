//! Distinct words as numbers: one long string and a hash table of positions, no allocation per word.

use std::hash::Hasher;

use rustc_hash::FxHasher;

const FREE: u64 = u64::MAX;

/// Words in the order first seen, with their counts.
#[derive(Debug)]
pub(super) struct Interner {
    text: String,
    /// Where each word ends in `text`; it starts where the one before it ends.
    ends: Vec<usize>,
    counts: Vec<u64>,
    /// Open addressing: the upper half of a slot is that of the word's hash, the lower its number.
    slots: Vec<u64>,
}

impl Interner {
    pub(super) fn new() -> Self {
        Interner {
            text: String::new(),
            ends: Vec::new(),
            counts: Vec::new(),
            slots: vec![FREE; 1 << 16],
        }
    }

    /// The word's number; the word is counted once more.
    pub(super) fn count(&mut self, word: &str) -> u32 {
        let hash = hash(word);
        let slot = match self.find(word, hash) {
            Ok(number) => {
                self.counts[number as usize] += 1;
                return number;
            }
            Err(slot) => slot,
        };
        let number = self.ends.len() as u32;
        self.slots[slot] = entry(hash, number);
        self.text.push_str(word);
        self.ends.push(self.text.len());
        self.counts.push(1);
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    /// The word's number, if it was seen.
    pub(super) fn get(&self, word: &str) -> Option<u32> {
        self.find(word, hash(word)).ok()
    }

    pub(super) fn word(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[number]]
    }

    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The word's number, or the free slot where it belongs.
    #[inline]
    fn find(&self, word: &str, hash: u64) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let found = self.slots[slot];
            if found == FREE {
                return Err(slot);
            }
            if found >> 32 == hash >> 32 && self.word(found as u32) == word {
                return Ok(found as u32);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots = vec![FREE; mask + 1];
        for number in 0..self.ends.len() as u32 {
            let hash = hash(self.word(number));
            let mut slot = hash as usize & mask;
            while self.slots[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = entry(hash, number);
        }
    }
}

fn hash(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    hasher.finish()
}

fn entry(hash: u64, number: u32) -> u64 {
    hash >> 32 << 32 | u64::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_number_while_the_table_grows() {
        let mut interner = Interner::new();
        for round in 0..2 {
            for number in 0..100_000_u32 {
                assert_eq!(interner.count(&format!("w{number}")), number, "{round}");
            }
        }
        assert_eq!(interner.len(), 100_000);
        assert!(interner.counts().iter().all(|&count| count == 2));
        assert_eq!(interner.word(0), "w0");
        assert_eq!(interner.word(77_777), "w77777");
        assert_eq!(interner.get("w5"), Some(5));
        assert_eq!(interner.get("x"), None);
    }
}
