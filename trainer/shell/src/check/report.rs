//! What a check found, as text and as JSON.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::error::{Result, TrainError};
use crate::progress::{grouped, seconds};

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// What the data are; absent where they cannot be trained on.
    #[serde(flatten)]
    pub facts: Option<Facts>,
    /// What is wrong, errors first.
    pub problems: Vec<Problem>,
}

/// What a training will work on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Facts {
    /// The files with their columns.
    pub files: Vec<File>,
    /// Training pairs.
    pub pairs: usize,
    /// Pairs that are there before, in the same words.
    pub pairs_twice: usize,
    /// Distinct texts.
    pub texts: usize,
    /// Those that are cut at the maximum length.
    pub texts_cut: usize,
    /// Longest text in tokens.
    pub max_length: usize,
    /// Tokens of all distinct texts that are kept.
    pub tokens: usize,
    /// Tokens that are cut off; estimated where more than 2,000 texts are cut.
    pub tokens_cut: usize,
    /// Batches of the first epoch.
    pub batches: usize,
    /// Pairs of these batches on average.
    pub batch: f64,
    /// Pairs for which the first epoch has no batch.
    pub left_out: usize,
    /// Part of the first epoch's tokens that is padding.
    pub padding: f64,
    /// Couples of pairs in a batch that have nearly equal questions or answers, expected of a random batch.
    pub false_negatives: f64,
    /// The evaluation's questions against the training texts; absent without an evaluation.
    pub leakage: Option<Leakage>,
    /// Rounds of mining and training; absent where nothing is mined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<usize>,
    /// Optimizer steps of all rounds.
    pub steps: usize,
    /// Estimated memory for weights, gradients, optimizer, activations of the largest batch, and the best weights.
    pub memory_bytes: u64,
    /// Estimated time for all steps, without measurements and mining; absent where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A file and how its columns bind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct File {
    /// The file.
    pub path: PathBuf,
    /// Its pairs.
    pub pairs: usize,
    /// Column of the anchors.
    pub anchor: String,
    /// Column of the positives.
    pub positive: String,
    /// Columns of the hard negatives.
    pub negatives: Vec<String>,
    /// Column of the scores, where the loss needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
}

/// Evaluation questions that training texts give away.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Leakage {
    /// Judged questions.
    pub questions: usize,
    /// Those that are a training text, but for case and punctuation.
    pub equal: usize,
    /// Others that are nearly a training text.
    pub near: usize,
    /// The first such question.
    pub example: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The training cannot begin.
    Error,
    /// The training can go on, perhaps to a worse model or to wrong figures.
    Warning,
}

/// Something wrong, in one sentence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What was found and what to do.
    pub text: String,
}

impl Report {
    /// The report on a training that cannot begin.
    pub fn refused(error: &TrainError) -> Self {
        let problem = Problem {
            severity: Severity::Error,
            text: error.to_string(),
        };
        Report {
            facts: None,
            problems: vec![problem],
        }
    }

    /// As one line of JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn json(&self) -> Result<String> {
        let json =
            serde_json::to_string(self).map_err(|error| TrainError::Output(format!("check: {error}")))?;
        Ok(json + "\n")
    }

    /// For a person to read.
    pub fn text(&self) -> String {
        let mut text = self.facts.as_ref().map(Facts::text).unwrap_or_default();
        for problem in &self.problems {
            let severity = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let _ = writeln!(text, "{severity}: {}", problem.text);
        }
        if self.problems.is_empty() {
            text += "no problems found\n";
        }
        text
    }

    /// # Errors
    /// The numbers of errors and warnings, where there is an error, or with `strict` a warning.
    pub fn verdict(&self, strict: bool) -> Result<()> {
        let errors = self
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let errors = errors.count();
        let warnings = self.problems.len() - errors;
        if errors == 0 && (warnings == 0 || !strict) {
            return Ok(());
        }
        let strict = if strict {
            ", and --strict takes warnings for errors"
        } else {
            ""
        };
        Err(TrainError::Data(format!(
            "the check found {errors} error{} and {warnings} warning{}{strict}",
            plural(errors),
            plural(warnings)
        )))
    }
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

impl Facts {
    fn text(&self) -> String {
        let count = |number: usize| grouped(number as u64);
        let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        let mut text = String::new();
        for file in &self.files {
            let negatives = match &file.negatives[..] {
                [] => "no hard negatives".to_owned(),
                names => format!("negatives = {names:?}"),
            };
            let score = file
                .score
                .as_ref()
                .map_or_else(String::new, |name| format!(", score = {name:?}"));
            let _ = writeln!(
                text,
                "file        {}: {} pairs; anchor = {:?}, positive = {:?}, {negatives}{score}",
                file.path.display(),
                count(file.pairs),
                file.anchor,
                file.positive
            );
        }
        let (cut, tokens) = (self.tokens_cut, self.tokens + self.tokens_cut);
        let _ = writeln!(
            text,
            "texts       {} distinct in {} pairs; {} of them ({:.1} %) are longer than {} tokens and lose {} of {} tokens \
             ({:.1} %)",
            count(self.texts),
            count(self.pairs),
            count(self.texts_cut),
            share(self.texts_cut, self.texts),
            self.max_length,
            count(cut),
            count(tokens),
            share(cut, tokens)
        );
        let _ = writeln!(
            text,
            "batches     {} in the first epoch, of {:.1} pairs on average; {} pairs sit it out; {:.1} % of the tokens are \
             padding",
            count(self.batches),
            self.batch,
            count(self.left_out),
            100.0 * self.padding
        );
        let _ = writeln!(
            text,
            "duplicates  {} pairs twice; {:.2} couples of nearly equal pairs expected in a batch",
            count(self.pairs_twice),
            self.false_negatives
        );
        if let Some(leakage) = &self.leakage {
            let _ = writeln!(
                text,
                "evaluation  {} questions; {} are training texts, {} nearly",
                count(leakage.questions),
                count(leakage.equal),
                count(leakage.near)
            );
        }
        let time = self.seconds.map_or(String::new(), |time| {
            let mining = if self.rounds.is_some() { " and mining" } else { "" };
            format!("; about {}, without measurements{mining}", seconds(time))
        });
        let rounds = self.rounds.map_or_else(String::new, |rounds| {
            format!(" in {rounds} rounds, each with negatives that are mined before it")
        });
        let _ = writeln!(
            text,
            "training    {} steps{rounds}{time}; about {:.1} GB of memory",
            count(self.steps),
            self.memory_bytes as f64 / 1e9
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned() -> Report {
        let problem = Problem {
            severity: Severity::Warning,
            text: "odd".into(),
        };
        Report {
            facts: Some(Facts::default()),
            problems: vec![problem],
        }
    }

    #[test]
    fn warnings_fail_only_when_strict_and_errors_always() {
        assert!(warned().verdict(false).is_ok());
        let error = warned().verdict(true).unwrap_err().to_string();
        assert!(error.contains("0 errors and 1 warning"), "{error}");
        let refused = Report::refused(&TrainError::Data("no pairs".into()));
        assert!(refused.verdict(false).is_err());
        assert_eq!(refused.text(), "error: no pairs\n");
    }

    #[test]
    fn json_is_one_object_with_facts_and_problems() {
        let json: serde_json::Value = serde_json::from_str(&warned().json().unwrap()).unwrap();
        assert_eq!(json["steps"], 0);
        assert_eq!(json["problems"][0]["severity"], "warning");
    }
}
