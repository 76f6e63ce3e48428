//! JSON Lines for programs: one object a line, told apart by `type`.

use serde::{Deserialize, Serialize};
use trainer_words::similar::{Answer, SectionScores, Sign};

use super::Found;
use crate::error::{Result, TrainError};

/// One line. Correlations and accuracies that are undefined are null.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// Before the answers to a question.
    Query {
        /// The word, or the analogy.
        query: String,
        /// Its words.
        words: Vec<Word>,
    },
    /// A word near the question, nearest first.
    Neighbor {
        /// The word, or the analogy.
        query: String,
        /// Counted from 1.
        rank: usize,
        /// The word near it.
        word: String,
        /// Between -1 and 1.
        cosine: f32,
    },
    /// A file of word pairs.
    Pairs {
        /// As named on the command line.
        file: String,
        /// Pairs in it.
        pairs: usize,
        /// Those with both words.
        used: usize,
        /// Rank correlation of scores and cosines.
        spearman: Option<f64>,
        /// Linear correlation of scores and cosines.
        pearson: Option<f64>,
        /// Words not found, each once.
        not_found: Vec<String>,
        /// Words whose vectors were made from their n-grams, each once.
        through_subwords: Vec<String>,
    },
    /// A section of a file of analogies.
    Section {
        /// As named on the command line.
        file: String,
        /// The section's name.
        name: String,
        /// Questions in it.
        questions: usize,
        /// Those with a word that is not found.
        skipped: usize,
        /// Those answered rightly.
        correct: usize,
        /// `correct / (questions - skipped)`.
        accuracy: Option<f64>,
    },
    /// All sections of the file, after them.
    Analogies {
        /// As named on the command line.
        file: String,
        /// Questions in it.
        questions: usize,
        /// Those with a word that is not found.
        skipped: usize,
        /// Those answered rightly.
        correct: usize,
        /// `correct / (questions - skipped)`.
        accuracy: Option<f64>,
    },
}

/// A word of a question, and the word of the vocabulary that it was taken for; null if its n-grams were.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// `+` or `-`.
    pub sign: char,
    /// As asked for.
    pub asked: String,
    /// As found.
    pub word: Option<String>,
}

/// The lines, each with its end.
pub(super) fn lines(found: &Found<'_>) -> Result<String> {
    let lines = match found {
        Found::Nearest { query, answer } => nearest(query, answer),
        Found::Pairs { file, scores } => vec![Line::Pairs {
            file: file.clone(),
            pairs: scores.pairs,
            used: scores.used,
            spearman: scores.spearman,
            pearson: scores.pearson,
            not_found: scores.not_found.clone(),
            through_subwords: scores.through_subwords.clone(),
        }],
        Found::Analogies { file, scores } => {
            let sections = scores.sections.iter().map(|scores| section(file, scores));
            sections.chain([total(file, &scores.total)]).collect()
        }
    };
    let mut text = String::new();
    for line in &lines {
        let json =
            serde_json::to_string(line).map_err(|error| TrainError::Output(format!("JSON: {error}")))?;
        text += &json;
        text.push('\n');
    }
    Ok(text)
}

fn nearest(query: &str, answer: &Answer) -> Vec<Line> {
    let words = answer.terms.iter().map(|term| Word {
        sign: if term.sign == Sign::Plus { '+' } else { '-' },
        asked: term.asked.clone(),
        word: term.word.clone(),
    });
    let first = Line::Query {
        query: query.to_owned(),
        words: words.collect(),
    };
    let neighbors = answer
        .nearest
        .iter()
        .zip(1..)
        .map(|(found, rank)| Line::Neighbor {
            query: query.to_owned(),
            rank,
            word: found.word.clone(),
            cosine: found.cosine,
        });
    std::iter::once(first).chain(neighbors).collect()
}

fn section(file: &str, scores: &SectionScores) -> Line {
    Line::Section {
        file: file.to_owned(),
        name: scores.name.clone(),
        questions: scores.questions,
        skipped: scores.skipped,
        correct: scores.correct,
        accuracy: scores.accuracy(),
    }
}

fn total(file: &str, scores: &SectionScores) -> Line {
    Line::Analogies {
        file: file.to_owned(),
        questions: scores.questions,
        skipped: scores.skipped,
        correct: scores.correct,
        accuracy: scores.accuracy(),
    }
}
