//! From what limits on a fact is a problem, and what to do about it.

use crate::config::Train;
use crate::contrastive::pairs::Bound;
use trainer_shell::check::report::{Facts, Leakage, Problem, Severity};

/// Part of the tokens that may be cut off.
const CUT: f64 = 0.1;

/// Part of the pairs that may have no batch in an epoch.
const LEFT_OUT: f64 = 0.1;

/// What is wrong with `facts`; all of it warnings, because what makes a training impossible is refused before.
pub fn of(facts: &Facts, train: &Train) -> Vec<Problem> {
    let found = [
        small_batches(facts, train),
        spare(facts, train),
        cut(facts),
        twice(facts),
        false_negatives(facts),
        facts.leakage.as_ref().and_then(leaked),
    ];
    let warning = |text| Problem {
        severity: Severity::Warning,
        text,
    };
    found.into_iter().flatten().map(warning).collect()
}

/// Rows that were left out as they were read.
pub fn left_out(files: &[Bound]) -> Vec<Problem> {
    let rows = files.iter().filter_map(|file| file.left_out.as_ref());
    let warning = |(count, first): &(usize, String)| Problem {
        severity: Severity::Warning,
        text: format!("{count} rows whose two texts are the same are left out, the first of them: {first}"),
    };
    rows.map(warning).collect()
}

/// Data sets with fewer pairs than a batch is to have; `pairs` are those of each.
pub fn small(pairs: &[usize], train: &Train) -> Vec<Problem> {
    let size = train.batch_size;
    let small = (1..).zip(pairs).filter(|&(_, &pairs)| size > pairs);
    let warning = |(number, count): (usize, &usize)| {
        let place = match pairs.len() {
            1 => String::new(),
            _ => format!(" in data set {number}"),
        };
        Problem {
            severity: Severity::Warning,
            text: format!(
                "train.batch_size = {size}, but there are {count} pairs{place}; no batch is larger than the data"
            ),
        }
    };
    small.map(warning).collect()
}

fn small_batches(facts: &Facts, train: &Train) -> Option<String> {
    let size = train.batch_size;
    (size <= facts.pairs && facts.batches > 1 && facts.batch < size as f64 / 2.0).then(|| {
        format!(
            "batches have {:.1} pairs on average, not {size}, because too many pairs share a text; a text that is in \
             many pairs says little, so remove some of them",
            facts.batch
        )
    })
}

fn spare(facts: &Facts, train: &Train) -> Option<String> {
    let (out, pairs) = (facts.left_out, facts.pairs);
    (out as f64 > LEFT_OUT * pairs as f64).then(|| {
        format!(
            "{out} of {pairs} pairs sit out the first epoch: what is left for a batch at the end, or shares texts with \
             all that is left, is no batch if it is less than half of train.batch_size = {}; lower that, or remove pairs \
             whose question or answer is in many others",
            train.batch_size
        )
    })
}

fn cut(facts: &Facts) -> Option<String> {
    let share = facts.tokens_cut as f64 / (facts.tokens + facts.tokens_cut).max(1) as f64;
    (share > CUT).then(|| {
        format!(
            "{:.0} % of the training texts' tokens are behind token {} and are cut; raise train.max_length as far as \
             the model allows, or split the texts",
            100.0 * share,
            facts.max_length
        )
    })
}

fn twice(facts: &Facts) -> Option<String> {
    (facts.pairs_twice > 0).then(|| {
        format!(
            "{} of {} rows are there before, but for case and punctuation; remove them, they only count twice",
            facts.pairs_twice, facts.pairs
        )
    })
}

fn false_negatives(facts: &Facts) -> Option<String> {
    (facts.false_negatives >= 1.0).then(|| {
        format!(
            "a batch holds {:.1} couples of pairs with nearly equal questions or answers, each a right answer punished \
             as a wrong one; make the texts equal, which keeps the pairs apart, or remove one of them",
            facts.false_negatives
        )
    })
}

fn leaked(leakage: &Leakage) -> Option<String> {
    let example = leakage.example.as_ref()?;
    Some(format!(
        "{} of {} evaluation questions are training texts and {} are nearly so, the first of them {example:?}; their \
         figures say nothing about new questions, so remove them from one side",
        leakage.equal, leakage.questions, leakage.near
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_data_have_no_problem_and_each_limit_has_its_sentence() {
        let train = Train {
            batch_size: 4,
            ..Train::default()
        };
        let sound = Facts {
            pairs: 8,
            batches: 2,
            batch: 4.0,
            tokens: 100,
            tokens_cut: 10,
            ..Facts::default()
        };
        assert!(of(&sound, &train).is_empty());
        let bad = Facts {
            pairs: 3,
            left_out: 1,
            tokens_cut: 50,
            pairs_twice: 1,
            false_negatives: 1.0,
            leakage: Some(Leakage {
                example: Some("why".into()),
                ..Leakage::default()
            }),
            ..sound
        };
        let problems = of(&bad, &train);
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(small(&[4, 9], &train).is_empty());
        let small = small(&[4, 3], &train);
        assert!(small[0].text.contains("3 pairs in data set 2") && small.len() == 1);
    }
}
