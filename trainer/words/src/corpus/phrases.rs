//! Words that belong together: "new york" becomes one word, `new_york`.
//!
//! Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their Compositionality"
//! (arXiv 1310.4546), section 4, equation 6, times the number of words, as word2phrase.c has it.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::interner::Interner;
use super::segmentation::Found;
use super::{IntegerCorpus, IntegerWriter};
use crate::error::{Result, WordsError};
use crate::observer::{Observer, Progress, Stage};

/// Pairs counted at a time, some 400 MB. Behind that the rarest are forgotten, so counts of pairs that are
/// rare in a part of the text can come out lower.
const MAX_PAIRS: usize = 1 << 24;

/// How phrases are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhraseSettings {
    /// Passes, 1 to 4; each can join what the one before it joined, so that n give up to 2ⁿ words.
    pub passes: usize,
    /// A pair with a score above this is joined; 0 or more.
    pub threshold: f64,
    /// Pairs, and words in them, are seen at least this often; also the discount on a pair's count.
    pub min_count: u64,
}

impl Default for PhraseSettings {
    fn default() -> Self {
        PhraseSettings {
            passes: 1,
            threshold: 100.0,
            min_count: 5,
        }
    }
}

impl PhraseSettings {
    /// Checks the passes and the threshold.
    ///
    /// # Errors
    /// One that is out of its range: its name, its value and its range.
    pub fn validate(&self) -> Result<()> {
        if !(1..=4).contains(&self.passes) {
            return Err(WordsError::Setting(format!(
                "phrases: passes is {}; give 1 to 4, for phrases of up to 2 to 16 words",
                self.passes
            )));
        }
        if !self.threshold.is_finite() || self.threshold < 0.0 {
            return Err(WordsError::Setting(format!(
                "phrases: threshold is {}; give a number of 0 or more (100 joins little, 10 much)",
                self.threshold
            )));
        }
        Ok(())
    }
}

/// A phrase of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    /// As in the vocabulary: `new_york`.
    pub joined: String,
    /// Its words with a space between them: `new york`.
    pub words: String,
}

impl Phrase {
    pub(super) fn of(phrase: &[u32], words: &Interner) -> Self {
        Phrase {
            joined: spell(phrase, words, "_"),
            words: spell(phrase, words, " "),
        }
    }
}

pub(super) fn spell(phrase: &[u32], words: &Interner, between: &str) -> String {
    let words: Vec<&str> = phrase.iter().map(|&word| words.word(word)).collect();
    words.join(between)
}

/// The phrases of a text, in an order that depends on the text alone.
pub(super) fn find(
    text: &IntegerCorpus,
    words: &Interner,
    settings: &PhraseSettings,
    scratch: &Path,
    observer: &dyn Observer,
) -> Result<Found> {
    let mut finder = Finder {
        words,
        settings,
        observer,
        max_pairs: MAX_PAIRS,
        found: Vec::new(),
        names: FxHashSet::default(),
    };
    let mut joined: Option<(tempfile::TempPath, IntegerCorpus)> = None;
    for pass in 0..settings.passes {
        let corpus = joined.as_ref().map_or(text, |(_, corpus)| corpus);
        let pairs = finder.pass(corpus, pass)?;
        if pairs.is_empty() || pass + 1 == settings.passes {
            break;
        }
        let path = tempfile::Builder::new()
            .prefix("phrases-")
            .tempfile_in(scratch)
            .map_err(WordsError::write(scratch))?
            .into_temp_path();
        let corpus = join(corpus, &pairs, &path, observer)?;
        joined = Some((path, corpus));
    }
    Ok(finder.found)
}

type Pair = (u32, u32);

struct Finder<'a> {
    words: &'a Interner,
    settings: &'a PhraseSettings,
    observer: &'a dyn Observer,
    max_pairs: usize,
    found: Found,
    names: FxHashSet<String>,
}

impl Finder<'_> {
    /// The pairs to join in a corpus that earlier passes joined, and the unit that each becomes.
    fn pass(&mut self, corpus: &IntegerCorpus, pass: usize) -> Result<FxHashMap<Pair, u32>> {
        let mut counts = vec![0_u64; self.words.len() + self.found.len()];
        for &token in corpus.tokens() {
            if let Some(count) = counts.get_mut(token as usize) {
                *count += 1;
            }
        }
        let pairs = self.count_pairs(corpus, &counts, pass)?;
        let mut chosen: Vec<Pair> = pairs
            .into_iter()
            .filter(|&((a, b), count)| {
                let alone = (counts[a as usize], counts[b as usize]);
                score(u64::from(count), alone, corpus.words(), self.settings.min_count)
                    > self.settings.threshold
            })
            .map(|(pair, _)| pair)
            .collect();
        chosen.sort_unstable();
        let mut units = FxHashMap::default();
        for (a, b) in chosen {
            if let Some(unit) = self.add(a, b) {
                units.insert((a, b), unit);
            }
        }
        Ok(units)
    }

    fn count_pairs(
        &self,
        corpus: &IntegerCorpus,
        counts: &[u64],
        pass: usize,
    ) -> Result<FxHashMap<Pair, u32>> {
        let is_frequent = |unit: u32| counts[unit as usize] >= self.settings.min_count;
        let mut pairs: FxHashMap<Pair, u32> = FxHashMap::default();
        let mut forgotten = 0;
        for (index, &chunk) in corpus.chunks().iter().enumerate() {
            if self.observer.interrupted() {
                return Err(WordsError::Interrupted);
            }
            if index % 50 == 0 {
                self.report(chunk.words_before, corpus.words(), pass);
            }
            for sentence in corpus.sentences(chunk) {
                for pair in sentence.windows(2) {
                    if is_frequent(pair[0]) && is_frequent(pair[1]) {
                        let count = pairs.entry((pair[0], pair[1])).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
            while pairs.len() > self.max_pairs {
                forgotten += 1;
                pairs.retain(|_, &mut count| count > forgotten);
            }
        }
        self.report(corpus.words(), corpus.words(), pass);
        Ok(pairs)
    }

    fn report(&self, done: u64, total: u64, pass: usize) {
        self.observer.progress(&Progress {
            stage: Stage::Phrases,
            done,
            total,
            epoch: pass,
            loss: None,
            learning_rate: 0.0,
        });
    }

    /// The unit of a new phrase. None where the text has its joined name as a word, or another phrase has it:
    /// both can only be where words hold `_`.
    fn add(&mut self, a: u32, b: u32) -> Option<u32> {
        let phrase: Vec<u32> = [a, b].iter().flat_map(|&unit| self.words_of(unit)).collect();
        let name = spell(&phrase, self.words, "_");
        if self.words.get(&name).is_some() || !self.names.insert(name) {
            return None;
        }
        self.found.push(phrase.into());
        Some((self.words.len() + self.found.len() - 1) as u32)
    }

    fn words_of(&self, unit: u32) -> Vec<u32> {
        match (unit as usize).checked_sub(self.words.len()) {
            Some(index) => self.found[index].to_vec(),
            None => vec![unit],
        }
    }
}

/// Equation 6 times the number of words: how much more often a pair is seen than chance would have it.
fn score(pair: u64, (a, b): (u64, u64), words: u64, discount: u64) -> f64 {
    (pair as f64 - discount as f64) / (a as f64 * b as f64) * words as f64
}

/// Joins pairs from left to right; what was joined in this pass is not joined again.
fn join(
    corpus: &IntegerCorpus,
    pairs: &FxHashMap<Pair, u32>,
    path: &Path,
    observer: &dyn Observer,
) -> Result<IntegerCorpus> {
    let mut writer = IntegerWriter::create(path)?;
    let mut units = Vec::new();
    for &chunk in corpus.chunks() {
        if observer.interrupted() {
            return Err(WordsError::Interrupted);
        }
        for sentence in corpus.sentences(chunk) {
            units.clear();
            let mut at = 0;
            while at < sentence.len() {
                let next = sentence.get(at + 1);
                match next.and_then(|&next| pairs.get(&(sentence[at], next))) {
                    Some(&unit) => {
                        units.push(unit);
                        at += 2;
                    }
                    None => {
                        units.push(sentence[at]);
                        at += 1;
                    }
                }
            }
            writer.sentence(&units)?;
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unobserved;
    use crate::corpus::SENTENCE_END;

    #[test]
    fn the_score_is_that_of_the_formula() {
        assert_eq!(score(8, (10, 12), 1000, 5), 3.0 / 120.0 * 1000.0);
        assert!(score(3, (10, 12), 1000, 5) < 0.0, "the discount is not clipped");
    }

    #[test]
    fn above_the_limit_the_rarest_pairs_are_forgotten() {
        // One pair many times in each chunk, all others once.
        let mut words = Interner::new();
        let mut tokens = Vec::new();
        for number in 0..100_000_u32 {
            let word = |name: String, words: &mut Interner| words.count(&name);
            let sentence = [
                word(format!("w{}", number % 1000), &mut words),
                word(format!("v{}", number % 999), &mut words),
                SENTENCE_END,
                word("new".to_owned(), &mut words),
                word("york".to_owned(), &mut words),
                SENTENCE_END,
            ];
            tokens.extend(sentence);
        }
        let corpus = IntegerCorpus::from_tokens(tokens);
        let settings = PhraseSettings {
            min_count: 1,
            ..PhraseSettings::default()
        };
        let mut finder = Finder {
            words: &words,
            settings: &settings,
            observer: &Unobserved,
            max_pairs: 500,
            found: Vec::new(),
            names: FxHashSet::default(),
        };
        let counts = words.counts();
        let pairs = finder.count_pairs(&corpus, counts, 0).unwrap();
        assert!(pairs.len() <= 500);
        let new_york = (words.get("new").unwrap(), words.get("york").unwrap());
        assert_eq!(pairs[&new_york], 100_000);
        finder.max_pairs = usize::MAX;
        assert!(finder.count_pairs(&corpus, counts, 0).unwrap().len() > 90_000);
    }
}
