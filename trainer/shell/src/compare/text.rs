//! The comparison for people.

use super::args::Args;
use super::{Comparison, SIGNIFICANT};
use crate::evaluate::Measured;
use crate::model_card::rows;

/// Passages shown of each model.
const HITS: usize = 3;

/// Table, verdict, and the questions that changed most.
pub(super) fn report(comparison: &Comparison, args: &Args) -> String {
    let evaluator = comparison.evaluator;
    let mut text = format!(
        "A {}\nB {}\n{} questions, {} passages\n\n{:<12}{:>8}{:>9}{:>10}   {:<20}{:>8}\n",
        args.before.display(),
        args.after.display(),
        evaluator.questions(),
        evaluator.passages(),
        "",
        "A",
        "B",
        "B - A",
        "95 % interval",
        "p"
    );
    let values = rows(&comparison.before.metrics)
        .into_iter()
        .zip(rows(&comparison.after.metrics));
    for (((_, before), (_, after)), (name, difference)) in values.zip(&comparison.differences) {
        let (low, high) = difference.interval;
        text += &format!(
            "{name:<12}{before:>8.4}{after:>9.4}{:>+10.4}   {:<20}{:>8.4}\n",
            difference.mean,
            format!("{low:+.4} to {high:+.4}"),
            difference.p
        );
    }
    text += &format!("\n{}\n", verdict(comparison));
    for (better, title) in [(true, "better"), (false, "worse")] {
        let changed = comparison.most_changed(better);
        if !changed.is_empty() {
            text += &format!("\nB is {title} most on (change of nDCG@10; * is a right answer):\n");
        }
        for (question, change) in changed {
            text += &format!("{change:>+8.4}  {}\n", evaluator.question(question));
            for (name, measured) in [("A", &comparison.before), ("B", &comparison.after)] {
                text += &format!("          {name}: {}\n", hits(comparison, measured, question));
            }
        }
    }
    text
}

fn verdict(comparison: &Comparison) -> String {
    let difference = comparison.deciding();
    if difference.p >= SIGNIFICANT {
        return format!(
            "The difference in nDCG@10 could be chance (p = {:.4}; it counts from below {SIGNIFICANT}).",
            difference.p
        );
    }
    let better = if difference.mean > 0.0 { "B" } else { "A" };
    format!("{better} is better (nDCG@10, p = {:.4}).", difference.p)
}

fn hits(comparison: &Comparison, measured: &Measured, question: usize) -> String {
    let hits = measured.hits[question].iter().take(HITS).map(|&row| {
        let (id, right) = comparison.evaluator.passage(row, question);
        format!("{id}{}", if right { "*" } else { "" })
    });
    hits.collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{comparison, four_questions};
    use super::*;

    #[test]
    fn the_report_has_figures_verdict_and_questions_with_their_hits() {
        let (_folder, evaluator) = four_questions();
        let args = Args {
            before: "old".into(),
            after: "new".into(),
            ..Args::default()
        };
        let report = report(&comparison(&evaluator), &args);
        for part in [
            "A old\nB new\n4 questions, 2 passages\n",
            "nDCG@10       0.4250   0.7250   +0.3000   ",
            "The difference in nDCG@10 could be chance (p = 0.",
            "B is better most on (change of nDCG@10; * is a right answer):\n +0.8000  question 3\n          A: d1  d0*\n",
            "B is worse most on",
            " -0.1000  question 2\n",
        ] {
            assert!(report.contains(part), "{part:?} is not in\n{report}");
        }
    }
}
