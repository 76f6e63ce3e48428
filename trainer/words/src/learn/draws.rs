//! Which words are drawn as negatives, and which are skipped because they are too frequent.

use super::random::Random;

/// Draws words in proportion to a power of their counts, two table look-ups a draw: the alias method
/// (Walker 1977, in Vose's form of 1991).
#[derive(Debug)]
pub(super) struct Negatives {
    part: Part,
    cells: Vec<Cell>,
}

/// A cell is drawn evenly; it is its own word below `threshold` (of 2³²), else another.
#[derive(Debug, Clone, Copy)]
struct Cell {
    threshold: u32,
    other: u32,
}

/// One of several parts of the vocabulary with no word in common and nearly the same weight: the words, in order of
/// their counts, are dealt to the parts forwards and backwards in turn.
#[derive(Debug, Clone, Copy)]
struct Part {
    number: usize,
    of: usize,
}

impl Part {
    /// Its word of that rank.
    #[inline]
    fn word(self, rank: usize) -> usize {
        let place = if rank.is_multiple_of(2) {
            self.number
        } else {
            self.of - 1 - self.number
        };
        rank * self.of + place
    }
}

impl Negatives {
    /// One table for each of `parts` parts of the vocabulary (1 to its length), 1 for the whole of it.
    ///
    /// Weights are `count` to the power `exponent` (Mikolov et al. 2013, arXiv 1310.4546, section 2.2). Whoever
    /// draws from all parts equally often draws all words in proportion, as far as the parts weigh the same.
    pub(super) fn in_parts(counts: &[u64], exponent: f64, parts: usize) -> Vec<Self> {
        (0..parts)
            .map(|number| Negatives::of_part(counts, exponent, Part { number, of: parts }))
            .collect()
    }

    fn of_part(counts: &[u64], exponent: f64, part: Part) -> Self {
        let words = (0..).map(|rank| part.word(rank)).take_while(|&word| word < counts.len());
        let weights: Vec<f64> = words
            .map(|word| (counts[word].max(1) as f64).powf(exponent))
            .collect();
        let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let mut cells: Vec<Cell> = (0..shares.len())
            .map(|rank| Cell {
                threshold: u32::MAX,
                other: part.word(rank) as u32,
            })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|&rank| shares[rank] < 1.0);
        while let (Some(&donor), Some(rank)) = (large.last(), small.pop()) {
            cells[rank] = Cell {
                threshold: (shares[rank] * 2f64.powi(32)) as u32,
                other: part.word(donor) as u32,
            };
            shares[donor] -= 1.0 - shares[rank];
            if shares[donor] < 1.0 {
                large.pop();
                small.push(donor);
            }
        }
        Negatives { part, cells }
    }

    /// A word.
    #[inline]
    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        let bits = random.bits();
        let rank = (((bits >> 32) * self.cells.len() as u64) >> 32) as usize;
        let Cell { threshold, other } = self.cells[rank];
        if (bits as u32) < threshold {
            self.part.word(rank) as u32
        } else {
            other
        }
    }
}

/// Skips frequent words at random (Mikolov et al. 2013, section 2.3, in word2vec.c's form).
#[derive(Debug)]
pub(super) struct Subsampling {
    largest_share: f64,
    /// Of 2³²; empty where every word is kept.
    keep: Vec<u32>,
}

impl Subsampling {
    /// Keeps a word of share f of the text with probability √(t/f) + t/f, t = `sample`; 0 keeps all.
    pub(super) fn new(counts: &[u64], sample: f64) -> Self {
        let total = counts.iter().sum::<u64>() as f64;
        let probability = |&count: &u64| {
            let ratio = sample * total / count.max(1) as f64;
            if sample == 0.0 {
                1.0
            } else {
                (ratio.sqrt() + ratio).min(1.0)
            }
        };
        let shares = counts
            .iter()
            .map(|count| *count as f64 / total * probability(count));
        Subsampling {
            largest_share: shares.fold(0.0, f64::max),
            keep: match sample == 0.0 {
                true => Vec::new(),
                // A float too large for the type becomes its maximum.
                false => counts
                    .iter()
                    .map(|count| (probability(count) * 2f64.powi(32)) as u32)
                    .collect(),
            },
        }
    }

    /// The largest share of one word: its words that are kept, of all words of the text.
    pub(super) fn largest_share(&self) -> f64 {
        self.largest_share
    }

    /// Appends the words that are kept.
    #[inline]
    pub(super) fn keep(&self, words: &[u32], random: &mut Random, kept: &mut Vec<u32>) {
        if self.keep.is_empty() {
            kept.extend_from_slice(words);
            return;
        }
        for &word in words {
            let threshold = self.keep[word as usize];
            if threshold == u32::MAX || (random.bits() >> 32) as u32 <= threshold {
                kept.push(word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(tables: &[Negatives], words: usize) -> Vec<f64> {
        let mut random = Random::stream(1, 2);
        let draws = 400_000;
        let mut drawn = vec![0_u32; words];
        for draw in 0..draws {
            drawn[tables[draw % tables.len()].draw(&mut random) as usize] += 1;
        }
        drawn.iter().map(|&drawn| f64::from(drawn) / draws as f64).collect()
    }

    #[test]
    fn words_are_drawn_in_proportion_to_the_power_of_their_counts() {
        let counts = [1000, 300, 300, 20, 1];
        let total: f64 = counts.iter().map(|&count| (count as f64).powf(0.75)).sum();
        let found = drawn(&Negatives::in_parts(&counts, 0.75, 1), 5);
        for (found, &count) in found.iter().zip(&counts) {
            let expected = (count as f64).powf(0.75) / total;
            assert!(
                (found - expected).abs() < 0.003,
                "count {count}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn parts_share_no_word_and_together_draw_in_the_same_proportion() {
        let counts: Vec<u64> = (1..=100).map(|rank| 100_000 / rank).collect();
        let total: f64 = counts.iter().map(|&count| (count as f64).powf(0.75)).sum();
        for parts in [2, 3, 7] {
            let tables = Negatives::in_parts(&counts, 0.75, parts);
            let mut owners = vec![0; 100];
            for table in &tables {
                (0..table.cells.len()).for_each(|rank| owners[table.part.word(rank)] += 1);
            }
            assert_eq!(owners, vec![1; 100], "{parts} parts");
            for (found, &count) in drawn(&tables, 100).iter().zip(&counts) {
                let expected = (count as f64).powf(0.75) / total;
                assert!(
                    (found - expected).abs() < 0.003 + 0.15 * expected,
                    "{parts} parts, count {count}: {found} for {expected}"
                );
            }
        }
    }

    #[test]
    fn frequent_words_are_kept_as_often_as_the_formula_says() {
        let counts = [90_000, 9_900, 100];
        let subsampling = Subsampling::new(&counts, 1e-3);
        let mut random = Random::stream(3, 4);
        for (word, &count) in counts.iter().enumerate() {
            let mut kept = Vec::new();
            subsampling.keep(&vec![word as u32; 100_000], &mut random, &mut kept);
            let ratio = 1e-3 * 100_000.0 / count as f64;
            let expected = (ratio.sqrt() + ratio).min(1.0);
            assert!(
                (kept.len() as f64 / 1e5 - expected).abs() < 0.006,
                "count {count}"
            );
        }
    }

    #[test]
    fn without_a_threshold_all_words_are_kept() {
        let mut kept = Vec::new();
        Subsampling::new(&[5, 5], 0.0).keep(&[0, 1, 0], &mut Random::stream(1, 1), &mut kept);
        assert_eq!(kept, [0, 1, 0]);
    }
}
