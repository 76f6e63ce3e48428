//! The comparison for programs: JSON Lines.

use std::path::PathBuf;

use serde::Serialize;

use super::args::Args;
use super::{Comparison, SIGNIFICANT};
use crate::error::{Result, TrainError};
use crate::model_card::rows;

/// A line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    /// Once, first.
    Comparison {
        a: PathBuf,
        b: PathBuf,
        questions: usize,
        passages: usize,
        /// `a` or `b`; absent where the difference in nDCG@10 could be chance.
        #[serde(skip_serializing_if = "Option::is_none")]
        better: Option<&'static str>,
    },
    /// Each metric.
    Metric {
        name: &'a str,
        a: f64,
        b: f64,
        difference: f64,
        /// 95 % interval of the difference.
        low: f64,
        high: f64,
        p: f64,
    },
    /// Each question that changed most, the better ones first.
    Question { text: &'a str, change: f64 },
}

/// One object a line.
pub(super) fn lines(comparison: &Comparison, args: &Args) -> Result<String> {
    let evaluator = comparison.evaluator;
    let deciding = comparison.deciding();
    let better = if deciding.mean > 0.0 { "b" } else { "a" };
    let mut lines = vec![Line::Comparison {
        a: args.before.clone(),
        b: args.after.clone(),
        questions: evaluator.questions(),
        passages: evaluator.passages(),
        better: (deciding.p < SIGNIFICANT).then_some(better),
    }];
    let values = rows(&comparison.before.metrics)
        .into_iter()
        .zip(rows(&comparison.after.metrics));
    lines.extend(
        values
            .zip(&comparison.differences)
            .map(|(((_, a), (_, b)), (name, difference))| Line::Metric {
                name,
                a,
                b,
                difference: difference.mean,
                low: difference.interval.0,
                high: difference.interval.1,
                p: difference.p,
            }),
    );
    for better in [true, false] {
        lines.extend(
            comparison
                .most_changed(better)
                .into_iter()
                .map(|(question, change)| Line::Question {
                    text: evaluator.question(question),
                    change,
                }),
        );
    }
    let mut text = String::new();
    for line in lines {
        let line = serde_json::to_string(&line)
            .map_err(|error| TrainError::Output(format!("the comparison cannot be written: {error}")))?;
        text += &line;
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{comparison, four_questions};
    use super::*;

    #[test]
    fn every_line_is_an_object_with_its_type() {
        let (_folder, evaluator) = four_questions();
        let text = lines(&comparison(&evaluator), &Args::default()).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 1 + 5 + 3);
        assert_eq!(lines[0]["questions"], 4);
        assert!(lines[0].get("better").is_none());
        assert_eq!(lines[1]["name"], "nDCG@10");
        assert!((lines[1]["difference"].as_f64().unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(lines[6]["text"], "question 3");
    }
}
