//! Learning with the same bits at any number of threads.
//!
//! Sixteen groups of sentences are learned at a time, each from the model as it stood before, each on copies
//! of the rows that it touches. Then all changes are added to the model, group after group. Which thread
//! learns a group, or adds to a row, changes nothing in the numbers. The price is the copying, and that
//! groups do not see each other's changes at once: where one word makes up much of the text, its changes
//! would add up to far too much, so groups are then smaller; and where sentences are long, fewer of them are learned at a
//! time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::Objective;
use super::random::Random;
use super::rows::Copies;
use super::session::Run;
use super::worker::{Shared, Worker};
use crate::corpus::Chunk;
use crate::threads::Meeting;

/// Groups learned from the same model: the most threads that can be of use.
const GROUPS: usize = 16;

/// A group closes with the first sentence that reaches this many words, or fewer (see [`unseen_words`]).
const GROUP_WORDS: f64 = 200.0;

/// The changes that pairs of the most frequent word make before the others see them: their number times the
/// learning rate. Where each is small beside the vector, summing them is as good as making them in turn;
/// from about 2 on, learning was seen to swing and fail.
const UNSEEN_CHANGE: f64 = 1.0;

/// What the threads share.
#[derive(Debug)]
pub(super) struct Lockstep<'a> {
    run: &'a Run<'a>,
    threads: usize,
    unseen_words: usize,
    changes: Vec<RwLock<Copies<'a>>>,
    go_on: AtomicBool,
}

/// Sentences that are learned one after the other, and the words of the chunk before them.
struct Group<'a> {
    sentences: Vec<&'a [u32]>,
    words: usize,
    before: u64,
}

impl<'a> Lockstep<'a> {
    pub(super) fn new(run: &'a Run<'a>, threads: usize) -> Self {
        Lockstep {
            run,
            threads,
            unseen_words: unseen_words(run.shared),
            changes: (0..GROUPS)
                .map(|_| RwLock::new(Copies::new(run.shared.model)))
                .collect(),
            go_on: AtomicBool::new(true),
        }
    }

    /// What each thread does, `thread` being its number.
    pub(super) fn work(&self, thread: usize, meeting: &Meeting) {
        let run = self.run;
        let mut worker = Worker::new(run.shared, Copies::new(run.shared.model));
        let mut number = run.next.load(Ordering::Relaxed);
        loop {
            if thread == 0 {
                let more = number < run.chunks_in_all() && !run.pausing();
                self.go_on.store(more, Ordering::Relaxed);
            }
            if !meeting.wait() || !self.go_on.load(Ordering::Relaxed) {
                return;
            }
            let (chunk, before) = run.chunk(number);
            let groups = self.groups(chunk);
            let mut first = 0;
            for groups in rounds(&groups, self.unseen_words) {
                for (slot, group) in groups.iter().enumerate().skip(thread).step_by(self.threads) {
                    let name = (number as u64) << 32 | (first + slot) as u64;
                    let random = Random::stream(run.shared.settings.seed, name);
                    self.learn(&mut worker, slot, group, (before, random));
                }
                if !meeting.wait() {
                    return;
                }
                for slot in 0..groups.len() {
                    let changes = self.changes[slot].read().unwrap_or_else(PoisonError::into_inner);
                    changes.add_to_model(run.shared.kernel, thread, self.threads);
                }
                if !meeting.wait() {
                    return;
                }
                first += groups.len();
            }
            number += 1;
            run.learned(if thread == 0 { chunk.words } else { 0 }, worker.take_loss());
            if thread == 0 {
                run.next.store(number, Ordering::Relaxed);
            }
        }
    }

    fn learn(
        &self,
        worker: &mut Worker<'a, Copies<'a>>,
        slot: usize,
        group: &Group<'_>,
        (before, mut random): (u64, Random),
    ) {
        let mut changes = self.changes[slot].write().unwrap_or_else(PoisonError::into_inner);
        changes.clear();
        std::mem::swap(worker.rows_mut(), &mut *changes);
        let mut before = before + group.before;
        for sentence in &group.sentences {
            worker.sentence(sentence, self.run.rate(before) as f32, &mut random);
            before += sentence.len() as u64;
        }
        worker.rows_mut().subtract_model(self.run.shared.kernel);
        std::mem::swap(worker.rows_mut(), &mut *changes);
    }

    fn groups(&self, chunk: Chunk) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        let group_words = (self.unseen_words / GROUPS).max(1);
        let mut before = 0;
        for sentence in self.run.corpus.sentences(chunk) {
            if groups.last().is_none_or(|group| group.words >= group_words) {
                groups.push(Group {
                    sentences: Vec::new(),
                    words: 0,
                    before,
                });
            }
            if let Some(group) = groups.last_mut() {
                group.sentences.push(sentence);
                group.words += sentence.len();
            }
            before += sentence.len() as u64;
        }
        groups
    }
}

/// The groups that are learned from the same model each time: [`GROUPS`], or as many as have half as many words again as
/// `unseen_words` together. A group is a sentence at least, so one can be longer than that by itself; nobody learns beside it
/// then.
fn rounds<'g, 'a>(groups: &'g [Group<'a>], unseen_words: usize) -> Vec<&'g [Group<'a>]> {
    let most = unseen_words * 3 / 2;
    let mut rounds = Vec::new();
    let mut rest = groups;
    while !rest.is_empty() {
        let mut words = 0;
        let fit = rest.iter().take(GROUPS).take_while(|group| {
            words += group.words;
            words <= most
        });
        let (round, others) = rest.split_at(fit.count().max(1));
        rounds.push(round);
        rest = others;
    }
    rounds
}

/// Words that may be learned from the same model, so that no row changes by more than [`UNSEEN_CHANGE`] before others see
/// it.
fn unseen_words(shared: &Shared<'_>) -> usize {
    let settings = shared.settings;
    // The tree's root is on the path to every word.
    let share = match settings.objective {
        Objective::NegativeSampling => shared.subsampling.largest_share(),
        Objective::HierarchicalSoftmax => 1.0,
    };
    let pairs = match settings.dynamic_window {
        true => settings.window + 1,
        false => 2 * settings.window,
    };
    let change = share * pairs as f64 * settings.learning_rate;
    (UNSEEN_CHANGE / change).clamp(1.0, GROUPS as f64 * GROUP_WORDS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_learned_by_fewer_groups_at_a_time() {
        let sizes = |words: &[usize]| {
            let group = |&words: &usize| Group {
                sentences: Vec::new(),
                words,
                before: 0,
            };
            let groups: Vec<Group<'_>> = words.iter().map(group).collect();
            rounds(&groups, 800)
                .iter()
                .map(|round| round.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[55; 40]), [16, 16, 8]);
        assert_eq!(sizes(&[400; 7]), [3, 3, 1]);
        assert_eq!(sizes(&[5000, 60, 60, 1300, 1]), [1, 2, 1, 1]);
        assert!(sizes(&[]).is_empty());
    }
}
