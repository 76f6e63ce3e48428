//! Tables to pairs: which columns are bound to what, and which rows are refused.

use std::path::Path;

use encoder::tables::{self, Row};
use encoder::{EncoderError, Result as Read};

use super::{Bound, Pairs};
use crate::config::{Data, Hardness, Loss, LossKind};
use crate::error::{Result, TrainError};

/// Usual names of the columns, the first that is there is taken.
const ANCHORS: [&str; 3] = ["anchor", "query", "sentence1"];
const POSITIVES: [&str; 3] = ["positive", "response", "sentence2"];
const SCORES: [&str; 3] = ["score", "label", "similarity"];

/// Reads all files that `data` names, for a training with `loss`.
///
/// # Errors
/// A file that cannot be read or has no rows, a column that is not there, a text that is null, no text or
/// empty, a negative that equals another text of its row, anchors that all equal their positives, rows or files with
/// different numbers of negatives, a score that the loss cannot take, too few negatives for it, or too many.
pub fn read(data: &Data, loss: &Loss) -> Result<Pairs> {
    let mut pairs: Option<Pairs> = None;
    for path in tables::expand(&data.train.to_vec())? {
        let rows = tables::open(&path)?;
        let reader = Reader::new(data, loss, &path, rows.columns())?;
        let pairs = pairs.get_or_insert_with(|| Pairs::new(reader.columns.len()));
        if pairs.width() != reader.columns.len() {
            return Err(TrainError::Data(format!(
                "{}: {} hard negatives a pair, but the files before have {}; give all files the same columns",
                path.display(),
                reader.columns.len() - 2,
                pairs.width() - 2
            )));
        }
        reader.read(rows, pairs)?;
    }
    let mut pairs = pairs.ok_or_else(|| TrainError::Data("data.train names no file".into()))?;
    pairs.finish()?;
    let first = pairs.scores().first();
    if loss.kind == LossKind::Cosent && pairs.scores().iter().all(|score| Some(score) == first) {
        return Err(TrainError::Data(format!(
            "{}: all scores are {}, and CoSENT learns from pairs with different ones; give other scores or another loss",
            data.train.to_vec().join(", "),
            first.copied().unwrap_or_default()
        )));
    }
    Ok(pairs)
}

/// Reads the pairs of questions and right answers for which a training mines the negatives, whatever loss needs them.
///
/// # Errors
/// As [`read`], and hard negatives in the files.
pub fn read_without_negatives(data: &Data) -> Result<Pairs> {
    let pairs = read(data, &Loss::default())?;
    if let Some(file) = pairs.files().iter().find(|file| file.columns.len() > 2) {
        return Err(TrainError::Data(format!(
            "{}: expected no hard negatives, because mine.rounds finds them, found the columns {}; set negatives = [] \
             under [data] to leave them out, or remove mine.rounds",
            file.path.display(),
            file.columns[2..].join(", ")
        )));
    }
    Ok(pairs)
}

/// How the rows of one file are read.
struct Reader<'a> {
    path: &'a Path,
    loss: &'a Loss,
    /// Anchor, positive, negatives.
    columns: Vec<String>,
    score: Option<String>,
    /// Whether the negatives' columns are those of the first row, and others would be lost.
    usual_negatives: bool,
}

impl<'a> Reader<'a> {
    /// Binds the columns that are there.
    fn new(data: &Data, loss: &'a Loss, path: &'a Path, available: &[String]) -> Result<Self> {
        let binding = Binding { path, available };
        let scored = matches!(loss.kind, LossKind::Cosent | LossKind::Cosine);
        let mut columns = vec![
            binding.find("anchor", data.anchor.as_ref(), &ANCHORS)?,
            binding.find("positive", data.positive.as_ref(), &POSITIVES)?,
        ];
        match &data.negatives {
            Some(names) => {
                for name in names {
                    columns.push(binding.find("negatives", Some(name), &[])?);
                }
            }
            None if scored => {}
            None => columns.extend(usual_negatives(available)),
        }
        let score = if scored || data.score.is_some() {
            Some(binding.find("score", data.score.as_ref(), &SCORES)?)
        } else {
            None
        };
        check_negatives(loss, path, columns.len() - 2, score.is_some())?;
        Ok(Reader {
            path,
            loss,
            columns,
            score,
            usual_negatives: data.negatives.is_none() && !scored,
        })
    }

    /// Adds the rows to `pairs`.
    fn read(self, rows: tables::Rows, pairs: &mut Pairs) -> Result<()> {
        let before = pairs.len();
        let mut left_out = None;
        for row in rows {
            let row = row?;
            if self.usual_negatives {
                self.no_other_negatives(&row)?;
            }
            if !self.may_be_equal() && self.is_equal(&row)? {
                let error = self.texts(&row).err();
                let (count, _) = left_out.get_or_insert((0, error));
                *count += 1;
                continue;
            }
            let texts = self.texts(&row)?;
            match &self.score {
                Some(column) => pairs.push_scored(&texts, self.score(&row, column)?),
                None => pairs.push(&texts),
            }
            pairs.spill()?;
        }
        if pairs.len() == before {
            if let Some((_, Some(error))) = left_out {
                return Err(error.into());
            }
            return Err(EncoderError::format(
                self.path,
                "at least one pair",
                "no rows",
                "give a file with rows",
            )
            .into());
        }
        pairs.files.push(Bound {
            path: self.path.to_owned(),
            columns: self.columns,
            score: self.score,
            pairs: pairs.len() - before,
            left_out: left_out
                .map(|(count, first)| (count, first.map_or_else(String::new, |error| error.to_string()))),
        });
        Ok(())
    }

    /// Two equal texts with a score, or with a teacher that each is judged by alone, teach as much as others do; else
    /// they teach nothing.
    fn may_be_equal(&self) -> bool {
        matches!(
            self.loss.kind,
            LossKind::Cosent | LossKind::Cosine | LossKind::Distillation
        )
    }

    fn is_equal(&self, row: &Row) -> Read<bool> {
        Ok(row.text(self.path, &self.columns[0])? == row.text(self.path, &self.columns[1])?)
    }

    /// Columns are bound by the first row; a JSON row with more negatives than that one would lose them.
    fn no_other_negatives(&self, row: &Row) -> Read<()> {
        let other = row
            .values
            .keys()
            .find(|name| negative_number(name).is_some() && !self.columns.contains(name));
        match other {
            None => Ok(()),
            Some(name) => {
                let expected = "the same negatives as in the first row";
                let help = "give every row the same number of negatives";
                Err(row.bad(self.path, expected, format!("a column {name} too"), help))
            }
        }
    }

    /// The texts of one row, none of them empty, no two equal unless they may be.
    fn texts<'r>(&self, row: &'r Row) -> Read<Vec<&'r str>> {
        let mut texts = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let text = row.text(self.path, column)?;
            if text.trim().is_empty() {
                let expected = format!("text in column {column}");
                let help = "fill in or remove that row";
                return Err(row.bad(self.path, &expected, "empty text".into(), help));
            }
            let same = texts.iter().position(|&other| other == text);
            if let Some(same) = same.filter(|_| !self.may_be_equal()) {
                let expected = format!("a text of its own in column {column}");
                let found = format!("the text of column {}", self.columns[same]);
                return Err(row.bad(self.path, &expected, found, "correct or remove that row"));
            }
            texts.push(text);
        }
        Ok(texts)
    }

    fn score(&self, row: &Row, column: &str) -> Read<f32> {
        let score = row.number(self.path, column)?;
        if self.loss.kind == LossKind::Cosine && !(-1.0..=1.0).contains(&score) {
            let expected = format!("a cosine from -1 to 1 in column {column}");
            let help = "bring all scores into that range, or use the loss \"cosent\", which takes any";
            return Err(row.bad(self.path, &expected, score.to_string(), help));
        }
        if !(score as f32).is_finite() {
            let expected = format!("a number of at most 3.4e38 in column {column}");
            return Err(row.bad(
                self.path,
                &expected,
                score.to_string(),
                "correct or remove that row",
            ));
        }
        Ok(score as f32)
    }
}

/// The columns of a file, to be found by name.
struct Binding<'a> {
    path: &'a Path,
    available: &'a [String],
}

impl Binding<'_> {
    /// The column `given` for `key`, else the first of the usual ones.
    fn find(&self, key: &str, given: Option<&String>, usual: &[&str]) -> Read<String> {
        let there = |name: &str| self.available.iter().any(|column| column == name);
        let missing = |column: String| EncoderError::MissingColumn {
            path: self.path.to_owned(),
            column,
            available: self.available.to_vec(),
            help: format!("name the right one in the configuration: {key} = \"…\" under [data]"),
        };
        match given {
            Some(name) if there(name) => Ok(name.clone()),
            Some(name) => Err(missing(name.clone())),
            None => match usual.iter().find(|name| there(name)) {
                Some(name) => Ok((*name).to_owned()),
                None => Err(missing(usual.join(" or "))),
            },
        }
    }
}

/// Refuses a number of negatives that the loss cannot work with.
fn check_negatives(loss: &Loss, path: &Path, negatives: usize, scored: bool) -> Result<()> {
    let expected = match loss.kind {
        LossKind::MarginMse if scored && negatives != 1 => {
            "one column of negatives, whose lead the scores are"
        }
        LossKind::Ranking if negatives == 0 && loss.hardness == Some(Hardness::HardNegatives) => {
            "at least one column of negatives, which loss.hardness is about"
        }
        LossKind::Triplet | LossKind::MarginMse if negatives == 0 => "at least one column of negatives",
        _ => return Ok(()),
    };
    let help = "name the columns in the configuration: negatives = [\"…\"] under [data]; `train mine`, and mine.rounds in a \
                training, find negatives";
    Err(EncoderError::format(path, expected, negatives.to_string(), help).into())
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
            score: None,
            loss: None,
        }
    }

    fn read_text(name: &str, text: &str, change: impl FnOnce(&mut Data)) -> Result<Pairs> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut data = data(&path);
        change(&mut data);
        let plain = Loss::default();
        read(&data, data.loss.as_ref().unwrap_or(&plain))
    }

    fn of_kind(kind: LossKind) -> Option<Loss> {
        Some(Loss {
            kind,
            ..Loss::default()
        })
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
    fn pairs_to_mine_for_have_no_negatives_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.csv");
        std::fs::write(&path, "anchor,positive,negative\na,b,c\n").unwrap();
        let mut data = data(&path);
        let message = read_without_negatives(&data).unwrap_err().to_string();
        assert!(
            message.contains("found the columns negative") && message.contains("negatives = []"),
            "{message}"
        );
        data.negatives = Some(vec![]);
        assert_eq!(read_without_negatives(&data).unwrap().width(), 2);
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
        assert_eq!(pairs.texts().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(pairs.row(1), [2, 0]);
    }

    #[test]
    fn a_missing_column_names_those_there_are_and_the_key() {
        let message = refusal("p.csv", "question,answer\na,b\n");
        for part in [
            "anchor or query or sentence1",
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
        let message = read(&data(&folder.path().join("*.csv")), &Loss::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains("b.csv: 1 hard negatives a pair"), "{message}");
    }

    #[test]
    fn scored_pairs_are_read_with_their_usual_names_and_may_be_equal() {
        let text = "sentence1,sentence2,negative,score\na,b,n,0.25\nc,c,n,1\n";
        let pairs = read_text("p.csv", text, |data| data.loss = of_kind(LossKind::Cosine)).unwrap();
        assert_eq!((pairs.width(), pairs.scores()), (2, &[0.25, 1.0][..]));
        assert_eq!(pairs.files()[0].score.as_deref(), Some("score"));
    }

    #[test]
    fn scores_that_are_missing_out_of_range_or_all_equal_are_refused() {
        for (kind, scores, parts) in [
            (LossKind::Cosine, ["0", "1.5"], ["row 2", "from -1 to 1"]),
            (LossKind::Cosine, ["0", "null"], ["row 2", "null"]),
            (LossKind::Cosent, ["3", "3"], ["all scores are 3", "CoSENT"]),
        ] {
            let rows =
                scores.map(|score| format!("{{\"anchor\":\"a\",\"positive\":\"b\",\"label\":{score}}}\n"));
            let message = read_text("p.jsonl", &rows.concat(), |data| data.loss = of_kind(kind))
                .unwrap_err()
                .to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        }
        let missing = read_text("p.csv", "anchor,positive\na,b\n", |data| {
            data.loss = of_kind(LossKind::Cosent);
        });
        let message = missing.unwrap_err().to_string();
        assert!(message.contains("score or label or similarity"), "{message}");
    }

    #[test]
    fn a_loss_without_the_negatives_it_needs_is_refused() {
        let (pairs, triplets) = (
            "anchor,positive,lead\na,b,1\n",
            "anchor,positive,negative,negative_1,lead\na,b,c,d,1\n",
        );
        for (kind, score, text, part) in [
            (LossKind::Triplet, None, pairs, "at least one column"),
            (LossKind::MarginMse, None, pairs, "at least one column"),
            (
                LossKind::MarginMse,
                Some("lead"),
                triplets,
                "one column of negatives",
            ),
        ] {
            let result = read_text("p.csv", text, |data| {
                data.loss = of_kind(kind);
                data.score = score.map(str::to_owned);
            });
            let message = result.unwrap_err().to_string();
            assert!(
                message.contains(part) && message.contains("negatives = "),
                "{message}"
            );
        }
    }
}
