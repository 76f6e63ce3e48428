//! The before/after table on stdout, and a plain verdict.

use encoder::ranking::Metrics;

use crate::model_card::rows;

/// Whether the trained model ranks better: nDCG@10 decides, as it does for the kept checkpoint.
pub fn improved(before: &Metrics, after: &Metrics) -> bool {
    after.ndcg_at_10 > before.ndcg_at_10
}

/// The table, one metric a line.
pub fn table(before: &Metrics, after: &Metrics) -> String {
    let mut text = format!("{:<12}{:>8}{:>9}{:>10}\n", "", "before", "after", "change");
    for ((name, before), (_, after)) in rows(before).into_iter().zip(rows(after)) {
        text += &format!("{name:<12}{before:>8.4}{after:>9.4}{:>+10.4}\n", after - before);
    }
    if !improved(before, after) {
        text += "The trained model is NOT better than the base model (nDCG@10). More or cleaner pairs, another \
                 train.learning_rate or more steps may help.\n";
    }
    text
}

/// The table of one measurement, where there is nothing to compare it with.
pub fn column(metrics: &Metrics) -> String {
    let lines = rows(metrics).map(|(name, value)| format!("{name:<12}{value:>8.4}\n"));
    lines.concat()
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
    fn one_measurement_is_one_column() {
        let metrics = Metrics {
            ndcg_at_10: 0.5,
            ..Metrics::default()
        };
        assert!(column(&metrics).starts_with("nDCG@10       0.5000\nMRR@10 "));
    }

    #[test]
    fn the_table_shows_the_change_and_a_verdict_only_when_it_is_bad() {
        let before = Metrics {
            ndcg_at_10: 0.5,
            ..Metrics::default()
        };
        let after = Metrics {
            ndcg_at_10: 0.75,
            ..Metrics::default()
        };
        let text = table(&before, &after);
        assert!(
            text.contains("nDCG@10       0.5000   0.7500   +0.2500\n"),
            "{text}"
        );
        assert!(!text.contains("NOT"));
        assert!(table(&after, &before).contains("NOT better than the base model"));
        assert!(
            table(&before, &before).contains("NOT better"),
            "equal is not better"
        );
    }
}
