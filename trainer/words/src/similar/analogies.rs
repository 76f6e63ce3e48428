//! Accuracy on a file of analogies.

use std::path::Path;

use encoder::vectors::{Neighbor, Vectors};

use super::expression::Sign;
use super::find::WordSpace;
use super::nearest::add_unit;
use super::question_file::{Section, sections};
use super::search::best;
use crate::error::{Result, WordsError};

/// Accuracy by section and in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalogyScores {
    /// The sections in the order of the file.
    pub sections: Vec<SectionScores>,
    /// All sections together; its name is `total`.
    pub total: SectionScores,
}

/// Accuracy in a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionScores {
    /// The name in the file.
    pub name: String,
    /// Questions in the file.
    pub questions: usize,
    /// Those with a word that is not found; they do not count.
    pub skipped: usize,
    /// Those answered rightly.
    pub correct: usize,
}

impl SectionScores {
    /// Right answers among the questions that were not skipped; `None` where all were.
    pub fn accuracy(&self) -> Option<f64> {
        let answered = self.questions - self.skipped;
        (answered > 0).then(|| self.correct as f64 / answered as f64)
    }
}

/// A question whose words were all found, by row.
struct Question {
    section: usize,
    /// `a`, `b`, `c`, `d`.
    rows: [u32; 4],
}

impl WordSpace<'_> {
    /// Answers the questions of a file in the form of `questions-words.txt`: `a` is to `b` as `c` is to `d`, with
    /// `d` the word nearest to `b - a + c` (see [`WordSpace::analogy`]).
    ///
    /// Words are taken as written, else without regard to case, among the first
    /// [`restricted`](WordSpace::restricted) words; answers are among these too. A question with a word that is
    /// not found is skipped and counted. The three given words are no answers, nor are words that differ from
    /// them in case alone; an answer is right if it is the fourth word without regard to case.
    ///
    /// # Errors
    /// The file cannot be read, a line of it cannot be used, every question was skipped.
    pub fn analogies(&self, path: &Path) -> Result<AnalogyScores> {
        let sections = sections(path)?;
        let questions = self.questions(&sections);
        if questions.is_empty() {
            return Err(all_skipped(path, &sections));
        }
        let answers = self.answers(&questions);
        let group = &self.folded().group;
        let mut scores: Vec<SectionScores> = sections
            .into_iter()
            .map(|section| SectionScores {
                name: section.name,
                questions: section.questions.len(),
                skipped: section.questions.len(),
                correct: 0,
            })
            .collect();
        for (question, answer) in questions.iter().zip(answers) {
            let expected = group[question.rows[3] as usize];
            let section = &mut scores[question.section];
            section.skipped -= 1;
            section.correct +=
                usize::from(answer.is_some_and(|answer| group[answer.row as usize] == expected));
        }
        let sum = |count: fn(&SectionScores) -> usize| scores.iter().map(count).sum();
        let total = SectionScores {
            name: "total".to_owned(),
            questions: sum(|section| section.questions),
            skipped: sum(|section| section.skipped),
            correct: sum(|section| section.correct),
        };
        Ok(AnalogyScores {
            sections: scores,
            total,
        })
    }

    fn questions(&self, sections: &[Section]) -> Vec<Question> {
        let numbered = sections.iter().enumerate();
        let questions = numbered
            .flat_map(|(section, content)| content.questions.iter().map(move |words| (section, words)));
        let found = questions.filter_map(|(section, words)| {
            let [a, b, c, d] = words.each_ref().map(|word| self.row(word));
            let rows = [a?, b?, c?, d?];
            Some(Question { section, rows })
        });
        found.collect()
    }

    /// The nearest word to each question, all questions in one search.
    fn answers(&self, questions: &[Question]) -> Vec<Option<Neighbor>> {
        let mut sums = Vectors::new(self.words.vectors.dimension());
        for Question {
            rows: [a, b, c, _], ..
        } in questions
        {
            let mut sum = vec![0.0; self.words.vectors.dimension()];
            for (row, sign) in [(b, Sign::Plus), (a, Sign::Minus), (c, Sign::Plus)] {
                add_unit(&mut sum, &self.words.vectors.row(*row as usize), sign);
            }
            sums.push(&sum);
        }
        let group = &self.folded().group;
        let excluded = |question: usize, row: u32| {
            let given = &questions[question].rows[..3];
            given
                .iter()
                .any(|&given| group[given as usize] == group[row as usize])
        };
        let best = best(&self.words.vectors, self.limit, &sums, 1, &excluded);
        best.into_iter().map(|best| best.first().copied()).collect()
    }
}

fn all_skipped(path: &Path, sections: &[Section]) -> WordsError {
    let questions: Vec<String> = sections
        .iter()
        .flat_map(|section| &section.questions)
        .map(|words| words.join(" "))
        .collect();
    WordsError::format(
        path,
        "questions whose four words are in the vocabulary",
        format!(
            "none among {} (such as {:?})",
            questions.len(),
            questions.first().map_or("", String::as_str)
        ),
        "use analogies in the language and the domain of the vectors",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similar::testing::words;

    fn scores(space: &WordSpace<'_>, text: &str) -> Result<AnalogyScores> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        space.analogies(file.path())
    }

    fn shown(scores: &SectionScores) -> (&str, usize, usize, usize) {
        (&scores.name, scores.questions, scores.skipped, scores.correct)
    }

    const QUESTIONS: &str = "\
: family
man king woman queen
Man KING Woman QUEEN
man king woman child
: unknown
man king dog bitch
: mixed
woman queen man king
king man queen dog
";

    #[test]
    fn right_wrong_and_skipped_are_counted_by_section() {
        // Axes: royal, male, female. "Woman" is nearest to king - man + woman after queen.
        let words = words(&[
            ("man", &[0.0, 1.0, 0.0]),
            ("woman", &[0.0, 0.0, 1.0]),
            ("king", &[1.0, 1.0, 0.0]),
            ("queen", &[1.0, 0.0, 1.0]),
            ("child", &[0.0, -1.0, -1.0]),
        ]);
        let space = WordSpace::new(&words);
        let found = scores(&space, QUESTIONS).unwrap();
        let sections: Vec<_> = found.sections.iter().map(shown).collect();
        assert_eq!(
            sections,
            [("family", 3, 0, 2), ("unknown", 1, 1, 0), ("mixed", 2, 1, 1)]
        );
        assert_eq!(shown(&found.total), ("total", 6, 2, 3));
        assert_eq!(found.total.accuracy(), Some(0.75));
        assert_eq!(found.sections[1].accuracy(), None);
        // Without "child" its question is skipped.
        let found = scores(&space.restricted(4), QUESTIONS).unwrap();
        assert_eq!(shown(&found.total), ("total", 6, 3, 3));
    }

    #[test]
    fn words_that_differ_from_the_question_in_case_alone_are_no_answers() {
        let words = words(&[
            ("man", &[0.0, 1.0, 0.0]),
            ("woman", &[0.0, 0.0, 1.0]),
            ("king", &[1.0, 1.0, 0.0]),
            ("KING", &[1.0, -0.2, 1.0]),
            ("Queen", &[1.0, 0.0, 0.8]),
            ("queen", &[0.0, -1.0, 0.0]),
        ]);
        let found = scores(&WordSpace::new(&words), ": s\nman king woman queen\n").unwrap();
        assert_eq!(found.total.correct, 1, "KING is left out, and Queen is queen");
    }

    #[test]
    fn a_file_whose_questions_are_all_skipped_is_an_error() {
        let words = words(&[("man", &[1.0])]);
        let message = scores(&WordSpace::new(&words), ": s\nman a b c\n")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("found none among 1 (such as \"man a b c\")"),
            "{message}"
        );
    }
}
