//! Files of analogies in the form of Google's `questions-words.txt` (Mikolov et al. 2013, arXiv 1301.3781):
//! `: section`, then four words a line.

use std::path::Path;

use super::lines::{numbered, read, shown, wrong};
use crate::error::{Result, WordsError};

/// A kind of relation and its questions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub name: String,
    /// `a` is to `b` as `c` is to `d`.
    pub questions: Vec<[String; 4]>,
}

/// All sections of a file; at least one question.
pub(super) fn sections(path: &Path) -> Result<Vec<Section>> {
    parse(path, &read(path)?)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::new();
    for (number, line) in numbered(text) {
        if let Some(name) = line.strip_prefix(':') {
            sections.push(Section {
                name: name.trim().to_owned(),
                questions: Vec::new(),
            });
            continue;
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let question = <[String; 4]>::try_from(words).map_err(|_| {
            let help = "correct or remove the line";
            wrong(path, number, "`: section` or four words", shown(line), help)
        })?;
        let Some(section) = sections.last_mut() else {
            let help = "put a line such as `: capitals` before the first question";
            return Err(wrong(path, number, "`: section`", shown(line), help));
        };
        section.questions.push(question);
    }
    if sections.iter().all(|section| section.questions.is_empty()) {
        return Err(WordsError::format(
            path,
            "lines of four words below lines of `: section`",
            "no question",
            "name a file like questions-words.txt",
        ));
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(Path::new("q.txt"), text).unwrap_err().to_string()
    }

    #[test]
    fn sections_keep_their_order_and_may_be_empty() {
        let text = ": capitals\r\nAthens Greece  Oslo Norway\r\n\n:empty\n: gram1\na b c d\nc d a b\n";
        let sections = parse(Path::new("q.txt"), text).unwrap();
        let shown: Vec<(&str, usize)> = sections
            .iter()
            .map(|section| (section.name.as_str(), section.questions.len()))
            .collect();
        assert_eq!(shown, [("capitals", 1), ("empty", 0), ("gram1", 2)]);
        assert_eq!(sections[0].questions[0], ["Athens", "Greece", "Oslo", "Norway"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(
            refused(": s\na b c d\na b c\n"),
            "q.txt: expected `: section` or four words in line 3, found \"a b c\"; correct or remove the line"
        );
        assert!(refused("a b c d\n").contains("expected `: section` in line 1"));
        assert!(refused(": s\na b c d e").contains("line 2"));
    }

    #[test]
    fn a_file_without_questions_is_refused() {
        for text in ["", ": a\n: b\n"] {
            assert!(refused(text).contains("found no question"), "{text:?}");
        }
    }
}
