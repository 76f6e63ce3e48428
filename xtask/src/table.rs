//! The demo's closing tables: qualities before and after training, and times.

use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// What is shown: the name in `search eval --json`, and the column's heading.
const COLUMNS: [(&str, &str); 3] = [
    ("ndcg_at_10", "nDCG@10"),
    ("mrr_at_10", "MRR@10"),
    ("recall_at_10", "recall@10"),
];

/// One evaluation: a line of figures, each from 0 to 1, for each mode of searching.
pub struct Scores {
    modes: BTreeMap<String, [f64; 3]>,
    queries: u64,
}

impl Scores {
    /// Reads what `search eval --json` prints.
    pub fn parse(lines: &str) -> Result<Self> {
        let mut scores = Self {
            modes: BTreeMap::new(),
            queries: 0,
        };
        for line in lines.lines() {
            let unread = || format!("`search eval --json` printed a line that this cannot read: {line}");
            let value: Value = serde_json::from_str(line).with_context(unread)?;
            if value["type"] != "metrics" {
                continue;
            }
            let mode = value["mode"].as_str().with_context(unread)?;
            let mut figures = [0.0; 3];
            for (figure, (name, _)) in figures.iter_mut().zip(COLUMNS) {
                *figure = value[name].as_f64().with_context(unread)?;
            }
            scores.queries = value["queries"].as_u64().with_context(unread)?;
            scores.modes.insert(mode.to_owned(), figures);
        }
        Ok(scores)
    }

    fn of(&self, mode: &str) -> Result<&[f64; 3]> {
        self.modes
            .get(mode)
            .with_context(|| format!("`search eval --json` has no figures for {mode}"))
    }
}

/// The quality table, base model beside trained model. BM25 knows no model and stands once.
pub fn qualities(before: &Scores, after: &Scores) -> Result<String> {
    let mut table = format!(
        "{} test questions in lay people's words, on conditions that no training pair is about:\n\n{:<24}",
        after.queries, ""
    );
    for (_, heading) in COLUMNS {
        let _ = write!(table, "{heading:>11}");
    }
    let rows = [
        ("bm25", before, "bm25"),
        ("vector, base model", before, "vector"),
        ("vector, fine-tuned", after, "vector"),
        ("hybrid, base model", before, "hybrid"),
        ("hybrid, fine-tuned", after, "hybrid"),
    ];
    for (name, scores, mode) in rows {
        let _ = write!(table, "\n{name:<24}");
        for figure in scores.of(mode)? {
            let _ = write!(table, "{figure:>11.3}");
        }
    }
    table.push('\n');
    Ok(table)
}

/// The time of each step, and of all.
pub fn times(steps: &[(&str, Duration)]) -> String {
    let total = ("total", steps.iter().map(|(_, time)| *time).sum());
    let lines = steps.iter().chain([&total]).map(|(step, time)| {
        let seconds = time.as_secs_f64();
        let (minutes, rest) = ((seconds / 60.0).floor(), seconds % 60.0);
        format!("{step:<26} {minutes:>3} min {rest:>4.1} s")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(vector: f64) -> Scores {
        let line = |mode: &str, figure: f64| {
            format!(
                "{{\"type\":\"metrics\",\"mode\":\"{mode}\",\"ndcg_at_10\":{figure},\"mrr_at_10\":0.5,\
                 \"recall_at_1\":0.1,\"recall_at_10\":0.9,\"recall_at_100\":1.0,\"queries\":216}}"
            )
        };
        let lines = [line("bm25", 0.25), line("vector", vector), line("hybrid", 0.75)];
        Scores::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn before_and_after_stand_side_by_side() {
        let table = qualities(&scores(0.5), &scores(0.625)).unwrap();
        assert!(table.starts_with("216 test questions"), "{table}");
        assert!(
            table.contains("vector, base model            0.500      0.500      0.900"),
            "{table}"
        );
        assert!(table.contains("vector, fine-tuned            0.625"), "{table}");
    }

    #[test]
    fn a_missing_mode_or_figure_is_named() {
        let error = qualities(
            &scores(0.5),
            &Scores {
                modes: BTreeMap::new(),
                queries: 0,
            },
        )
        .unwrap_err();
        assert!(error.to_string().contains("vector"), "{error}");
        let error = Scores::parse("{\"type\":\"metrics\",\"mode\":\"bm25\"}")
            .err()
            .unwrap();
        assert!(error.to_string().contains("bm25"), "{error}");
    }

    #[test]
    fn times_add_up() {
        let lines = times(&[
            ("train", Duration::from_millis(61_500)),
            ("index", Duration::from_secs(2)),
        ]);
        assert!(
            lines.contains("train                        1 min  1.5 s"),
            "{lines}"
        );
        assert!(
            lines.ends_with("total                        1 min  3.5 s"),
            "{lines}"
        );
    }
}
