//! `train compare`: two models on the same questions, and whether their difference could be chance.

pub mod args;
mod json;
mod text;

use std::path::{Path, PathBuf};

use encoder::Encoder;
use encoder::ranking::Metrics;
use encoder::significance::{self, Difference};

use crate::config::Judged;
use crate::error::{Result, TrainError};
use crate::evaluate::{Evaluator, Measured};
use crate::interrupt::Interrupt;
use crate::model_card::rows;
use crate::run_log::print;
use args::Args;

/// Below this share of chance a difference is called one.
const SIGNIFICANT: f64 = 0.05;

/// Questions shown of those that became better, and of those that became worse.
const SHOWN: usize = 5;

/// Two measurements of the same questions.
struct Comparison<'a> {
    evaluator: &'a Evaluator,
    before: Measured,
    after: Measured,
    /// Name and difference of each metric.
    differences: Vec<(&'static str, Difference)>,
}

/// Measures both models and prints the comparison. `open` opens a model folder.
///
/// # Errors
/// Files or models that cannot be read, an interrupt.
pub fn execute(args: &Args, open: &dyn Fn(&Path) -> Result<Box<dyn Encoder>>) -> Result<()> {
    let interrupt = Interrupt::on_signals()?;
    let evaluator = Evaluator::read(&judged(args)?)?;
    let measure = |model: &Path| evaluator.measure_shown(&*open(model)?, &interrupt);
    let (before, after) = (measure(&args.before)?, measure(&args.after)?);
    let comparison = Comparison::new(&evaluator, before, after);
    print(&if args.json {
        json::lines(&comparison, args)?
    } else {
        text::report(&comparison, args)
    })
}

/// The development set's files: questions and judgements in the folder, the corpus there or one folder up.
fn judged(args: &Args) -> Result<Judged> {
    let folder = &args.eval;
    let first = |candidates: Vec<PathBuf>, what: &str| match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => {
            let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
            Err(TrainError::Data(format!(
                "{}: expected {what}, looked for {}; --eval names a folder in BEIR's form",
                folder.display(),
                looked.join(", ")
            )))
        }
    };
    let up = folder.join("..");
    let corpus = [folder, &up].into_iter().flat_map(|folder| {
        ["corpus.jsonl", "corpus.parquet", "corpus.csv", "corpus.tsv"].map(|name| folder.join(name))
    });
    let qrels = ["qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv"].map(|name| folder.join(name));
    Ok(Judged {
        corpus: first(corpus.collect(), "a corpus")?,
        queries: first(vec![folder.join("queries.jsonl")], "questions")?,
        qrels: first(qrels.into(), "judgements")?,
    })
}

impl<'a> Comparison<'a> {
    fn new(evaluator: &'a Evaluator, before: Measured, after: Measured) -> Self {
        let names = rows(&before.metrics).map(|(name, _)| name);
        let values = |measured: &Measured, metric: usize| -> Vec<f64> {
            measured
                .each
                .iter()
                .map(|metrics| rows(metrics)[metric].1)
                .collect()
        };
        let differences = names.into_iter().enumerate().map(|(metric, name)| {
            let difference = significance::compare(&values(&before, metric), &values(&after, metric));
            (name, difference)
        });
        let differences = differences.collect();
        Comparison {
            evaluator,
            before,
            after,
            differences,
        }
    }

    /// nDCG@10, which decides.
    fn deciding(&self) -> Difference {
        self.differences[0].1
    }

    /// Questions whose nDCG@10 changed most: the better ones first or the worse ones, at most [`SHOWN`], ties in the
    /// order of the questions.
    fn most_changed(&self, better: bool) -> Vec<(usize, f64)> {
        let sign = if better { 1.0 } else { -1.0 };
        let ndcg = |metrics: &Metrics| metrics.ndcg_at_10;
        let changes = std::iter::zip(&self.before.each, &self.after.each)
            .map(|(before, after)| ndcg(after) - ndcg(before))
            .enumerate()
            .filter(|(_, change)| sign * change > 0.0);
        let mut changes: Vec<(usize, f64)> = changes.collect();
        changes.sort_by(|a, b| (sign * b.1).total_cmp(&(sign * a.1)).then(a.0.cmp(&b.0)));
        changes.truncate(SHOWN);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four questions, of which the second model answers two better and one worse.
    pub(super) fn comparison(evaluator: &Evaluator) -> Comparison<'_> {
        let measured = |ndcg: [f64; 4]| {
            let each = ndcg.map(|ndcg_at_10| Metrics {
                ndcg_at_10,
                queries: 1,
                ..Metrics::default()
            });
            Measured {
                metrics: encoder::ranking::mean(each.iter()),
                each: each.into(),
                hits: vec![vec![1, 0]; 4],
                truncated: 0,
            }
        };
        Comparison::new(
            evaluator,
            measured([0.5, 0.2, 1.0, 0.0]),
            measured([1.0, 0.2, 0.9, 0.8]),
        )
    }

    pub(super) fn four_questions() -> (tempfile::TempDir, Evaluator) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "corpus.jsonl",
            "{\"id\":\"d0\",\"text\":\"gout\"}\n{\"id\":\"d1\",\"text\":\"asthma\"}\n",
        );
        let query = |number: usize| format!("{{\"_id\":\"q{number}\",\"text\":\"question {number}\"}}\n");
        write("queries.jsonl", &(0..4).map(query).collect::<String>());
        let qrel = |number: usize| format!("q{number}\td0\t1\n");
        let qrels: String = (0..4).map(qrel).collect();
        write("qrels.tsv", &format!("query-id\tcorpus-id\tscore\n{qrels}"));
        let args = Args {
            eval: folder.path().to_owned(),
            ..Args::default()
        };
        let evaluator = Evaluator::read(&judged(&args).unwrap()).unwrap();
        (folder, evaluator)
    }

    #[test]
    fn questions_are_listed_by_their_change() {
        let (_folder, evaluator) = four_questions();
        let comparison = comparison(&evaluator);
        let changed = |better| -> Vec<usize> {
            comparison
                .most_changed(better)
                .iter()
                .map(|&(question, _)| question)
                .collect()
        };
        assert_eq!((changed(true), changed(false)), (vec![3, 0], vec![2]));
        assert!((comparison.deciding().mean - 0.3).abs() < 1e-12);
    }

    #[test]
    fn a_folder_without_questions_is_refused_with_the_places_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("corpus.jsonl"), "").unwrap();
        let args = Args {
            eval: folder.path().to_owned(),
            ..Args::default()
        };
        let message = judged(&args).unwrap_err().to_string();
        assert!(
            message.contains("expected questions") && message.contains("queries.jsonl"),
            "{message}"
        );
    }
}
