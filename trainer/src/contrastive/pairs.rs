//! The training pairs in memory: each distinct text once, each pair a row of text numbers.
//!
//! Numbers instead of strings make the batch sampler's comparisons cheap, and a text that occurs in a
//! thousand pairs is kept once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoder::{EncoderError, tables};

use crate::config::Data;
use crate::error::{Result, TrainError};

/// Pairs with `width` texts each: anchor, positive, then the hard negatives.
#[derive(Debug, Clone)]
pub struct Pairs {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    rows: Vec<u32>,
    width: usize,
    files: Vec<Bound>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The file.
    pub path: PathBuf,
    /// Its columns for anchor, positive and hard negatives.
    pub columns: Vec<String>,
    /// Its pairs.
    pub pairs: usize,
    /// Rows left out because their anchor and positive are one text, which teaches nothing: how many, and the first.
    pub left_out: Option<(usize, String)>,
}

impl Pairs {
    /// No pairs yet; `width` is 2 plus the number of hard negatives.
    pub fn new(width: usize) -> Self {
        Pairs {
            texts: Vec::new(),
            numbers: HashMap::new(),
            rows: Vec::new(),
            width,
            files: Vec::new(),
        }
    }

    /// Adds a pair; `row` has `width` texts.
    pub fn push(&mut self, row: &[&str]) {
        debug_assert_eq!(row.len(), self.width);
        for text in row {
            let number = match self.numbers.get(*text) {
                Some(&number) => number,
                None => self.add_text(text),
            };
            self.rows.push(number);
        }
    }

    fn add_text(&mut self, text: &str) -> u32 {
        let number = self.texts.len() as u32;
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Texts in each pair: anchor, positive, hard negatives.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The files that the pairs come from, in the order of reading.
    pub fn files(&self) -> &[Bound] {
        &self.files
    }

    /// The distinct texts.
    pub fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    /// The text numbers of pair `pair`, which is below `len()`.
    pub fn row(&self, pair: u32) -> &[u32] {
        let start = pair as usize * self.width;
        &self.rows[start..start + self.width]
    }

    /// The texts of one column for a batch of pairs; column 0 holds the anchors, 1 the positives, 2… the
    /// negatives.
    pub fn column(&self, batch: &[u32], column: usize) -> Vec<&str> {
        batch
            .iter()
            .map(|&pair| self.texts[self.row(pair)[column] as usize].as_ref())
            .collect()
    }
}

/// Reads all files that `data` names.
///
/// # Errors
/// A file that cannot be read or has no rows, a column that is not there, a text that is null, no text or
/// empty, a negative that equals another text of its row, anchors that all equal their positives, rows or files with
/// different numbers of negatives.
pub fn read(data: &Data) -> Result<Pairs> {
    let mut pairs: Option<Pairs> = None;
    for path in tables::expand(&data.train.to_vec())? {
        let rows = tables::open(&path)?;
        let columns = bind(data, &path, rows.columns())?;
        let pairs = pairs.get_or_insert_with(|| Pairs::new(columns.len()));
        if pairs.width() != columns.len() {
            return Err(TrainError::Data(format!(
                "{}: {} hard negatives a pair, but the files before have {}; give all files the same columns",
                path.display(),
                columns.len() - 2,
                pairs.width() - 2
            )));
        }
        let before = pairs.len();
        let mut left_out = None;
        for row in rows {
            let row = row?;
            if data.negatives.is_none() {
                no_other_negatives(&row, &path, &columns)?;
            }
            if row.text(&path, &columns[0])? == row.text(&path, &columns[1])? {
                let error = checked(&row, &path, &columns).err();
                let (count, _) = left_out.get_or_insert((0, error));
                *count += 1;
                continue;
            }
            pairs.push(&checked(&row, &path, &columns)?);
        }
        if pairs.len() == before {
            if let Some((_, Some(error))) = left_out {
                return Err(error);
            }
            return Err(
                EncoderError::format(&path, "at least one pair", "no rows", "give a file with rows").into(),
            );
        }
        let read = pairs.len() - before;
        pairs.files.push(Bound {
            path,
            columns,
            pairs: read,
            left_out: left_out
                .map(|(count, first)| (count, first.map_or_else(String::new, |error| error.to_string()))),
        });
    }
    pairs.ok_or_else(|| TrainError::Data("data.train names no file".into()))
}

/// The columns of a file in the order anchor, positive, negatives.
fn bind(data: &Data, path: &Path, available: &[String]) -> Result<Vec<String>> {
    let there = |name: &str| available.iter().any(|column| column == name);
    let missing = |column: String, key: &str| EncoderError::MissingColumn {
        path: path.to_owned(),
        column,
        available: available.to_vec(),
        help: format!("name the right one in the configuration: {key} = \"…\" under [data]"),
    };
    let find = |key: &str, given: &Option<String>, usual: &[&str]| match given {
        Some(name) if there(name) => Ok(name.clone()),
        Some(name) => Err(missing(name.clone(), key)),
        None => match usual.iter().find(|name| there(name)) {
            Some(name) => Ok((*name).to_owned()),
            None => Err(missing(usual.join(" or "), key)),
        },
    };
    let mut columns = vec![
        find("anchor", &data.anchor, &["anchor", "query"])?,
        find("positive", &data.positive, &["positive", "response"])?,
    ];
    match &data.negatives {
        Some(names) => {
            for name in names {
                columns.push(find("negatives", &Some(name.clone()), &[])?);
            }
        }
        None => columns.extend(usual_negatives(available)),
    }
    Ok(columns)
}

/// `negative`, then `negative_1`, `negative_2`, … in the order of their numbers.
fn usual_negatives(available: &[String]) -> Vec<String> {
    let mut found: Vec<(u32, &String)> = available
        .iter()
        .filter_map(|name| Some((negative_number(name)?, name)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name.clone()).collect()
}

/// 0 for `negative`, N for `negative_N`.
fn negative_number(name: &str) -> Option<u32> {
    match name.strip_prefix("negative")? {
        "" => Some(0),
        rest => rest.strip_prefix('_')?.parse().ok(),
    }
}

/// Columns are bound by the first row; a JSON row with more negatives than that one would lose them.
fn no_other_negatives(row: &tables::Row, path: &Path, columns: &[String]) -> Result<()> {
    let other = row
        .values
        .keys()
        .find(|name| negative_number(name).is_some() && !columns.contains(name));
    match other {
        None => Ok(()),
        Some(name) => {
            let expected = "the same negatives as in the first row";
            let help = "give every row the same number of negatives";
            Err(row
                .bad(path, expected, format!("a column {name} too"), help)
                .into())
        }
    }
}

/// The texts of one row, none of them empty, no two equal: each is a candidate answer for the others.
fn checked<'r>(row: &'r tables::Row, path: &Path, columns: &[String]) -> Result<Vec<&'r str>> {
    let mut texts = Vec::with_capacity(columns.len());
    for column in columns {
        let text = row.text(path, column)?;
        if text.trim().is_empty() {
            let expected = format!("text in column {column}");
            return Err(row
                .bad(path, &expected, "empty text".into(), "fill in or remove that row")
                .into());
        }
        if let Some(same) = texts.iter().position(|&other| other == text) {
            let expected = format!("a text of its own in column {column}");
            let found = format!("the text of column {}", columns[same]);
            return Err(row
                .bad(path, &expected, found, "correct or remove that row")
                .into());
        }
        texts.push(text);
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Patterns;

    fn data(path: &Path) -> Data {
        let train = Patterns::One(path.display().to_string());
        Data {
            train,
            anchor: None,
            positive: None,
            negatives: None,
        }
    }

    fn read_text(name: &str, text: &str, change: impl FnOnce(&mut Data)) -> Result<Pairs> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut data = data(&path);
        change(&mut data);
        read(&data)
    }

    fn refusal(name: &str, text: &str) -> String {
        read_text(name, text, |_| ()).unwrap_err().to_string()
    }

    #[test]
    fn query_and_response_work_without_configuration() {
        let pairs = read_text("p.jsonl", "{\"response\":\"b\",\"query\":\"a\"}\n", |_| ()).unwrap();
        assert_eq!(
            (pairs.column(&[0], 0), pairs.column(&[0], 1)),
            (vec!["a"], vec!["b"])
        );
    }

    #[test]
    fn negatives_are_bound_in_the_order_of_their_numbers() {
        let text = "negative_10,positive,negative_2,anchor,negative\nd,b,c2,a,c\n";
        let pairs = read_text("p.csv", text, |_| ()).unwrap();
        assert_eq!(pairs.width(), 5);
        let row: Vec<&str> = (0..5).flat_map(|column| pairs.column(&[0], column)).collect();
        assert_eq!(row, ["a", "b", "c", "c2", "d"]);
    }

    #[test]
    fn configured_columns_win_and_no_negatives_can_be_asked_for() {
        let pairs = read_text("p.csv", "q,a,negative\n1,2,3\n", |data| {
            data.anchor = Some("q".into());
            data.positive = Some("a".into());
            data.negatives = Some(vec![]);
        });
        assert_eq!(pairs.unwrap().width(), 2);
    }

    #[test]
    fn a_text_is_kept_once_and_pairs_share_its_number() {
        let pairs = read_text("p.csv", "anchor,positive\na,b\nc,a\n", |_| ()).unwrap();
        assert_eq!(
            pairs.texts().iter().map(|text| &**text).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(pairs.row(1), [2, 0]);
    }

    #[test]
    fn a_missing_column_names_those_there_are_and_the_key() {
        let message = refusal("p.csv", "question,answer\na,b\n");
        for part in [
            "anchor or query",
            "question, answer",
            "anchor = \"…\" under [data]",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn null_empty_and_numeric_texts_are_refused_with_row_and_column() {
        for (text, found) in [("null", "null"), ("\" \"", "empty text"), ("5", "the number 5")] {
            let rows = format!(
                "{{\"anchor\":\"a\",\"positive\":\"b\"}}\n{{\"anchor\":\"a\",\"positive\":{text}}}\n"
            );
            let message = refusal("p.jsonl", &rows);
            assert!(
                message.contains("row 2") && message.contains("column positive"),
                "{message}"
            );
            assert!(message.contains(found), "{message}");
        }
    }

    #[test]
    fn a_negative_that_equals_its_positive_is_refused() {
        let message = refusal("p.csv", "anchor,positive,negative\na,b,b\n");
        assert!(
            message.contains("row 1") && message.contains("column positive"),
            "{message}"
        );
    }

    #[test]
    fn files_without_rows_or_with_other_columns_are_refused() {
        assert!(refusal("p.csv", "anchor,positive\n").contains("no rows"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "anchor,positive\na,b\n").unwrap();
        std::fs::write(folder.path().join("b.csv"), "anchor,positive,negative\na,b,c\n").unwrap();
        let message = read(&data(&folder.path().join("*.csv"))).unwrap_err().to_string();
        assert!(message.contains("b.csv: 1 hard negatives a pair"), "{message}");
    }
}
