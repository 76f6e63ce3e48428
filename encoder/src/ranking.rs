//! Ranking metrics on ranked document ids, as BEIR and trec_eval define them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::beir::Qrels;

/// Means over the judged queries; all values lie in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Normalized discounted cumulative gain of the first ten (Järvelin and Kekäläinen 2002), with
    /// the grade itself as gain, as trec_eval computes it.
    pub ndcg_at_10: f64,
    /// One over the rank of the first relevant document, 0 beyond rank ten.
    pub mrr_at_10: f64,
    /// Share of a query's relevant documents at rank 1.
    pub recall_at_1: f64,
    /// Share of a query's relevant documents among the first ten.
    pub recall_at_10: f64,
    /// Share of a query's relevant documents among the first hundred.
    pub recall_at_100: f64,
    /// Number of queries with at least one relevant document: what the means are over.
    pub queries: usize,
}

/// Means over all queries of `qrels` that have a relevant document (grade above 0).
///
/// `runs` maps a query's id to document ids, best first. A query without a run counts as 0: leaving
/// it out would flatter.
pub fn evaluate(qrels: &Qrels, runs: &BTreeMap<String, Vec<String>>) -> Metrics {
    mean(evaluate_each(qrels, runs).values())
}

/// The metrics of each query of `qrels` that has a relevant document; 0 for a query without a run.
pub fn evaluate_each(qrels: &Qrels, runs: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Metrics> {
    let judged = qrels.iter().filter_map(|(query, grades)| {
        let relevant = grades.values().filter(|&&grade| grade > 0).count();
        let gains = runs.get(query).map_or_else(Vec::new, |run| gains(run, grades));
        let metrics = (relevant > 0).then(|| Metrics {
            ndcg_at_10: ndcg(&gains, grades, 10),
            mrr_at_10: reciprocal_rank(&gains, 10),
            recall_at_1: recall(&gains, relevant, 1),
            recall_at_10: recall(&gains, relevant, 10),
            recall_at_100: recall(&gains, relevant, 100),
            queries: 1,
        });
        Some((query.clone(), metrics?))
    });
    judged.collect()
}

/// The mean over queries; 0 over none.
pub fn mean<'a>(each: impl Iterator<Item = &'a Metrics>) -> Metrics {
    let sum = each.fold(Metrics::default(), |sum, query| Metrics {
        ndcg_at_10: sum.ndcg_at_10 + query.ndcg_at_10,
        mrr_at_10: sum.mrr_at_10 + query.mrr_at_10,
        recall_at_1: sum.recall_at_1 + query.recall_at_1,
        recall_at_10: sum.recall_at_10 + query.recall_at_10,
        recall_at_100: sum.recall_at_100 + query.recall_at_100,
        queries: sum.queries + query.queries,
    });
    let queries = sum.queries.max(1) as f64;
    Metrics {
        ndcg_at_10: sum.ndcg_at_10 / queries,
        mrr_at_10: sum.mrr_at_10 / queries,
        recall_at_1: sum.recall_at_1 / queries,
        recall_at_10: sum.recall_at_10 / queries,
        recall_at_100: sum.recall_at_100 / queries,
        queries: sum.queries,
    }
}

/// The grade of each ranked document; a document named twice counts once.
fn gains(run: &[String], grades: &BTreeMap<String, u32>) -> Vec<u32> {
    let mut seen = HashSet::new();
    run.iter()
        .filter(|id| seen.insert(id.as_str()))
        .map(|id| grades.get(id).copied().unwrap_or(0))
        .collect()
}

fn ndcg(gains: &[u32], grades: &BTreeMap<String, u32>, k: usize) -> f64 {
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    discounted(gains, k) / discounted(&ideal, k)
}

fn discounted(gains: &[u32], k: usize) -> f64 {
    gains
        .iter()
        .take(k)
        .enumerate()
        .map(|(i, &gain)| f64::from(gain) / (i as f64 + 2.0).log2())
        .sum()
}

fn reciprocal_rank(gains: &[u32], k: usize) -> f64 {
    gains
        .iter()
        .take(k)
        .position(|&gain| gain > 0)
        .map_or(0.0, |i| 1.0 / (i as f64 + 1.0))
}

fn recall(gains: &[u32], relevant: usize, k: usize) -> f64 {
    gains.iter().take(k).filter(|&&gain| gain > 0).count() as f64 / relevant as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qrels(entries: &[(&str, &str, u32)]) -> Qrels {
        let mut qrels = Qrels::new();
        for (query, document, grade) in entries {
            qrels
                .entry((*query).to_owned())
                .or_default()
                .insert((*document).to_owned(), *grade);
        }
        qrels
    }

    fn run(query: &str, ids: &[&str]) -> BTreeMap<String, Vec<String>> {
        BTreeMap::from([(query.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect())])
    }

    #[test]
    fn a_graded_run_computed_by_hand() {
        let qrels = qrels(&[("q", "a", 2), ("q", "b", 1), ("q", "c", 0)]);
        let metrics = evaluate(&qrels, &run("q", &["c", "b", "x", "a"]));
        let dcg = 1.0 / 3.0_f64.log2() + 2.0 / 5.0_f64.log2();
        let ideal = 2.0 + 1.0 / 3.0_f64.log2();
        assert!((metrics.ndcg_at_10 - dcg / ideal).abs() < 1e-12);
        assert!((metrics.mrr_at_10 - 0.5).abs() < 1e-12);
        assert_eq!((metrics.recall_at_1, metrics.recall_at_10), (0.0, 1.0));
    }

    #[test]
    fn a_query_without_a_run_counts_as_zero_and_one_without_relevant_documents_not_at_all() {
        let qrels = qrels(&[("q", "a", 1), ("r", "a", 1), ("s", "a", 0)]);
        let metrics = evaluate(&qrels, &run("q", &["a"]));
        assert_eq!((metrics.queries, metrics.ndcg_at_10), (2, 0.5));
    }

    #[test]
    fn a_document_named_twice_counts_once() {
        let metrics = evaluate(&qrels(&[("q", "a", 1)]), &run("q", &["a", "a"]));
        assert_eq!((metrics.ndcg_at_10, metrics.recall_at_10), (1.0, 1.0));
    }
}
