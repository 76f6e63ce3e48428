//! Tables for people. Words come from files, so control characters in them never reach the terminal.

use std::fmt::Write;

use trainer_words::similar::{AnalogyScores, Answer, PairScores, SectionScores};

use super::Found;

/// Words not found that are named; `--json` has them all.
const NAMED: usize = 10;

/// The lines of a table.
pub(super) fn table(found: &Found<'_>) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = match found {
        Found::Nearest { query, answer } => nearest(&mut text, query, answer),
        Found::Pairs { file, scores } => pairs(&mut text, file, scores),
        Found::Analogies { file, scores } => analogies(&mut text, file, scores),
    };
    text
}

fn nearest(text: &mut String, query: &str, answer: &Answer) -> std::fmt::Result {
    writeln!(text, "{}", printable(query))?;
    let words: Vec<String> = answer
        .nearest
        .iter()
        .map(|found| printable(&found.word))
        .collect();
    let width = widest(&words);
    for (number, (word, found)) in words.iter().zip(&answer.nearest).enumerate() {
        writeln!(text, "{:>4}  {word:<width$}  {:>7.4}", number + 1, found.cosine)?;
    }
    Ok(())
}

fn pairs(text: &mut String, file: &str, scores: &PairScores) -> std::fmt::Result {
    let PairScores { pairs, used, .. } = scores;
    writeln!(text, "{}: {used} of {pairs} pairs used", printable(file))?;
    for (name, value) in [("Spearman", scores.spearman), ("Pearson", scores.pearson)] {
        match value {
            Some(value) => writeln!(text, "  {name:<8}  {value:>7.4}")?,
            None => writeln!(
                text,
                "  {name:<8}  undefined: all scores or all cosines are equal"
            )?,
        }
    }
    words(text, "not found", &scores.not_found)?;
    words(text, "through n-grams", &scores.through_subwords)
}

fn words(text: &mut String, what: &str, words: &[String]) -> std::fmt::Result {
    if words.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = words.iter().take(NAMED).map(|word| printable(word)).collect();
    write!(text, "  {what}: {}", named.join(", "))?;
    match words.len() - named.len() {
        0 => writeln!(text),
        more => writeln!(text, " and {more} more (--json names all)"),
    }
}

fn analogies(text: &mut String, file: &str, scores: &AnalogyScores) -> std::fmt::Result {
    let rows: Vec<&SectionScores> = scores.sections.iter().chain([&scores.total]).collect();
    let names: Vec<String> = rows.iter().map(|row| printable(&row.name)).collect();
    let width = widest(&names).max("section".len());
    let SectionScores {
        questions, skipped, ..
    } = scores.total;
    writeln!(
        text,
        "{}: {} of {questions} analogies answered",
        printable(file),
        questions - skipped
    )?;
    writeln!(
        text,
        "  {:<width$}  correct  answered  skipped  accuracy",
        "section"
    )?;
    for (name, row) in names.iter().zip(rows) {
        let answered = row.questions - row.skipped;
        let accuracy = row
            .accuracy()
            .map_or("–".to_owned(), |accuracy| format!("{:.2} %", 100.0 * accuracy));
        let SectionScores { correct, skipped, .. } = row;
        writeln!(
            text,
            "  {name:<width$}  {correct:>7}  {answered:>8}  {skipped:>7}  {accuracy:>8}"
        )?;
    }
    Ok(())
}

fn widest(words: &[String]) -> usize {
    words.iter().map(|word| word.chars().count()).max().unwrap_or(0)
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use trainer_words::similar::SimilarWord;

    use super::*;

    fn section(name: &str, questions: usize, skipped: usize, correct: usize) -> SectionScores {
        SectionScores {
            name: name.to_owned(),
            questions,
            skipped,
            correct,
        }
    }

    #[test]
    fn words_stand_in_columns_with_four_digits_and_without_control_characters() {
        let word = |word: &str, cosine| SimilarWord {
            word: word.to_owned(),
            cosine,
        };
        let answer = Answer {
            terms: Vec::new(),
            nearest: vec![word("Müdigkeit", 0.71239), word("flu\x1b[31m", -0.5)],
        };
        let found = Found::Nearest {
            query: "fever",
            answer,
        };
        assert_eq!(
            table(&found),
            "fever\n   1  Müdigkeit   0.7124\n   2  flu\u{fffd}[31m   -0.5000\n"
        );
    }

    #[test]
    fn pairs_name_ten_words_that_are_missing() {
        let scores = PairScores {
            pairs: 20,
            used: 3,
            spearman: Some(0.5),
            pearson: None,
            not_found: (0..12).map(|number| format!("w{number}")).collect(),
            through_subwords: Vec::new(),
        };
        let text = table(&Found::Pairs {
            file: "p.txt".into(),
            scores,
        });
        assert!(
            text.starts_with("p.txt: 3 of 20 pairs used\n  Spearman   0.5000\n  Pearson   undefined"),
            "{text}"
        );
        assert!(text.ends_with("w8, w9 and 2 more (--json names all)\n"), "{text}");
    }

    #[test]
    fn sections_stand_in_columns() {
        let scores = AnalogyScores {
            sections: vec![section("capitals", 500, 100, 300), section("currency", 5, 5, 0)],
            total: section("total", 505, 105, 300),
        };
        let text = table(&Found::Analogies {
            file: "q.txt".into(),
            scores,
        });
        let expected = "\
q.txt: 400 of 505 analogies answered
  section   correct  answered  skipped  accuracy
  capitals      300       400      100   75.00 %
  currency        0         0        5         –
  total         300       400      105   75.00 %
";
        assert_eq!(text, expected);
    }
}
