//! The words nearest to a word, and to a sum of words.

use encoder::vectors::Vectors;

use super::expression::{Expression, Sign};
use super::find::{Found, WordSpace};
use super::search::{best, norm};
use crate::error::{Result, WordsError};

/// What a question gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The words asked for, and how each was found.
    pub terms: Vec<Term>,
    /// The nearest words, nearest first.
    pub nearest: Vec<SimilarWord>,
}

/// A word of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// For or against.
    pub sign: Sign,
    /// The word as asked for.
    pub asked: String,
    /// The word of the vocabulary that it was taken for; `None` where its vector comes from its n-grams.
    pub word: Option<String>,
}

/// A word of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarWord {
    /// The word.
    pub word: String,
    /// Cosine of its vector and the question's, between -1 and 1.
    pub cosine: f32,
}

impl WordSpace<'_> {
    /// The `k` words with the highest cosine to a word's vector, without the word itself; ties by row.
    ///
    /// # Errors
    /// The word is not found (see [`WordSpace::find`]), or its vector is zero.
    pub fn nearest(&self, word: &str, k: usize) -> Result<Answer> {
        self.answer(&[(Sign::Plus, word.to_owned())], k)
    }

    /// The `k` words with the highest cosine to the sum of the words' unit vectors, each with its sign; without
    /// the words themselves; ties by row.
    ///
    /// 3CosAdd: Mikolov et al. 2013, "Linguistic Regularities in Continuous Space Word Representations",
    /// section 4; Levy and Goldberg 2014, "Linguistic Regularities in Sparse and Explicit Word
    /// Representations", equation 3.
    ///
    /// # Errors
    /// A word is not found, its vector is zero, or the words cancel each other out.
    pub fn analogy(&self, expression: &Expression, k: usize) -> Result<Answer> {
        self.answer(expression.terms(), k)
    }

    fn answer(&self, terms: &[(Sign, String)], k: usize) -> Result<Answer> {
        let mut sum = vec![0.0; self.words.vectors.dimension()];
        let mut found = Vec::new();
        for (sign, asked) in terms {
            let source = self.find(asked)?;
            let vector = self.vector(asked, source);
            if norm(&vector) == 0.0 {
                return Err(WordsError::Question(format!(
                    "the vector of {asked:?} is zero, so nothing is near it; ask for another word"
                )));
            }
            add_unit(&mut sum, &vector, *sign);
            found.push(source);
        }
        if norm(&sum) == 0.0 {
            return Err(WordsError::Question(
                "the words cancel each other out, so nothing is near their sum; ask for other words"
                    .to_owned(),
            ));
        }
        let words = self.words.vocabulary.words();
        // Of a word that a file holds twice the first row counts, as it does where the word is asked for.
        let repeated = |row: u32| self.words.vocabulary.row(&words[row as usize]) != Some(row);
        let excluded = |_, row| found.contains(&Found::Row(row)) || repeated(row);
        let question = Vectors::from_rows(sum.len(), sum);
        let best = best(&self.words.vectors, self.limit, &question, k, &excluded);
        let nearest = best.into_iter().flatten().map(|found| SimilarWord {
            word: words[found.row as usize].clone(),
            // Rounding may have taken it a little beyond.
            cosine: found.score.clamp(-1.0, 1.0),
        });
        let terms = terms.iter().zip(&found).map(|((sign, asked), found)| Term {
            sign: *sign,
            asked: asked.clone(),
            word: match found {
                Found::Row(row) => Some(words[*row as usize].clone()),
                Found::Subwords => None,
            },
        });
        Ok(Answer {
            terms: terms.collect(),
            nearest: nearest.collect(),
        })
    }
}

/// Adds a vector at length 1, or takes it away.
pub(super) fn add_unit(sum: &mut [f32], vector: &[f32], sign: Sign) {
    let norm = norm(vector);
    if norm == 0.0 {
        return;
    }
    let scale = if sign == Sign::Plus {
        1.0 / norm
    } else {
        -1.0 / norm
    };
    for (sum, &value) in sum.iter_mut().zip(vector) {
        *sum += (f64::from(value) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similar::testing::{with_subwords, words};

    fn shown(answer: &Answer) -> Vec<(&str, f32)> {
        answer
            .nearest
            .iter()
            .map(|word| (word.word.as_str(), word.cosine))
            .collect()
    }

    #[test]
    fn a_word_that_is_there_twice_is_listed_once_with_its_first_vector() {
        let words = words(&[
            ("east", &[1.0, 0.0]),
            ("near", &[4.0, 3.0]),
            ("up", &[0.0, 1.0]),
            ("near", &[1.0, 0.0]),
        ]);
        let answer = WordSpace::new(&words).nearest("east", 9).unwrap();
        assert_eq!(shown(&answer), [("near", 0.8), ("up", 0.0)]);
    }

    #[test]
    fn cosines_by_hand_without_the_word_itself_and_ties_by_row() {
        let words = words(&[
            ("east", &[2.0, 0.0]),
            ("up", &[0.0, 7.0]),
            ("down", &[0.0, -1.0]),
            ("between", &[3.0, 4.0]),
            ("west", &[-5.0, 0.0]),
        ]);
        let space = WordSpace::new(&words);
        let answer = space.nearest("East", 9).unwrap();
        assert_eq!(
            shown(&answer),
            [("between", 0.6), ("up", 0.0), ("down", 0.0), ("west", -1.0)]
        );
        let term = Term {
            sign: Sign::Plus,
            asked: "East".into(),
            word: Some("east".into()),
        };
        assert_eq!(answer.terms, [term]);
        let answer = space.restricted(3).nearest("between", 1).unwrap();
        assert_eq!(
            shown(&answer),
            [("up", 0.8)],
            "words beyond the restriction may ask, not answer"
        );
    }

    #[test]
    fn analogies_add_unit_vectors_whatever_their_lengths() {
        // Axes: royal, male, female. The lengths differ so that a sum of raw vectors would go elsewhere.
        let words = words(&[
            ("king", &[1.0, 1.0, 0.0]),
            ("man", &[0.0, 100.0, 0.0]),
            ("woman", &[0.0, 0.0, 0.01]),
            ("queen", &[20.0, 0.0, 20.0]),
            ("princess", &[1.0, 0.0, 3.0]),
        ]);
        let space = WordSpace::new(&words);
        let question = Expression::parse("king - man + woman").unwrap();
        let answer = space.analogy(&question, 2).unwrap();
        // (h, h - 1, 1) with h = sqrt(1/2), length sqrt(2h² - 2h + 2) = sqrt(3 - sqrt(2)).
        let h = 0.5_f32.sqrt();
        let length = (3.0 - 2.0_f32.sqrt()).sqrt();
        assert_eq!(answer.nearest[0].word, "queen");
        assert!((answer.nearest[0].cosine - (h + 1.0) * h / length).abs() < 1e-6);
        assert_eq!(answer.nearest[1].word, "princess");
        assert!((answer.nearest[1].cosine - (h + 3.0) / 10.0_f32.sqrt() / length).abs() < 1e-6);
    }

    #[test]
    fn words_never_seen_ask_through_their_n_grams() {
        let words = with_subwords(&[("king", &[1.0, 0.0]), ("queen", &[0.0, 1.0])]);
        let answer = WordSpace::new(&words).nearest("kings", 1).unwrap();
        assert_eq!(answer.nearest[0].word, "king");
        assert_eq!(answer.terms[0].word, None);
    }

    #[test]
    fn questions_without_a_direction_are_refused() {
        let words = words(&[("zero", &[0.0, 0.0]), ("one", &[1.0, 0.0])]);
        let space = WordSpace::new(&words);
        let message = space.nearest("zero", 1).unwrap_err().to_string();
        assert!(message.contains("\"zero\" is zero"), "{message}");
        let message = space
            .analogy(&Expression::parse("one - one").unwrap(), 1)
            .unwrap_err()
            .to_string();
        assert!(message.contains("cancel"), "{message}");
    }
}
