//! What is found about the texts: those that are cut, duplicates, leakage.

use std::collections::{BTreeMap, HashMap, HashSet};

use encoder_torch::TorchEncoder;

use crate::contrastive::dataset::Prepared;
use crate::contrastive::pairs::Pairs;
use crate::contrastive::tokens::Table;
use crate::error::Result;
use crate::evaluate::Evaluator;
use trainer_shell::check::near::{Index, normalized};
use trainer_shell::check::report::Leakage;

/// Cut texts that are tokenized once more, whole.
const WHOLE_TEXTS: usize = 2000;

/// Pairs that are compared with each other to estimate false negatives.
const COMPARED_PAIRS: usize = 5000;

/// Texts with more than this many times the longest question's words are not compared with the questions: to be
/// near one, they would have to repeat its words that often.
const REPEATS: usize = 4;

/// Tokens of all distinct texts, as questions and as answers, that are kept and that are cut off; the latter from a
/// sample where it is large.
pub fn tokens(prepared: &Prepared, encoder: &TorchEncoder) -> Result<(usize, usize)> {
    let (mut kept, mut lost) = (0, 0);
    for (prompt, table) in prepared.tokens.read(encoder.folder().prompts()) {
        kept += table.tokens();
        lost += tokens_cut_off(&prepared.dataset.pairs, table, prompt, encoder)?;
    }
    Ok((kept, lost))
}

fn tokens_cut_off(pairs: &Pairs, table: &Table, prompt: &str, encoder: &TorchEncoder) -> Result<usize> {
    let cut = table.cut();
    let sample = evenly(cut.len(), WHOLE_TEXTS);
    if sample.is_empty() {
        return Ok(0);
    }
    let texts: Vec<&str> = sample.iter().map(|&i| pairs.text(cut[i])).collect();
    let whole = encoder.tokenizer().without_limit()?.tokenize(prompt, &texts)?;
    let lost: usize = whole
        .iter()
        .zip(&sample)
        .map(|(whole, &i)| whole.ids.len().saturating_sub(table.length(cut[i])))
        .sum();
    Ok((lost as f64 * cut.len() as f64 / sample.len() as f64).round() as usize)
}

/// Pairs all of whose texts, hard negatives too, are those of an earlier pair, but for case and punctuation.
pub fn pairs_twice(pairs: &Pairs) -> usize {
    // Hashes, because the texts themselves may be larger than memory.
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    let new = |pair: &u32| {
        let mut hasher = blake3::Hasher::new();
        for text in pairs.row(*pair) {
            let text = normalized(pairs.text(*text));
            hasher
                .update(&(text.len() as u64).to_le_bytes())
                .update(text.as_bytes());
        }
        let mut hash = [0; 16];
        hasher.finalize_xof().fill(&mut hash);
        seen.insert(hash)
    };
    pairs.len() - (0..pairs.len() as u32).filter(new).count()
}

/// Couples of pairs in a random batch of `size` whose anchors or positives are nearly equal. Pairs with a text in
/// common are no such couple: they never meet in a batch.
pub fn false_negatives(pairs: &Pairs, size: usize) -> f64 {
    let sample: Vec<u32> = evenly(pairs.len(), COMPARED_PAIRS)
        .iter()
        .map(|&pair| pair as u32)
        .collect();
    if sample.len() < 2 {
        return 0.0;
    }
    let mut couples: HashSet<(u32, u32)> = HashSet::new();
    for column in [0, 1] {
        // Each text once, with its pairs: those of one text never meet.
        let mut of_text: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &pair in &sample {
            of_text.entry(pairs.row(pair)[column]).or_default().push(pair);
        }
        let texts: Vec<(u32, Vec<u32>)> = of_text.into_iter().collect();
        let index = Index::new(texts.iter().map(|(text, _)| pairs.text(*text)));
        for (number, (_, these)) in (0..).zip(&texts) {
            let later = index.near_to(number).into_iter().filter(|&other| other > number);
            for those in later.map(|other| &texts[other as usize].1) {
                let both = these.iter().flat_map(|&a| those.iter().map(move |&b| (a, b)));
                let both = both.filter(|&(a, b)| meet(pairs, a, b));
                couples.extend(both.map(|(a, b)| (a.min(b), a.max(b))));
            }
        }
    }
    let count = |items: usize| items as f64 * (items as f64 - 1.0) / 2.0;
    couples.len() as f64 / count(sample.len()) * count(size.min(pairs.len()))
}

/// Whether two pairs can be in one batch.
fn meet(pairs: &Pairs, a: u32, b: u32) -> bool {
    pairs.row(a).iter().all(|text| !pairs.row(b).contains(text))
}

/// The judged questions that a training text gives away.
pub fn leakage(datasets: &[Prepared], evaluator: &Evaluator) -> Leakage {
    let questions: Vec<&str> = (0..evaluator.questions())
        .map(|i| evaluator.question(i))
        .collect();
    let same: Vec<String> = questions.iter().map(|question| normalized(question)).collect();
    let mut by_words: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, words) in same.iter().enumerate() {
        by_words.entry(words).or_default().push(i);
    }
    let longest = same
        .iter()
        .map(|words| words.split(' ').count())
        .max()
        .unwrap_or(0);
    let index = Index::new(questions.iter().copied());
    let (mut equal, mut near) = (vec![false; questions.len()], vec![false; questions.len()]);
    let texts = datasets
        .iter()
        .flat_map(|prepared| prepared.dataset.pairs.texts());
    for text in texts {
        if text.split_whitespace().count() > REPEATS * longest {
            continue;
        }
        for &i in by_words.get(normalized(text).as_str()).into_iter().flatten() {
            equal[i] = true;
        }
        for i in index.near(text) {
            near[i as usize] = true;
        }
    }
    let is_near = |&i: &usize| near[i] && !equal[i];
    let first = (0..questions.len()).find(|&i| equal[i] || near[i]);
    Leakage {
        questions: questions.len(),
        equal: equal.iter().filter(|&&equal| equal).count(),
        near: (0..questions.len()).filter(is_near).count(),
        example: first.map(|i| questions[i].to_owned()),
    }
}

/// At most `most` of `0..count`, evenly spread.
fn evenly(count: usize, most: usize) -> Vec<usize> {
    let taken = count.min(most);
    (0..taken).map(|i| i * count / taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rows: &[[&str; 2]]) -> Pairs {
        let mut pairs = Pairs::new(2);
        rows.iter().for_each(|row| pairs.push(row));
        pairs
    }

    #[test]
    fn pairs_that_differ_in_case_alone_are_there_twice() {
        let two = pairs(&[["a b", "c"], ["A, b!", "C"], ["a b", "d"], ["a b", "c"]]);
        assert_eq!(pairs_twice(&two), 2);
        let mut with_negatives = Pairs::new(3);
        for negative in ["x", "y", "X"] {
            with_negatives.push(&["a b", "c", negative]);
        }
        assert_eq!(pairs_twice(&with_negatives), 1, "another negative is another row");
    }

    #[test]
    fn only_near_pairs_that_can_meet_are_false_negatives() {
        let rows = [
            ["q one", "Rest."],
            ["q two", "rest"],
            ["q three", "sleep"],
            ["q four", "sleep"],
        ];
        // One couple of six; the equal positives of the last two keep them apart.
        assert_eq!(false_negatives(&pairs(&rows), 4), 1.0);
        assert!((false_negatives(&pairs(&rows), 2) - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(false_negatives(&pairs(&rows[..1]), 2), 0.0);
    }

    #[test]
    fn a_sample_is_spread_over_all() {
        assert_eq!(evenly(10, 5), [0, 2, 4, 6, 8]);
        assert_eq!(evenly(3, 5), [0, 1, 2]);
        assert!(evenly(0, 5).is_empty());
    }
}
