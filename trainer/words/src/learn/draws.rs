//! Which words are drawn as negatives, and which are skipped because they are too frequent.

use super::random::Random;

/// Draws words in proportion to a power of their counts, two table look-ups a draw: the alias method
/// (Walker 1977, in Vose's form of 1991).
#[derive(Debug)]
pub(super) struct Negatives {
    cells: Vec<Cell>,
}

/// A cell is drawn evenly; it is its own word below `threshold` (of 2³²), else another.
#[derive(Debug, Clone, Copy)]
struct Cell {
    threshold: u32,
    own: u32,
    other: u32,
}

impl Negatives {
    /// One table for each of `parts` parts of the vocabulary, which have no word in common and nearly the same
    /// weight; 1 for the whole of it.
    ///
    /// Weights are `count` to the power `exponent` (Mikolov et al. 2013, arXiv 1310.4546, section 2.2). Whoever
    /// draws from all parts equally often draws all words in proportion, as far as the parts weigh the same: each
    /// word, the heaviest first, went to the part that was lightest then.
    pub(super) fn in_parts(counts: &[u64], exponent: f64, parts: usize) -> Vec<Self> {
        let weight = |word: usize| (counts[word].max(1) as f64).powf(exponent);
        if parts == 1 {
            let all = (0..counts.len()).map(|word| (word as u32, weight(word)));
            return vec![Negatives::among(&all.collect::<Vec<_>>())];
        }
        let mut words: Vec<usize> = (0..counts.len()).collect();
        words.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)).then(a.cmp(&b)));
        let mut dealt = vec![(0.0, Vec::new()); parts];
        for word in words {
            let lightest = (0..parts)
                .min_by(|&a, &b| f64::total_cmp(&dealt[a].0, &dealt[b].0))
                .unwrap_or(0);
            dealt[lightest].0 += weight(word);
            dealt[lightest].1.push((word as u32, weight(word)));
        }
        dealt.iter().map(|(_, words)| Negatives::among(words)).collect()
    }

    /// Draws among words with weights.
    fn among(words: &[(u32, f64)]) -> Self {
        let mean = words.iter().map(|&(_, weight)| weight).sum::<f64>() / words.len().max(1) as f64;
        let mut shares: Vec<f64> = words.iter().map(|&(_, weight)| weight / mean).collect();
        let mut cells: Vec<Cell> = words
            .iter()
            .map(|&(word, _)| Cell {
                threshold: u32::MAX,
                own: word,
                other: word,
            })
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..shares.len()).partition(|&cell| shares[cell] < 1.0);
        while let (Some(&donor), Some(cell)) = (large.last(), small.pop()) {
            cells[cell].threshold = (shares[cell] * 2f64.powi(32)) as u32;
            cells[cell].other = words[donor].0;
            shares[donor] -= 1.0 - shares[cell];
            if shares[donor] < 1.0 {
                large.pop();
                small.push(donor);
            }
        }
        Negatives { cells }
    }

    /// A word.
    #[inline]
    pub(super) fn draw(&self, random: &mut Random) -> u32 {
        let bits = random.bits();
        let cell = ((bits >> 32) * self.cells.len() as u64) >> 32;
        let Cell {
            threshold,
            own,
            other,
        } = self.cells[cell as usize];
        if (bits as u32) < threshold { own } else { other }
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
        drawn
            .iter()
            .map(|&drawn| f64::from(drawn) / draws as f64)
            .collect()
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
                table.cells.iter().for_each(|cell| owners[cell.own as usize] += 1);
            }
            assert_eq!(owners, vec![1; 100], "{parts} parts");
            for (found, &count) in drawn(&tables, 100).iter().zip(&counts) {
                let expected = (count as f64).powf(0.75) / total;
                assert!(
                    (found - expected).abs() < 0.003 + 0.03 * expected,
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
