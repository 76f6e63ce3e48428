//! Which row a word means.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use unicode_normalization::UnicodeNormalization;

use super::spelling;
use crate::error::{Result, WordsError};
use crate::word_vectors::WordVectors;

/// Word vectors that answer questions.
///
/// A word is looked up as it is written; else as the first word (the most frequent) that is equal when case
/// does not count and blanks are `_`, as in phrases; else, where that is asked for, by its n-grams.
#[derive(Debug)]
pub struct WordSpace<'a> {
    pub(super) words: &'a WordVectors,
    /// Only the first so many words are answers.
    pub(super) limit: usize,
    folded: OnceLock<Folded>,
}

/// Where the vector of a word comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The word is in the vocabulary, in this row.
    Row(u32),
    /// The word is not there; its n-grams are.
    Subwords,
}

/// The vocabulary without regard to case.
#[derive(Debug)]
pub(super) struct Folded {
    first: FxHashMap<String, u32>,
    /// For each row the first row that is the same word when case does not count.
    pub(super) group: Vec<u32>,
}

impl<'a> WordSpace<'a> {
    /// All words are answers.
    pub fn new(words: &'a WordVectors) -> Self {
        WordSpace {
            words,
            limit: words.vocabulary.len(),
            folded: OnceLock::new(),
        }
    }

    /// Only the first `limit` words, the most frequent, are answers; in files of pairs and analogies the others
    /// count as not found.
    #[must_use]
    pub fn restricted(mut self, limit: usize) -> Self {
        self.limit = limit.min(self.words.vocabulary.len());
        self
    }

    /// Where a word's vector comes from, looked for among all words and then among n-grams.
    ///
    /// # Errors
    /// It comes from nowhere; the message names words that are spelled alike.
    pub fn find(&self, word: &str) -> Result<Found> {
        if let Some(row) = self.row_among(word, self.words.vocabulary.len()) {
            return Ok(Found::Row(row));
        }
        let grams = self.words.subwords.as_ref();
        if grams.is_some_and(|grams| grams.vector(word).is_some()) {
            return Ok(Found::Subwords);
        }
        let why = match grams {
            Some(_) => "and none of its character n-grams was seen",
            None => "and the model has no subwords to make up a vector from",
        };
        Err(WordsError::Question(format!(
            "the word {word:?} is not among the {} words of the vocabulary, {why}; {}",
            self.words.vocabulary.len(),
            spelling::suggestion(&fold(word), self.words.vocabulary.words())
        )))
    }

    /// The row of a word that files of questions ask for.
    pub(super) fn row(&self, word: &str) -> Option<u32> {
        self.row_among(word, self.limit)
    }

    fn row_among(&self, word: &str, limit: usize) -> Option<u32> {
        let exact = self.words.vocabulary.row(word);
        let within = |row: &u32| (*row as usize) < limit;
        exact
            .filter(within)
            .or_else(|| self.folded().first.get(&fold(word)).copied().filter(within))
    }

    /// The vector of a word that was found.
    pub(super) fn vector(&self, word: &str, found: Found) -> Vec<f32> {
        let grams = || self.words.subwords.as_ref()?.vector(word);
        match found {
            Found::Row(row) => self.words.vectors.row(row as usize).to_vec(),
            Found::Subwords => grams().unwrap_or_else(|| vec![0.0; self.words.vectors.dimension()]),
        }
    }

    /// Made when it is first needed: most single questions do without.
    pub(super) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| {
            let words = self.words.vocabulary.words();
            let mut first = FxHashMap::with_capacity_and_hasher(words.len(), rustc_hash::FxBuildHasher);
            let group = words
                .iter()
                .zip(0..)
                .map(|(word, row)| *first.entry(fold(word)).or_insert(row))
                .collect();
            Folded { first, group }
        })
    }
}

/// Lower-cased and composed as the tokenizer does it, with `_` for white space.
fn fold(word: &str) -> String {
    let joined = |character: char| if character.is_whitespace() { '_' } else { character };
    if word.is_ascii() {
        return word
            .chars()
            .map(|character| joined(character.to_ascii_lowercase()))
            .collect();
    }
    word.chars()
        .flat_map(char::to_lowercase)
        .map(joined)
        .nfc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similar::testing::{with_subwords, words};

    #[test]
    fn a_word_is_taken_as_written_else_as_the_first_that_differs_in_case_alone() {
        let words = words(&[
            ("Polish", &[1.0]),
            ("polish", &[2.0]),
            ("POLISH", &[3.0]),
            ("new_york", &[4.0]),
            ("é", &[5.0]),
        ]);
        let space = WordSpace::new(&words);
        let rows = ["Polish", "polish", "POLISH", "pOLISH", "New York", "E\u{301}"]
            .map(|word| space.find(word).unwrap());
        assert_eq!(rows, [0, 1, 2, 0, 3, 4].map(Found::Row));
        let space = space.restricted(2);
        assert_eq!(
            ["POLISH", "polish", "new_york"].map(|word| space.row(word)),
            [Some(0), Some(1), None]
        );
    }

    #[test]
    fn a_word_never_seen_is_found_by_its_n_grams() {
        let words = with_subwords(&[("king", &[1.0, 0.0])]);
        let space = WordSpace::new(&words);
        assert_eq!(space.find("kings").unwrap(), Found::Subwords);
        assert_eq!(
            space.find("KING").unwrap(),
            Found::Row(0),
            "case comes before n-grams"
        );
        let message = space.find("xx").unwrap_err().to_string();
        assert!(message.contains("n-grams was seen"), "{message}");
    }

    #[test]
    fn a_word_that_is_nowhere_is_an_error_with_words_spelled_alike() {
        let words = words(&[("diabetes", &[1.0]), ("diabetic", &[1.0]), ("cat", &[1.0])]);
        let message = WordSpace::new(&words).find("Diabtes").unwrap_err().to_string();
        assert!(
            message.contains("\"Diabtes\" is not among the 3 words"),
            "{message}"
        );
        assert!(message.ends_with("did you mean diabetes?"), "{message}");
    }
}
