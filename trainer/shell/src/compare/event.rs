//! The comparison as data: the lines of `train compare --json`, and of a training's log.

use encoder::ranking::Metrics;
use serde::{Deserialize, Serialize};

use super::comparison::{Comparison, Rival, SIGNIFICANT, System};
use super::text::excerpt;
use crate::model_card::rows;

/// Questions told of those that became better, and of those that became worse.
const QUESTIONS: usize = 5;

/// Hits told of each system.
const HITS: usize = 3;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// Once, first.
    Comparison {
        /// What the answers to single questions are compared with.
        a: String,
        /// The model in question.
        b: String,
        /// Judged questions.
        questions: usize,
        /// Passages of the corpus.
        passages: usize,
        /// `a` or `b`; absent where the difference in nDCG@10 could be chance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        better: Option<String>,
    },
    /// Each system, the model in question last.
    System {
        /// `BM25` or the model.
        name: String,
        /// Its measurement.
        metrics: Metrics,
    },
    /// Each metric of each other system beside the model's; those of `a` first.
    Metric {
        /// The other system.
        system: String,
        /// The metric.
        name: String,
        /// The other's value.
        a: f64,
        /// The model's.
        b: f64,
        /// `b - a`.
        difference: f64,
        /// Lower end of the difference's 95 % interval.
        low: f64,
        /// Upper end.
        high: f64,
        /// The randomization test's.
        p: f64,
    },
    /// Each question that changed most, the better ones first.
    Question {
        /// The question.
        text: String,
        /// The model's nDCG@10 less that of `a`.
        change: f64,
        /// The first hits of `a`, best first.
        a: Vec<Hit>,
        /// The model's first hits, best first.
        b: Vec<Hit>,
    },
}

/// A passage that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    /// Its id.
    pub id: String,
    /// Whether it is a right answer.
    pub right: bool,
    /// The beginning of its text.
    pub text: String,
}

/// All lines of a comparison.
pub fn lines(comparison: &Comparison) -> Vec<Line> {
    let (evaluator, model) = (comparison.evaluator(), comparison.model());
    let reference = comparison.reference();
    let lead = reference.lead();
    let better = if lead.mean > 0.0 { "b" } else { "a" };
    let mut lines = vec![Line::Comparison {
        a: reference.system.name.clone(),
        b: model.name.clone(),
        questions: evaluator.questions(),
        passages: evaluator.passages(),
        better: (lead.p < SIGNIFICANT).then(|| better.to_owned()),
    }];
    let others = comparison.rivals().iter();
    let systems = others.map(|rival| &rival.system).chain([model]);
    lines.extend(systems.map(|system| Line::System {
        name: system.name.clone(),
        metrics: system.measured.metrics,
    }));
    let others = comparison.rivals().iter();
    let others = others.filter(|rival| !std::ptr::eq(*rival, reference));
    lines.extend(
        [reference]
            .into_iter()
            .chain(others)
            .flat_map(|rival| metrics(rival, model)),
    );
    for better in [true, false] {
        let changed = comparison.most_changed(better, QUESTIONS).into_iter();
        lines.extend(changed.map(|(question, change)| Line::Question {
            text: evaluator.question(question).to_owned(),
            change,
            a: hits(comparison, &reference.system, question),
            b: hits(comparison, model, question),
        }));
    }
    lines
}

fn metrics(rival: &Rival, model: &System) -> Vec<Line> {
    let [others, models] = [&rival.system, model].map(|system| rows(&system.measured.metrics));
    let values = others.into_iter().zip(models).zip(&rival.leads);
    let lines = values.map(|(((name, a), (_, b)), (_, lead))| Line::Metric {
        system: rival.system.name.clone(),
        name: name.to_owned(),
        a,
        b,
        difference: lead.mean,
        low: lead.interval.0,
        high: lead.interval.1,
        p: lead.p,
    });
    lines.collect()
}

fn hits(comparison: &Comparison, system: &System, question: usize) -> Vec<Hit> {
    let evaluator = comparison.evaluator();
    let first = system.measured.hits[question].iter().take(HITS);
    let hit = |&row: &u32| {
        let (id, right) = evaluator.passage(row, question);
        Hit {
            id: id.to_owned(),
            right,
            text: excerpt(evaluator.text(row)),
        }
    };
    first.map(hit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::comparison::tests::comparison;
    use super::super::tests::four_questions;
    use super::*;

    #[test]
    fn every_line_reads_back_equal_and_holds_the_figures() {
        let (_folder, evaluator) = four_questions();
        let lines = lines(&comparison(&evaluator));
        assert_eq!(lines.len(), 1 + 3 + 2 * 5 + 3);
        let json: Vec<serde_json::Value> = lines
            .iter()
            .map(|line| {
                let text = serde_json::to_string(line).unwrap();
                assert_eq!(&serde_json::from_str::<Line>(&text).unwrap(), line);
                serde_json::from_str(&text).unwrap()
            })
            .collect();
        assert_eq!((&json[0]["a"], &json[0]["b"]), (&"old".into(), &"new".into()));
        assert!(json[0].get("better").is_none());
        assert_eq!(
            (&json[1]["name"], &json[3]["name"]),
            (&"BM25".into(), &"new".into())
        );
        assert_eq!(
            (&json[4]["system"], &json[9]["system"]),
            (&"old".into(), &"BM25".into())
        );
        assert_eq!(
            (&json[4]["type"], &json[4]["name"]),
            (&"metric".into(), &"nDCG@10".into())
        );
        assert!((json[4]["difference"].as_f64().unwrap() - 0.3).abs() < 1e-12);
        assert!((json[4]["a"].as_f64().unwrap() - 0.425).abs() < 1e-12);
        assert_eq!(
            (&json[14]["text"], &json[14]["b"][0]["right"]),
            (&"question 3".into(), &true.into())
        );
    }
}
