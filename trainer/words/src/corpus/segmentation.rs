//! Sentences with their phrases joined.
//!
//! From left to right, the longest phrase that starts at a word is joined. For phrases of two words this is
//! what word2phrase.c does; for longer ones it is what a tokenizer that knows only the list of phrases can
//! repeat, so that questions are cut as the text was.

use rustc_hash::FxHashMap;

use super::interner::Interner;
use super::{IntegerCorpus, phrases};
use crate::error::{Result, WordsError};
use crate::observer::Observer;

const NONE: u32 = u32::MAX;

/// Phrases as the numbers of their words.
pub(super) type Found = Vec<Box<[u32]>>;

/// Joins phrases. Units are numbered: first the words, then the phrases.
pub(super) struct Segmentation {
    words: usize,
    phrases: Found,
    /// Node behind a phrase's first word, by word; a tree of the phrases' words.
    first: Vec<u32>,
    next: FxHashMap<(u32, u32), u32>,
    /// The unit that ends at a node.
    unit_at: Vec<u32>,
}

impl Segmentation {
    pub(super) fn new(words: usize, phrases: Found) -> Self {
        let mut segmentation = Segmentation {
            words,
            first: vec![NONE; if phrases.is_empty() { 0 } else { words }],
            phrases,
            next: FxHashMap::default(),
            unit_at: Vec::new(),
        };
        for (unit, phrase) in (words as u32..).zip(&segmentation.phrases) {
            let unit_at = &mut segmentation.unit_at;
            let mut new_node = || {
                unit_at.push(NONE);
                unit_at.len() as u32 - 1
            };
            let first = &mut segmentation.first[phrase[0] as usize];
            if *first == NONE {
                *first = new_node();
            }
            let mut node = *first;
            for &word in &phrase[1..] {
                node = *segmentation
                    .next
                    .entry((node, word))
                    .or_insert_with(&mut new_node);
            }
            unit_at[node as usize] = unit;
        }
        segmentation
    }

    /// The same with only those phrases, given as unit and words, that `is_kept` accepts.
    pub(super) fn keep(self, is_kept: impl Fn(u32, &[u32]) -> bool) -> Self {
        let kept = self.phrases().filter(|&(unit, phrase)| is_kept(unit, phrase));
        Segmentation::new(self.words, kept.map(|(_, phrase)| phrase.into()).collect())
    }

    /// Number of units.
    pub(super) fn len(&self) -> usize {
        self.words + self.phrases.len()
    }

    /// Each phrase's unit and words.
    pub(super) fn phrases(&self) -> impl ExactSizeIterator<Item = (u32, &[u32])> {
        let phrases = self.phrases.iter().enumerate();
        phrases.map(|(index, phrase)| ((self.words + index) as u32, &phrase[..]))
    }

    /// The words of a unit that is a phrase.
    pub(super) fn phrase(&self, unit: u32) -> Option<&[u32]> {
        let index = (unit as usize).checked_sub(self.words)?;
        Some(&self.phrases[index])
    }

    /// How the vocabulary spells a unit.
    pub(super) fn name(&self, unit: u32, words: &Interner) -> String {
        match self.phrase(unit) {
            Some(phrase) => phrases::spell(phrase, words, "_"),
            None => words.word(unit).to_owned(),
        }
    }

    /// Replaces `units` by those of a sentence.
    pub(super) fn segment(&self, sentence: &[u32], units: &mut Vec<u32>) {
        units.clear();
        if self.phrases.is_empty() {
            units.extend_from_slice(sentence);
            return;
        }
        let mut at = 0;
        while at < sentence.len() {
            let (unit, length) = self.longest(&sentence[at..]);
            units.push(unit);
            at += length;
        }
    }

    fn longest(&self, words: &[u32]) -> (u32, usize) {
        let mut longest = (words[0], 1);
        let mut node = self.first[words[0] as usize];
        let mut length = 1;
        while node != NONE && length < words.len() {
            node = self.next.get(&(node, words[length])).copied().unwrap_or(NONE);
            length += 1;
            if node != NONE && self.unit_at[node as usize] != NONE {
                longest = (self.unit_at[node as usize], length);
            }
        }
        longest
    }

    /// How often each unit occurs.
    pub(super) fn count(&self, corpus: &IntegerCorpus, observer: &dyn Observer) -> Result<Vec<u64>> {
        let mut counts = vec![0; self.len()];
        let mut units = Vec::new();
        for &chunk in corpus.chunks() {
            if observer.interrupted() {
                return Err(WordsError::Interrupted);
            }
            for sentence in corpus.sentences(chunk) {
                self.segment(sentence, &mut units);
                for &unit in &units {
                    counts[unit as usize] += 1;
                }
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_at_each_word_is_joined_from_left_to_right() {
        let phrases: Found = [&[0, 1][..], &[1, 2], &[0, 1, 2, 3], &[4, 4]]
            .map(Box::from)
            .to_vec();
        let segmentation = Segmentation::new(5, phrases);
        let mut units = Vec::new();
        for (sentence, expected) in [
            (&[0, 1, 2][..], &[5, 2][..]),
            (&[0, 1, 2, 3], &[7]),
            (&[3, 1, 2, 0], &[3, 6, 0]),
            (&[4, 4, 4], &[8, 4]),
            (&[0], &[0]),
        ] {
            segmentation.segment(sentence, &mut units);
            assert_eq!(units, expected);
        }
        let fewer = segmentation.keep(|unit, _| unit == 6);
        fewer.segment(&[0, 1, 2, 3], &mut units);
        assert_eq!(units, [0, 5, 3]);
    }
}
