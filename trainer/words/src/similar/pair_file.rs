//! Files of word pairs with a score that people gave: WordSim-353, MEN, SimLex-999, UMNSRS.
//!
//! The rules, since every collection has its own form:
//! - Blank lines and lines that begin with `#` are passed over.
//! - The first other line decides what separates the fields of all: tabs if it has one, else commas if it has
//!   one, else blanks. White space around a field is not part of it.
//! - The first two fields are the words. If no later field of the first line is a number, or begins like one, it is
//!   a header and is passed over.
//! - The score is in the first column from the third on that is a number in the first pair (SimLex-999 has the
//!   part of speech before it). Other columns are ignored.

use std::path::Path;

use super::lines::{numbered, read, shown, wrong};
use crate::error::{Result, WordsError};

/// Two words, and how similar people find them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub words: [String; 2],
    pub score: f64,
}

#[derive(Debug, Clone, Copy)]
enum Separator {
    Tab,
    Comma,
    Blanks,
}

impl Separator {
    fn of(line: &str) -> Self {
        if line.contains('\t') {
            Separator::Tab
        } else if line.contains(',') {
            Separator::Comma
        } else {
            Separator::Blanks
        }
    }

    fn split(self, line: &str) -> Vec<&str> {
        match self {
            Separator::Tab => line.split('\t').map(str::trim).collect(),
            Separator::Comma => line.split(',').map(str::trim).collect(),
            Separator::Blanks => line.split_whitespace().collect(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Separator::Tab => "two words and a score, separated by tabs,",
            Separator::Comma => "two words and a score, separated by commas,",
            Separator::Blanks => "two words and a score, separated by blanks,",
        }
    }
}

/// All pairs of a file.
pub(super) fn pairs(path: &Path) -> Result<Vec<Pair>> {
    parse(path, &read(path)?)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Pair>> {
    let mut lines = numbered(text)
        .filter(|(_, line)| !line.starts_with('#'))
        .peekable();
    let Some(&(_, first)) = lines.peek() else {
        return Err(nothing(path));
    };
    let separator = Separator::of(first);
    if is_header(&separator.split(first)) {
        lines.next();
    }
    let mut column = None;
    let mut pairs = Vec::new();
    for (number, line) in lines {
        let fields = separator.split(line);
        let column = *column.get_or_insert_with(|| score_column(&fields).unwrap_or(2));
        let pair = pair(&fields, column).ok_or_else(|| {
            let help = "correct or remove the line, or begin it with # if it is a comment";
            wrong(path, number, separator.expected(), shown(line), help)
        })?;
        pairs.push(pair);
    }
    if pairs.is_empty() {
        return Err(nothing(path));
    }
    Ok(pairs)
}

fn is_header(fields: &[&str]) -> bool {
    let like_number = |field: &&str| {
        let digits = field.trim_start_matches(['+', '-', '.']);
        digits.starts_with(|first: char| first.is_ascii_digit()) || field.parse::<f64>().is_ok()
    };
    fields.len() >= 3 && !fields[2..].iter().any(like_number)
}

fn score_column(fields: &[&str]) -> Option<usize> {
    (2..fields.len()).find(|&column| number(fields[column]).is_some())
}

fn pair(fields: &[&str], column: usize) -> Option<Pair> {
    let [a, b, ..] = fields else { return None };
    let score = number(fields.get(column)?)?;
    let words = [(*a).to_owned(), (*b).to_owned()];
    (!a.is_empty() && !b.is_empty()).then_some(Pair { words, score })
}

/// A finite number; `nan` and `inf` are words.
fn number(field: &str) -> Option<f64> {
    field.parse().ok().filter(|number: &f64| number.is_finite())
}

fn nothing(path: &Path) -> WordsError {
    WordsError::format(
        path,
        "lines of two words and a score",
        "no pair",
        "name a file like EN-WS-353-ALL.txt",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String, f64)> {
        let pairs = parse(Path::new("p.txt"), text).unwrap();
        pairs
            .into_iter()
            .map(|Pair { words: [a, b], score }| (a, b, score))
            .collect()
    }

    fn refused(text: &str) -> String {
        parse(Path::new("p.txt"), text).unwrap_err().to_string()
    }

    fn pair(a: &str, b: &str, score: f64) -> (String, String, f64) {
        (a.to_owned(), b.to_owned(), score)
    }

    #[test]
    fn tabs_commas_and_blanks_are_told_apart() {
        assert_eq!(
            parsed("zofran\tipecac syrup\t294.25\na, b\tc,d\t1\n"),
            [pair("zofran", "ipecac syrup", 294.25), pair("a, b", "c,d", 1.0),]
        );
        assert_eq!(parsed("ice cream, cake,7\n"), [pair("ice cream", "cake", 7.0)]);
        assert_eq!(parsed("sun  sunlight 50.0\r\n"), [pair("sun", "sunlight", 50.0)]);
    }

    #[test]
    fn a_header_comments_blank_lines_and_other_columns_are_passed_over() {
        let text = "# WordSim\n\nWord 1,Word 2,Human (mean)\nlove,sex,6.77\n#x,y,1\n";
        assert_eq!(parsed(text), [pair("love", "sex", 6.77)]);
        assert_eq!(parsed("love\tsex\t6.77\tM\r\n"), [pair("love", "sex", 6.77)]);
        let simlex = "word1\tword2\tPOS\tSimLex999\told\nold\tnew\tA\t1.58\t2.72\n";
        assert_eq!(parsed(simlex), [pair("old", "new", 1.58)]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = refused("a\tb\t1\n\nc\td\n");
        assert_eq!(
            message,
            "p.txt: expected two words and a score, separated by tabs, in line 3, found \"c\\td\"; \
             correct or remove the line, or begin it with # if it is a comment"
        );
        for text in [
            "a b 1\na b x",
            "a b 1\na b nan",
            "a b 1\na b 6,5",
            "a,b,1\n,b,2",
            "h i j\nk l m",
        ] {
            assert!(refused(text).contains("in line 2, found"), "{text}");
        }
        for text in ["a b nan\nc d 1", "a b -inf\nc d 1", "a\tb\t7,5\nc\td\t1"] {
            assert!(refused(text).contains("in line 1, found"), "{text}");
        }
        assert!(refused("just text\n").contains("in line 1"));
        let long = refused(&format!("a b 1\n{}", "ö".repeat(100_000)));
        assert!(long.len() < 300, "a long line is cut");
    }

    #[test]
    fn a_file_without_pairs_is_refused() {
        for text in ["", "\n# only a comment\n", "word1 word2 score\n"] {
            assert!(refused(text).contains("found no pair"), "{text:?}");
        }
    }
}
