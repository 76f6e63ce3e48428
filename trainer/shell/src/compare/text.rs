//! The comparison for people.

use encoder::ranking::Metrics;

use super::comparison::{Comparison, SIGNIFICANT};
use crate::evaluate::Evaluator;

/// Characters shown of a passage.
const EXCERPT: usize = 60;

/// A row for each system, the model in question last.
pub fn table(comparison: &Comparison) -> String {
    let (evaluator, model) = (comparison.evaluator(), comparison.model());
    let systems = comparison.rivals().iter().map(|rival| &rival.system);
    let names = systems.chain([model]).map(|system| system.name.chars().count());
    let width = names.max().unwrap_or_default();
    let mut text = format!(
        "{} questions, {} passages\n\n{:width$}{:>10}{:>9}{:>11}{:>10}   {:<20}{:>8}\n",
        evaluator.questions(),
        evaluator.passages(),
        "",
        "nDCG@10",
        "MRR@10",
        "recall@10",
        "lead",
        "95 % interval",
        "p"
    );
    for rival in comparison.rivals() {
        let lead = rival.lead();
        let (low, high) = lead.interval;
        text += &format!(
            "{:width$}{}{:>+10.4}   {:<20}{:>8.4}\n",
            rival.system.name,
            figures(&rival.system.measured.metrics),
            lead.mean,
            format!("{low:+.4} to {high:+.4}"),
            lead.p
        );
    }
    text += &format!(
        "{:width$}{}\nlead: how far {} is ahead in nDCG@10\n",
        model.name,
        figures(&model.measured.metrics),
        model.name
    );
    text
}

fn figures(metrics: &Metrics) -> String {
    format!(
        "{:>10.4}{:>9.4}{:>11.4}",
        metrics.ndcg_at_10, metrics.mrr_at_10, metrics.recall_at_10
    )
}

/// Whether the model is better than the reference, or whether that could be chance.
pub fn verdict(comparison: &Comparison) -> String {
    let reference = comparison.reference();
    let (lead, model, other) = (reference.lead(), &comparison.model().name, &reference.system.name);
    if lead.p >= SIGNIFICANT {
        return format!(
            "The difference in nDCG@10 between {model} and {other} could be chance (p = {:.4}; it counts from below \
             {SIGNIFICANT}).\n",
            lead.p
        );
    }
    let (better, worse) = if lead.mean > 0.0 {
        (model, other)
    } else {
        (other, model)
    };
    format!("{better} is better than {worse} (nDCG@10, p = {:.4}).\n", lead.p)
}

/// The questions that became better or worse most, at most `most` of each, with what both find first.
pub fn changed(comparison: &Comparison, most: usize) -> String {
    let mut text = String::new();
    let (model, other) = (comparison.model(), &comparison.reference().system);
    for (better, title) in [(true, "better"), (false, "worse")] {
        let changed = comparison.most_changed(better, most);
        if !changed.is_empty() {
            text += &format!(
                "\n{} is {title} than {} most on (change of nDCG@10; what each finds first, * is a right answer):\n",
                model.name, other.name
            );
        }
        for (question, change) in changed {
            text += &format!("{change:>+8.4}  {}\n", comparison.evaluator().question(question));
            for system in [other, model] {
                text += &format!(
                    "          {}: {}\n",
                    system.name,
                    first_hit(comparison.evaluator(), &system.measured.hits[question], question)
                );
            }
        }
    }
    text
}

/// The first hit with the beginning of its text, and where the first right answer is if it is not that.
fn first_hit(evaluator: &Evaluator, hits: &[u32], question: usize) -> String {
    let Some(&first) = hits.first() else {
        return "nothing".into();
    };
    let right = hits.iter().position(|&row| evaluator.passage(row, question).1);
    let place = match right {
        Some(0) => String::new(),
        Some(place) => format!(" (right answer: {})", place + 1),
        None => format!(" (no right answer among {})", hits.len()),
    };
    let (id, is_right) = evaluator.passage(first, question);
    let star = if is_right { "*" } else { "" };
    format!("{id}{star} {}{place}", excerpt(evaluator.text(first)))
}

/// The beginning of a text on one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::super::comparison::tests::comparison;
    use super::super::tests::four_questions;
    use super::*;

    #[test]
    fn the_report_has_figures_verdict_and_questions_with_their_hits() {
        let (_folder, evaluator) = four_questions();
        let comparison = comparison(&evaluator);
        let table = table(&comparison);
        for part in [
            "4 questions, 2 passages\n\n       nDCG@10   MRR@10  recall@10      lead   95 % interval              p\n",
            "\nBM25    0.0000   0.0000     0.0000   +0.7250   ",
            "\nold     0.4250   0.0000     0.0000   +0.3000   ",
            "\nnew     0.7250   0.0000     0.0000\nlead: how far new is ahead in nDCG@10\n",
        ] {
            assert!(table.contains(part), "{part:?} is not in\n{table}");
        }
        let verdict = verdict(&comparison);
        assert!(
            verdict.starts_with("The difference in nDCG@10 between new and old could be chance (p = 0."),
            "{verdict}"
        );
        assert_eq!(
            changed(&comparison, 1),
            "\nnew is better than old most on (change of nDCG@10; what each finds first, * is a right answer):\n \
             +0.8000  question 3\n          old: d1 asthma (right answer: 2)\n          new: d0* gout\n\
             \nnew is worse than old most on (change of nDCG@10; what each finds first, * is a right answer):\n \
             -0.1000  question 2\n          old: d1 asthma (right answer: 2)\n          new: d0* gout\n"
        );
    }

    #[test]
    fn what_finds_nothing_and_what_finds_nothing_right_are_told_apart() {
        let (_folder, evaluator) = four_questions();
        let hit = |hits: &[u32]| first_hit(&evaluator, hits, 0);
        assert_eq!(hit(&[1]), "d1 asthma (no right answer among 1)");
        assert_eq!(hit(&[]), "nothing");
    }

    #[test]
    fn a_long_text_is_cut_and_put_on_one_line() {
        assert_eq!(excerpt(" a\n b "), "a b");
        let cut = excerpt(&"äöü ".repeat(30));
        assert!(
            cut.ends_with("äöü…") && cut.chars().count() <= EXCERPT + 1,
            "{cut}"
        );
    }
}
