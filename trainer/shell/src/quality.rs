//! Whether a training helped, and a measurement in a line.

use encoder::ranking::Metrics;

use crate::model_card::rows;

/// What is said of a model that is not better than its base.
pub const NOT_BETTER: &str = "The trained model is NOT better than the base model (nDCG@10). More or cleaner pairs, another \
                              train.learning_rate or more steps may help.\n";

/// Whether the trained model ranks better: nDCG@10 decides, as it does for the kept checkpoint.
pub fn improved(before: &Metrics, after: &Metrics) -> bool {
    after.ndcg_at_10 > before.ndcg_at_10
}

/// One measurement on one line, for progress messages.
pub fn line(metrics: &Metrics) -> String {
    rows(metrics)
        .map(|(name, value)| format!("{name} {value:.4}"))
        .join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_is_not_better() {
        let metrics = |ndcg_at_10| Metrics {
            ndcg_at_10,
            ..Metrics::default()
        };
        assert!(improved(&metrics(0.5), &metrics(0.75)));
        assert!(!improved(&metrics(0.5), &metrics(0.5)));
        assert!(line(&metrics(0.5)).starts_with("nDCG@10 0.5000  MRR@10 0.0000"));
    }
}
