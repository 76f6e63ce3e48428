//! Agreement of cosines with the scores that people gave to pairs of words.

use std::path::Path;

use super::correlation::{pearson, spearman};
use super::find::{Found, WordSpace};
use super::nearest::add_unit;
use super::{Sign, pair_file};
use crate::error::{Result, WordsError};

/// Missing words that a message names.
const NAMED: usize = 5;

/// How cosines agree with people.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScores {
    /// Pairs in the file.
    pub pairs: usize,
    /// Those with both words; the correlations are over these.
    pub used: usize,
    /// Rank correlation, ties sharing the mean of their ranks; `None` where all cosines or all scores are equal.
    pub spearman: Option<f64>,
    /// Linear correlation; `None` likewise.
    pub pearson: Option<f64>,
    /// Words not found, each once, in the order of the file.
    pub not_found: Vec<String>,
    /// Words whose vectors come from their n-grams, each once, in the order of the file.
    pub through_subwords: Vec<String>,
}

impl WordSpace<'_> {
    /// Correlates cosines with the scores in a file of word pairs (its form: two words and a number a line,
    /// separated by tabs, commas or blanks; a header, comments and further columns are passed over).
    ///
    /// Words are taken as written, else without regard to case, among the first
    /// [`restricted`](WordSpace::restricted) words. Pairs with a word that is not found are left out of the
    /// correlations, as gensim's `evaluate_word_pairs` leaves them out. With `subwords`, words outside the
    /// vocabulary get vectors from their n-grams, where the model has them; without, models with and without
    /// subwords are measured on the same pairs. The cosine with a zero vector is 0.
    ///
    /// # Errors
    /// The file cannot be read, a line of it cannot be used, fewer than two pairs have both words.
    pub fn word_pairs(&self, path: &Path, subwords: bool) -> Result<PairScores> {
        let pairs = pair_file::pairs(path)?;
        let (mut human, mut model) = (Vec::new(), Vec::new());
        let (mut not_found, mut through_subwords) = (Vec::new(), Vec::new());
        for pair in &pairs {
            let units = pair.words.each_ref().map(|word| {
                let vector = match self.row(word) {
                    Some(row) => Some(self.vector(word, Found::Row(row))),
                    None => self
                        .subword_vector(word, subwords)
                        .inspect(|_| add(&mut through_subwords, word)),
                };
                if vector.is_none() {
                    add(&mut not_found, word);
                }
                vector.map(|vector| unit(&vector))
            });
            if let [Some(a), Some(b)] = units {
                human.push(pair.score);
                model.push(a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum());
            }
        }
        if model.len() < 2 {
            return Err(too_few(path, model.len(), pairs.len(), &not_found));
        }
        Ok(PairScores {
            pairs: pairs.len(),
            used: model.len(),
            spearman: spearman(&human, &model),
            pearson: pearson(&human, &model),
            not_found,
            through_subwords,
        })
    }

    fn subword_vector(&self, word: &str, asked: bool) -> Option<Vec<f32>> {
        let subwords = self.words.subwords.as_ref().filter(|_| asked)?;
        // A word beyond the restriction is left out, not made up.
        match self.words.vocabulary.row(word) {
            Some(_) => None,
            None => subwords.vector(word),
        }
    }
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let mut unit = vec![0.0; vector.len()];
    add_unit(&mut unit, vector, Sign::Plus);
    unit
}

/// Adds a word unless it is there.
fn add(words: &mut Vec<String>, word: &str) {
    if !words.iter().any(|there| there == word) {
        words.push(word.to_owned());
    }
}

fn too_few(path: &Path, used: usize, pairs: usize, not_found: &[String]) -> WordsError {
    let mut named = not_found[..not_found.len().min(NAMED)].join(", ");
    if not_found.len() > NAMED {
        named += ", …";
    }
    let missing = if named.is_empty() {
        String::new()
    } else {
        format!(" (not found: {named})")
    };
    WordsError::format(
        path,
        "at least 2 pairs with both words in the vocabulary",
        format!("{used} of {pairs}{missing}"),
        "use pairs in the language and the domain of the vectors",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similar::testing::{with_subwords, words};

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn pairs_with_both_words_count_and_the_others_are_named_once() {
        // Cosines with "east": 0.6, 0, -1.
        let words = words(&[
            ("east", &[1.0, 0.0]),
            ("mid", &[3.0, 4.0]),
            ("up", &[0.0, 2.0]),
            ("west", &[-9.0, 0.0]),
        ]);
        let pairs = file("East mid 9\nEAST up 3\neast west 6\neast moon 1\nmoon Mars 2\n");
        let scores = WordSpace::new(&words).word_pairs(pairs.path(), false).unwrap();
        assert_eq!((scores.pairs, scores.used), (5, 3));
        assert_eq!(scores.not_found, ["moon", "Mars"]);
        // Ranks 3 1 2 and 3 2 1: covariance 1 of variances 2.
        assert!((scores.spearman.unwrap() - 0.5).abs() < 1e-12);
        // Deviations 3 -3 0 and 0.6 0 -1 from -2/15: 1.8 / sqrt(18 · (1.36 - 3 · (2/15)²)).
        let expected = 1.8 / (18.0_f64 * (1.36 - 3.0 * (2.0_f64 / 15.0).powi(2))).sqrt();
        assert!((scores.pearson.unwrap() - expected).abs() < 1e-6);
    }

    #[test]
    fn equal_scores_have_no_correlation() {
        let words = words(&[("a", &[1.0, 0.0]), ("b", &[1.0, 1.0]), ("c", &[0.0, 0.0])]);
        let pairs = file("a b 5\na c 5\n");
        let scores = WordSpace::new(&words).word_pairs(pairs.path(), false).unwrap();
        assert_eq!((scores.used, scores.spearman, scores.pearson), (2, None, None));
    }

    #[test]
    fn words_never_seen_take_part_where_that_is_asked_for() {
        let words = with_subwords(&[("king", &[1.0, 0.0]), ("queen", &[0.0, 1.0])]);
        let pairs = file("king kings 9\nkings queens 1\nking queen 2\nking xx 3\n");
        let space = WordSpace::new(&words);
        let scores = space.word_pairs(pairs.path(), true).unwrap();
        assert_eq!(scores.used, 3);
        assert_eq!(scores.through_subwords, ["kings", "queens"]);
        assert_eq!(scores.not_found, ["xx"]);
        let message = space.word_pairs(pairs.path(), false).unwrap_err().to_string();
        assert!(
            message.contains("found 1 of 4 (not found: kings, queens, xx)"),
            "{message}"
        );
    }

    #[test]
    fn words_beyond_the_restriction_are_not_found() {
        let words = with_subwords(&[("a1", &[1.0, 0.0]), ("b1", &[0.0, 1.0]), ("c1", &[1.0, 1.0])]);
        let pairs = file("a1 b1 9\nb1 a1 1\na1 c1 2\n");
        let scores = WordSpace::new(&words)
            .restricted(2)
            .word_pairs(pairs.path(), true)
            .unwrap();
        assert_eq!((scores.used, scores.not_found), (2, vec!["c1".to_owned()]));
    }
}
