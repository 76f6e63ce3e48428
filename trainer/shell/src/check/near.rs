//! Texts that are equal or nearly so.
//!
//! A text is taken as the set of its words and of its pairs of neighbouring words, in lower case, without
//! punctuation; two texts are nearly equal when these sets have a Jaccard similarity of at least [`NEAR`]. One
//! word changed among thirteen is near, one among seven is not: templates ("what are the symptoms of …") are no
//! duplicates. Of a long text the beginning counts. The search is exact: sets that similar share one of their rarest members (prefix filtering,
//! Bayardo et al. 2007, "Scaling Up All Pairs Similarity Search"), so only those need to be compared.

use std::collections::HashMap;

/// Jaccard similarity from which texts are nearly equal.
pub const NEAR: f64 = 0.8;

/// Words of a text that are looked at: more are read by hardly any model, and a book would take as much memory as a library.
const MOST_WORDS: usize = 512;

/// Before the first word and behind the last.
const EDGE: u32 = u32::MAX;

/// The words of a text in lower case with single blanks between them.
pub fn normalized(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Texts to which near ones can be found.
pub struct Index {
    words: HashMap<String, u32>,
    /// Sorted members of each text's set.
    sets: Vec<Vec<u64>>,
    /// How many sets have a member.
    frequency: HashMap<u64, u32>,
    /// The texts that have a member among their rarest.
    rare: HashMap<u64, Vec<u32>>,
}

impl Index {
    /// Takes in `texts`.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut index = Index {
            words: HashMap::new(),
            sets: Vec::new(),
            frequency: HashMap::new(),
            rare: HashMap::new(),
        };
        for text in texts {
            let numbers: Vec<u32> = words(text)
                .take(MOST_WORDS)
                .map(|word| {
                    let next = index.words.len() as u32;
                    *index.words.entry(word).or_insert(next)
                })
                .collect();
            let set = members(&numbers);
            for member in &set {
                *index.frequency.entry(*member).or_default() += 1;
            }
            index.sets.push(set);
        }
        for (number, set) in (0..).zip(&index.sets) {
            for member in rarest(set, &index.frequency) {
                index.rare.entry(member).or_default().push(number);
            }
        }
        index
    }

    /// Numbers of the texts that `text` is near to, in their order.
    pub fn near(&self, text: &str) -> Vec<u32> {
        let mut unknown = HashMap::new();
        let numbers: Vec<u32> = words(text)
            .take(MOST_WORDS)
            .map(|word| match self.words.get(&word) {
                Some(&number) => number,
                None => {
                    let next = (self.words.len() + unknown.len()) as u32;
                    *unknown.entry(word).or_insert(next)
                }
            })
            .collect();
        self.near_set(&members(&numbers))
    }

    /// As [`Index::near`], for the text `number` of the index, with itself left out.
    pub fn near_to(&self, number: u32) -> Vec<u32> {
        let mut near = self.near_set(&self.sets[number as usize]);
        near.retain(|&other| other != number);
        near
    }

    fn near_set(&self, set: &[u64]) -> Vec<u32> {
        let mut candidates: Vec<u32> = rarest(set, &self.frequency)
            .iter()
            .filter_map(|member| self.rare.get(member))
            .flatten()
            .copied()
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|&candidate| similarity(set, &self.sets[candidate as usize]) >= NEAR);
        candidates
    }
}

/// Words and pairs of neighbouring words as numbers, sorted, each once.
fn members(words: &[u32]) -> Vec<u64> {
    let pair = |a: u32, b: u32| u64::from(a) << 32 | u64::from(b);
    let Some((&first, &last)) = words.first().zip(words.last()) else {
        return Vec::new();
    };
    let mut set: Vec<u64> = words.windows(2).map(|two| pair(two[0], two[1])).collect();
    set.extend([pair(EDGE, first), pair(last, EDGE)]);
    // No pair is of two edges, so this is a number of its own for each word.
    set.extend(words.iter().map(|&word| pair(EDGE - 1, word)));
    set.sort_unstable();
    set.dedup();
    set
}

/// So many of the rarest members that two sets that are near share one of them; ties by number.
fn rarest(set: &[u64], frequency: &HashMap<u64, u32>) -> Vec<u64> {
    let mut order = set.to_vec();
    order.sort_unstable_by_key(|member| (frequency.get(member).copied().unwrap_or(0), *member));
    // A little below NEAR, so that rounding leaves no pair out.
    let shared = ((NEAR - 1e-9) * set.len() as f64).ceil() as usize;
    order.truncate(set.len() + 1 - shared.max(1).min(set.len() + 1));
    order
}

/// Jaccard similarity of two sorted sets; 0 for empty ones.
fn similarity(a: &[u64], b: &[u64]) -> f64 {
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    if short == 0 || (short as f64) < NEAR * long as f64 {
        return 0.0;
    }
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, both) = (i + 1, j + 1, both + 1),
        }
    }
    both as f64 / (a.len() + b.len() - both) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_do_not_count() {
        assert_eq!(normalized("What's  a COLD?"), "what s a cold");
        let index = Index::new(["What is a cold?"]);
        assert_eq!(index.near("what is a cold"), [0]);
    }

    #[test]
    fn a_template_with_another_word_is_no_duplicate_and_a_long_text_with_one_is() {
        let index = Index::new([
            "what are the symptoms of crohn disease",
            "a b c d e f g h i j k l m n o",
        ]);
        assert!(index.near("what are the symptoms of celiac disease").is_empty());
        assert_eq!(index.near("a b c d e f g X i j k l m n o"), [1]);
        assert!(index.near("").is_empty());
    }

    /// Over texts of so few words that near ones are frequent: the same as comparing all with all.
    #[test]
    fn nothing_near_is_missed() {
        let mut state = 1u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let texts: Vec<String> = (0..300)
            .map(|_| {
                let words = (0..1 + draw(30)).map(|place| format!("w{}", place * 3 + draw(40) / 38));
                words.collect::<Vec<_>>().join(" ")
            })
            .collect();
        let index = Index::new(texts.iter().map(String::as_str));
        let mut found = 0;
        for (i, text) in (0..).zip(&texts) {
            let all: Vec<u32> = (0..300)
                .filter(|&j| similarity(&index.sets[i as usize], &index.sets[j as usize]) >= NEAR)
                .collect();
            assert_eq!(index.near(text), all, "{text}");
            assert_eq!(index.near_to(i).len() + 1, all.len());
            found += all.len() - 1;
        }
        assert!(found > 100, "{found}");
    }
}
