//! The comparison in a model's card.

use std::fmt::Write;

use super::comparison::{Comparison, System};
use crate::model_card::rows;

/// Questions told of those that became better, and of those that became worse.
const QUESTIONS: usize = 3;

/// A row for each system, the model last.
pub fn table(comparison: &Comparison) -> String {
    let names = rows(&comparison.model().measured.metrics).map(|(name, _)| name);
    let mut text = format!(
        "| | {} | this model's lead in nDCG@10 (95 % interval) | p |\n| --- |{} ---: | ---: |\n",
        names.join(" | "),
        " ---: |".repeat(names.len())
    );
    for rival in comparison.rivals() {
        let lead = rival.lead();
        let (low, high) = lead.interval;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} |{} {:+.4} ({low:+.4} to {high:+.4}) | {:.4} |",
            rival.system.name,
            figures(&rival.system),
            lead.mean,
            lead.p
        );
    }
    let _ = writeln!(text, "| **this model** |{} | |", figures(comparison.model()));
    text += "\nThe interval is of paired bootstrap samples of the questions, p a randomization test's.\n";
    text
}

fn figures(system: &System) -> String {
    let values = rows(&system.measured.metrics).map(|(_, value)| format!(" {value:.4} |"));
    values.concat()
}

/// The questions that changed most from the reference, with what each finds first.
pub fn changed(comparison: &Comparison) -> String {
    let other = &comparison.reference().system;
    let changed = [true, false].map(|better| comparison.most_changed(better, QUESTIONS));
    if changed.iter().all(Vec::is_empty) {
        return String::new();
    }
    let mut text = format!(
        "\nThe questions that changed most, with what {} and this model find first (**bold** is a right answer):\n\n\
         | nDCG@10 | question | {} | this model |\n| ---: | --- | --- | --- |\n",
        other.name, other.name
    );
    for (question, change) in changed.concat() {
        let _ = writeln!(
            text,
            "| {change:+.4} | {} | {} | {} |",
            cell(comparison.evaluator().question(question)),
            first(comparison, other, question),
            first(comparison, comparison.model(), question)
        );
    }
    text
}

fn first(comparison: &Comparison, system: &System, question: usize) -> String {
    let Some(&row) = system.measured.hits[question].first() else {
        return "nothing".into();
    };
    match comparison.evaluator().passage(row, question) {
        (id, true) => format!("**{}**", cell(id)),
        (id, false) => cell(id),
    }
}

/// A text that a table's cell can hold.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::comparison::tests::comparison;
    use super::super::tests::four_questions;
    use super::*;

    #[test]
    fn systems_and_questions_are_tables() {
        let (_folder, evaluator) = four_questions();
        let comparison = comparison(&evaluator);
        let table = table(&comparison);
        assert!(
            table.starts_with("| | nDCG@10 | MRR@10 | recall@1 | recall@10 | recall@100 | this model's lead")
        );
        assert!(
            table.contains("\n| old | 0.4250 | 0.0000 | 0.0000 | 0.0000 | 0.0000 | +0.3000 ("),
            "{table}"
        );
        assert!(
            table.contains("\n| **this model** | 0.7250 | 0.0000 | 0.0000 | 0.0000 | 0.0000 | | |\n"),
            "{table}"
        );
        let columns = |line: &str| line.matches('|').count();
        assert!(table.lines().take(5).all(|line| columns(line) == 9), "{table}");
        let changed = changed(&comparison);
        assert!(
            changed.contains("\n| +0.8000 | question 3 | d1 | **d0** |\n"),
            "{changed}"
        );
        assert!(
            changed.ends_with("\n| -0.1000 | question 2 | d1 | **d0** |\n"),
            "{changed}"
        );
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
