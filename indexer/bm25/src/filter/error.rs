//! What is wrong with a filter, with a finger on the place.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::Column;

/// Columns named where a wrong one was: the most similar, in the order of the alphabet.
const NAMED: usize = 12;
/// What every document has and no filter can ask, by the usual names.
const OWN: [&str; 4] = ["id", "_id", "title", "text"];
/// How similar (Jaro–Winkler, 0 to 1) a column has to be to be proposed.
const SIMILAR: f64 = 0.75;

/// A filter that does not fit the language or the documents.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct FilterError {
    /// The filter on one line.
    text: String,
    /// Characters before the place, and characters of the place.
    before: usize,
    width: usize,
    problem: String,
}

impl FilterError {
    /// `problem` with the bytes `at` of `text`, which begin and end with characters.
    pub(super) fn new(text: &str, at: Range<usize>, problem: impl Into<String>) -> Self {
        let count = |range: Range<usize>| text.get(range).map_or(0, |part| part.chars().count());
        Self {
            before: count(0..at.start),
            width: count(at).max(1),
            text: on_one_line(text),
            // It may quote what was found, or the name of a column.
            problem: on_one_line(&problem.into()),
        }
    }

    pub(super) fn unknown_column(text: &str, column: &Column, there: &BTreeSet<String>) -> Self {
        let name = &column.name;
        let mut near: Vec<(f64, &String)> = there
            .iter()
            .map(|other| {
                (
                    strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase()),
                    other,
                )
            })
            .collect();
        near.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        let mut problem = match OWN.contains(&name.as_str()) {
            true => {
                format!("{name:?} is no column to filter by: id, title and text are not kept for filters")
            }
            false => format!("no document has a column {name:?}"),
        };
        match near.first() {
            None => problem += "; the documents have no columns besides id, title and text",
            Some((similarity, nearest)) => {
                if *similarity >= SIMILAR {
                    problem += &format!("; did you mean {nearest}?");
                }
                let mut names: Vec<&str> = near.iter().take(NAMED).map(|(_, name)| name.as_str()).collect();
                names.sort_unstable();
                let more = match near.len() - names.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                problem += &format!(" (columns: {}{more})", names.join(", "));
            }
        }
        Self::new(text, column.at.clone(), problem)
    }
}

/// The text with control characters as blanks.
fn on_one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "filter: {}", self.problem)?;
        writeln!(f, "  {}", self.text)?;
        write!(f, "  {}{}", " ".repeat(self.before), "^".repeat(self.width))
    }
}
