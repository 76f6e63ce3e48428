//! The words that get a vector.

use rustc_hash::FxHashMap;

/// Words and their counts, and the row of each word.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    words: Vec<String>,
    counts: Vec<u64>,
    rows: FxHashMap<String, u32>,
}

impl PartialEq for Vocabulary {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words && self.counts == other.counts
    }
}

impl Vocabulary {
    /// A vocabulary with the words in the order given; a word given twice keeps its first row.
    pub fn from_counts(counted: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut vocabulary = Vocabulary::default();
        for (word, count) in counted {
            let row = vocabulary.words.len() as u32;
            vocabulary.rows.entry(word.clone()).or_insert(row);
            vocabulary.words.push(word);
            vocabulary.counts.push(count);
        }
        vocabulary
    }

    /// The words, by row.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// How often each word was seen, by row.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The row of a word.
    pub fn row(&self, word: &str) -> Option<u32> {
        self.rows.get(word).copied()
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}
