//! One system beside others on the same questions.

use encoder::ranking::Metrics;
use encoder::significance::{self, Difference};
use rayon::prelude::*;

use crate::evaluate::{Evaluator, Measured};
use crate::model_card::rows;

/// Below this share of chance a difference is called one.
pub const SIGNIFICANT: f64 = 0.05;

/// Something that answers questions, and how well it did.
pub struct System {
    /// What it is called: a model's folder, or `BM25`.
    pub name: String,
    /// Its measurement.
    pub measured: Measured,
}

/// A system, and how far the model in question is ahead of it.
pub struct Rival {
    /// The other system.
    pub system: System,
    /// For each metric its name and the model's value less this system's.
    pub leads: Vec<(&'static str, Difference)>,
}

impl Rival {
    /// The lead in nDCG@10, which decides.
    pub fn lead(&self) -> Difference {
        self.leads[0].1
    }
}

/// A model and the others that answered the same questions.
pub struct Comparison<'a> {
    evaluator: &'a Evaluator,
    rivals: Vec<Rival>,
    model: System,
    reference: usize,
}

impl<'a> Comparison<'a> {
    /// Compares `model` with each of `others`; `reference` is the number of the one that answers to single questions
    /// are shown of.
    pub fn new(evaluator: &'a Evaluator, others: Vec<System>, reference: usize, model: System) -> Self {
        let rivals = others.into_iter().map(|system| Rival {
            leads: leads(&system.measured, &model.measured),
            system,
        });
        Comparison {
            rivals: rivals.collect(),
            evaluator,
            model,
            reference,
        }
    }

    /// The questions and passages.
    pub fn evaluator(&self) -> &Evaluator {
        self.evaluator
    }

    /// The others.
    pub fn rivals(&self) -> &[Rival] {
        &self.rivals
    }

    /// The model in question.
    pub fn model(&self) -> &System {
        &self.model
    }

    /// The other that answers to single questions are shown of.
    pub fn reference(&self) -> &Rival {
        &self.rivals[self.reference]
    }

    /// Questions whose nDCG@10 differs most from the reference's: the better ones first or the worse ones, at most
    /// `most`, ties in the order of the questions.
    pub fn most_changed(&self, better: bool, most: usize) -> Vec<(usize, f64)> {
        let sign = if better { 1.0 } else { -1.0 };
        let ndcg = |metrics: &Metrics| metrics.ndcg_at_10;
        let before = &self.reference().system.measured.each;
        let changes = std::iter::zip(before, &self.model.measured.each)
            .map(|(before, after)| ndcg(after) - ndcg(before))
            .enumerate()
            .filter(|(_, change)| sign * change > 0.0);
        let mut changes: Vec<(usize, f64)> = changes.collect();
        changes.sort_by(|a, b| (sign * b.1).total_cmp(&(sign * a.1)).then(a.0.cmp(&b.0)));
        changes.truncate(most);
        changes
    }
}

fn leads(before: &Measured, after: &Measured) -> Vec<(&'static str, Difference)> {
    let names = rows(&before.metrics).map(|(name, _)| name);
    let values = |measured: &Measured, metric: usize| -> Vec<f64> {
        let each = measured.each.iter();
        each.map(|metrics| rows(metrics)[metric].1).collect()
    };
    let lead = |(metric, name)| {
        let difference = significance::compare(&values(before, metric), &values(after, metric));
        (name, difference)
    };
    names.into_par_iter().enumerate().map(lead).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::four_questions;
    use super::*;

    /// Four questions, of which `new` answers two better than `old` and one worse, and BM25 finds nothing.
    pub(in super::super) fn comparison(evaluator: &Evaluator) -> Comparison<'_> {
        let system = |name: &str, ndcg: [f64; 4], hits: Vec<u32>| {
            let each = ndcg.map(|ndcg_at_10| Metrics {
                ndcg_at_10,
                queries: 1,
                ..Metrics::default()
            });
            System {
                name: name.into(),
                measured: Measured {
                    metrics: encoder::ranking::mean(each.iter()),
                    each: each.into(),
                    hits: vec![hits; 4],
                    truncated: 0,
                },
            }
        };
        let others = vec![
            system("BM25", [0.0; 4], Vec::new()),
            system("old", [0.5, 0.2, 1.0, 0.0], vec![1, 0]),
        ];
        let model = system("new", [1.0, 0.2, 0.9, 0.8], vec![0, 1]);
        Comparison::new(evaluator, others, 1, model)
    }

    #[test]
    fn questions_are_listed_by_their_change_from_the_reference() {
        let (_folder, evaluator) = four_questions();
        let comparison = comparison(&evaluator);
        let changed = |better| -> Vec<usize> {
            let changed = comparison.most_changed(better, 5);
            changed.iter().map(|&(question, _)| question).collect()
        };
        assert_eq!((changed(true), changed(false)), (vec![3, 0], vec![2]));
        assert_eq!(comparison.most_changed(true, 1).len(), 1);
        assert!((comparison.reference().lead().mean - 0.3).abs() < 1e-12);
        assert!((comparison.rivals()[0].lead().mean - 0.725).abs() < 1e-12);
    }
}
