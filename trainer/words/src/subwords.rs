//! Character n-grams of a word and their buckets, as fastText cuts and hashes them.
//!
//! Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information", section 3.2. The same hash as
//! fastText's (FNV-1a over the UTF-8 bytes, each sign-extended), so that its `.bin` files can be read.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ranges::{check, check_up_to};

/// How words are cut into n-grams. The defaults are fastText's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subwords {
    /// Shortest n-gram in characters, the word's marks `<` and `>` counted.
    pub minn: usize,
    /// Longest n-gram in characters.
    pub maxn: usize,
    /// Rows that the n-grams are hashed into.
    pub buckets: u32,
}

impl Default for Subwords {
    fn default() -> Self {
        Subwords {
            minn: 3,
            maxn: 6,
            buckets: 2_000_000,
        }
    }
}

impl Subwords {
    /// Checks the lengths and the number of buckets.
    ///
    /// # Errors
    /// One that is out of its range: its name, its range and its value.
    pub fn validate(&self) -> Result<()> {
        check("subwords.maxn", self.maxn, 1..=100)?;
        check_up_to("subwords.minn", self.minn, 1, ("maxn", self.maxn))?;
        check("subwords.buckets", self.buckets, 1..=100_000_000)
    }

    /// Appends the bucket of each n-gram of `<word>` to `ids`, in order of its first character, then length.
    ///
    /// An n-gram that occurs twice is there twice. A lone `<` or `>` is none.
    pub fn ids(&self, word: &str, ids: &mut Vec<u32>) {
        self.ids_of_bytes(word.as_bytes(), ids);
    }

    /// [`Subwords::ids`] of a word that may be no valid UTF-8; like fastText, every byte that continues no
    /// character starts one.
    pub(crate) fn ids_of_bytes(&self, word: &[u8], ids: &mut Vec<u32>) {
        let marked = [b"<", word, b">"].concat();
        let starts: Vec<usize> = (0..marked.len())
            .filter(|&at| marked[at] & 0xC0 != 0x80)
            .chain([marked.len()])
            .collect();
        let characters = starts.len() - 1;
        for first in 0..characters {
            let longest = self.maxn.min(characters - first);
            for length in self.minn..=longest {
                let is_mark = length == 1 && (first == 0 || first + 1 == characters);
                if !is_mark {
                    let gram = &marked[starts[first]..starts[first + length]];
                    ids.push(hash(gram) % self.buckets);
                }
            }
        }
    }
}

/// FNV-1a with fastText's sign extension of bytes over 127.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(2_166_136_261, |hash, &byte| {
        (hash ^ (byte.cast_signed() as u32)).wrapping_mul(16_777_619)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_grams_are_those_of_the_marked_word() {
        let subwords = Subwords {
            minn: 3,
            maxn: 3,
            buckets: u32::MAX,
        };
        let mut ids = Vec::new();
        subwords.ids("dog", &mut ids);
        let expected: Vec<u32> = ["<do", "dog", "og>"]
            .iter()
            .map(|gram| hash(gram.as_bytes()) % u32::MAX)
            .collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn a_lone_mark_is_no_n_gram() {
        let subwords = Subwords {
            minn: 1,
            maxn: 1,
            buckets: 1000,
        };
        let mut ids = Vec::new();
        subwords.ids("é", &mut ids);
        assert_eq!(ids.len(), 1);
    }
}
