//! The no-duplicates batch sampler: no text occurs twice in a batch.
//!
//! Within a batch every other pair's texts are taken for wrong answers. A text that occurs twice would be a
//! right answer punished as a wrong one, so pairs that share any text (anchor, positive or negative, on
//! either side) never meet in a batch: the later one waits for the next batch.

use std::collections::VecDeque;

use rand::seq::SliceRandom;

use super::dataset::Dataset;
use super::mixing::random;
use super::pairs::Pairs;

/// The batches of one epoch: indices of pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Batches in training order.
    pub batches: Vec<Vec<u32>>,
    /// Pairs that sit this epoch out, because only small batches were left for them.
    pub left_out: usize,
}

/// Shuffles the pairs with `seed`, `epoch` and the data set's `number` and deals them into batches of `size`; same
/// input, same batches.
///
/// Every pair is dealt at most once. With in-batch negatives a batch may stay smaller than `size` when all pairs that
/// are left share a text with it. Batches of fewer than half of `size` are left out then (except the only one), because
/// a loss over few candidates is another, easier task; the next epoch's shuffle gives their pairs another chance.
pub fn deal(dataset: &Dataset, size: usize, seed: u32, (epoch, number): (usize, u32)) -> Epoch {
    let pairs = &dataset.pairs;
    let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
    order.shuffle(&mut random(seed, epoch, number));
    if !dataset.loss.has_in_batch_negatives() {
        return Epoch {
            batches: order.chunks(size).map(<[u32]>::to_vec).collect(),
            left_out: 0,
        };
    }
    let mut dealer = Dealer::new(pairs, order);
    let mut batches: Vec<Vec<u32>> = std::iter::from_fn(|| dealer.next_batch(size)).collect();
    let longest = batches.iter().map(Vec::len).max().unwrap_or(0);
    let fewest = size.min(longest).div_ceil(2).max(2);
    batches.retain(|batch| batch.len() >= fewest);
    let dealt: usize = batches.iter().map(Vec::len).sum();
    Epoch {
        batches,
        left_out: pairs.len() - dealt,
    }
}

/// Deals greedily. A pair that conflicts on a text waits in that text's queue, and each batch sets only the
/// first pair of a queue free, so that data in which one text occurs thousands of times cost linear, not
/// quadratic, time.
///
/// Invariant: while pairs wait for a text, either the batch being filled holds that text, or a pair that is
/// ready does.
struct Dealer<'a> {
    pairs: &'a Pairs,
    ready: VecDeque<u32>,
    waiting: Queues,
    /// For each text the number of the last batch that holds it.
    held_by: Vec<u32>,
    batch_number: u32,
}

impl<'a> Dealer<'a> {
    fn new(pairs: &'a Pairs, order: Vec<u32>) -> Self {
        let texts = pairs.texts().len();
        Dealer {
            pairs,
            ready: order.into(),
            waiting: Queues::new(texts, pairs.len()),
            held_by: vec![0; texts],
            batch_number: 0,
        }
    }

    /// The next batch of at most `size` pairs; `None` when all are dealt.
    fn next_batch(&mut self, size: usize) -> Option<Vec<u32>> {
        self.batch_number += 1;
        let mut batch = Vec::with_capacity(size);
        while batch.len() < size {
            let Some(pair) = self.ready.pop_front() else { break };
            match self.conflict(pair) {
                Some(text) => self.put_off(pair, text),
                None => {
                    self.hold(pair);
                    batch.push(pair);
                }
            }
        }
        self.set_free(&batch);
        (!batch.is_empty()).then_some(batch)
    }

    fn conflict(&self, pair: u32) -> Option<u32> {
        self.pairs.row(pair).iter().copied().find(|&text| self.held(text))
    }

    fn held(&self, text: u32) -> bool {
        self.held_by[text as usize] == self.batch_number
    }

    fn hold(&mut self, pair: u32) {
        for &text in self.pairs.row(pair) {
            self.held_by[text as usize] = self.batch_number;
        }
    }

    /// Lets `pair` wait for `text`. For its other texts it was perhaps the ready one, so the next takes its
    /// place.
    fn put_off(&mut self, pair: u32, text: u32) {
        self.waiting.push_back(text, pair);
        for &other in self.pairs.row(pair) {
            if !self.held(other)
                && let Some(next) = self.waiting.pop_front(other)
            {
                self.ready.push_front(next);
            }
        }
    }

    /// One waiting pair for each text of a finished batch comes first in the next one.
    fn set_free(&mut self, batch: &[u32]) {
        let mut free = Vec::new();
        for &pair in batch {
            for &text in self.pairs.row(pair) {
                free.extend(self.waiting.pop_front(text));
            }
        }
        for pair in free.into_iter().rev() {
            self.ready.push_front(pair);
        }
    }
}

/// A queue of pairs for each text. A pair waits for one text at a time, so one link for each pair holds them all.
struct Queues {
    /// First and last pair of each text's queue.
    ends: Vec<[u32; 2]>,
    /// The pair behind each.
    next: Vec<u32>,
}

impl Queues {
    /// No pair has this number.
    const NONE: u32 = u32::MAX;

    fn new(texts: usize, pairs: usize) -> Self {
        Queues {
            ends: vec![[Self::NONE; 2]; texts],
            next: vec![Self::NONE; pairs],
        }
    }

    fn push_back(&mut self, text: u32, pair: u32) {
        let [first, last] = &mut self.ends[text as usize];
        if *first == Self::NONE {
            *first = pair;
        } else {
            self.next[*last as usize] = pair;
        }
        *last = pair;
    }

    fn pop_front(&mut self, text: u32) -> Option<u32> {
        let [first, last] = &mut self.ends[text as usize];
        let pair = *first;
        if pair == Self::NONE {
            return None;
        }
        *first = if pair == *last {
            Self::NONE
        } else {
            self.next[pair as usize]
        };
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn deal(pairs: &Pairs, size: usize, seed: u32, epoch: usize) -> Epoch {
        let dataset = Dataset {
            pairs: pairs.clone(),
            loss: crate::config::Loss::default(),
        };
        super::deal(&dataset, size, seed, (epoch, 0))
    }

    fn pairs(rows: &[[&str; 2]]) -> Pairs {
        let mut pairs = Pairs::new(2);
        for row in rows {
            pairs.push(row);
        }
        pairs
    }

    /// Random pairs with `width` columns over a vocabulary so small that conflicts are the rule.
    fn crowded(random: &mut ChaCha8Rng, width: usize) -> Pairs {
        let mut pairs = Pairs::new(width);
        let vocabulary = random.random_range(8..60);
        for _ in 0..random.random_range(1..200) {
            let mut texts = std::collections::BTreeSet::new();
            while texts.len() < width {
                texts.insert(format!("text {}", random.random_range(0..vocabulary)));
            }
            let row: Vec<String> = texts.into_iter().collect();
            pairs.push(&row.iter().map(String::as_str).collect::<Vec<_>>());
        }
        pairs
    }

    #[test]
    fn pairs_without_common_texts_fill_batches_in_shuffled_order() {
        let rows: Vec<[String; 2]> = (0..10).map(|i| [format!("q{i}"), format!("a{i}")]).collect();
        let rows: Vec<[&str; 2]> = rows.iter().map(|[q, a]| [q.as_str(), a.as_str()]).collect();
        let epoch = deal(&pairs(&rows), 4, 1, 0);
        assert_eq!(epoch.batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(epoch.left_out, 0);
        assert_ne!(epoch.batches.concat(), (0..10).collect::<Vec<u32>>());
    }

    #[test]
    fn a_text_that_is_one_pairs_anchor_and_anothers_positive_is_a_conflict() {
        let epoch = deal(&pairs(&[["a", "b"], ["c", "a"], ["d", "e"], ["f", "g"]]), 4, 7, 0);
        assert_eq!(
            epoch.batches.len(),
            1,
            "the one that waits is alone, so it is left out"
        );
        assert_eq!(epoch.batches[0].len(), 3);
        assert_eq!(epoch.left_out, 1);
    }

    #[test]
    fn the_seed_and_the_epoch_decide_the_order() {
        let rows: Vec<[String; 2]> = (0..50).map(|i| [format!("q{i}"), format!("a{i}")]).collect();
        let rows: Vec<[&str; 2]> = rows.iter().map(|[q, a]| [q.as_str(), a.as_str()]).collect();
        let pairs = pairs(&rows);
        assert_eq!(deal(&pairs, 8, 1, 0), deal(&pairs, 8, 1, 0));
        assert_ne!(deal(&pairs, 8, 1, 0), deal(&pairs, 8, 1, 1));
        assert_ne!(deal(&pairs, 8, 1, 0), deal(&pairs, 8, 2, 0));
    }

    #[test]
    fn a_single_pair_makes_no_batch() {
        let epoch = deal(&pairs(&[["a", "b"]]), 4, 1, 0);
        assert!(epoch.batches.is_empty());
        assert_eq!(epoch.left_out, 1);
    }

    /// Over 300 random sets of pairs with 2 to 4 columns: before any batch is left out, each pair is dealt
    /// exactly once, no batch holds a text twice, and a batch is small only if everything after it conflicts
    /// with it.
    #[test]
    fn every_pair_once_no_text_twice_and_no_batch_smaller_than_it_must_be() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        for round in 0..300 {
            let width = 2 + round % 3;
            let pairs = crowded(&mut random, width);
            let size = random.random_range(2..12);
            let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
            order.shuffle(&mut random);
            let mut dealer = Dealer::new(&pairs, order);
            let batches: Vec<Vec<u32>> = std::iter::from_fn(|| dealer.next_batch(size)).collect();
            let mut dealt = batches.concat();
            dealt.sort_unstable();
            assert_eq!(
                dealt,
                (0..pairs.len() as u32).collect::<Vec<_>>(),
                "round {round}"
            );
            for (number, batch) in batches.iter().enumerate() {
                let texts: HashSet<u32> = batch.iter().flat_map(|&pair| pairs.row(pair)).copied().collect();
                assert_eq!(texts.len(), width * batch.len(), "round {round}: a text twice");
                let fits = |pair: &u32| pairs.row(*pair).iter().all(|text| !texts.contains(text));
                let full = batch.len() == size;
                assert!(
                    full || !batches[number + 1..].concat().iter().any(fits),
                    "round {round}: batch {number}"
                );
            }
        }
    }

    #[test]
    fn linked_queues_give_what_a_queue_for_each_text_would() {
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let mut linked = Queues::new(5, 40);
        let mut expected = vec![VecDeque::new(); 5];
        let mut free: Vec<u32> = (0..40).collect();
        for _ in 0..5000 {
            let text = random.random_range(0..5);
            if random.random_bool(0.5)
                && let Some(pair) = free.pop()
            {
                linked.push_back(text, pair);
                expected[text as usize].push_back(pair);
            } else {
                let pair = linked.pop_front(text);
                assert_eq!(pair, expected[text as usize].pop_front());
                free.extend(pair);
                free.shuffle(&mut random);
            }
        }
    }

    #[test]
    fn a_text_in_every_pair_costs_linear_time() {
        let mut pairs = Pairs::new(2);
        for i in 0..50_000 {
            pairs.push(&["the same answer", &format!("question {i}")]);
        }
        let mut dealer = Dealer::new(&pairs, (0..50_000).collect());
        let batches = std::iter::from_fn(|| dealer.next_batch(32)).count();
        assert_eq!(batches, 50_000);
    }
}
