//! Counts of pairs of frequent words, each at a place of its own.

use memmap2::MmapMut;

use super::entry::Entry;
use super::table;
use crate::error::Result;

/// A triangle cut by a hyperbola: words a ≤ b with (a + 1)(b + 1) at most some product. By Zipf's law these
/// pairs are the most frequent, so few places take most of the counting without a search.
#[derive(Debug)]
pub(super) struct Frequent {
    /// Where the row of each word begins, less the word; one more than there are rows.
    starts: Vec<usize>,
    /// One past the last word of each row.
    ends: Vec<u32>,
    memory: MmapMut,
}

impl Frequent {
    /// As many pairs of that many words as fit into so many places.
    pub(super) fn new(words: usize, places: usize) -> Result<Self> {
        let row_end = |product: usize, row: usize| (product / (row + 1)).min(words);
        let rows = |product: usize| (0..words).take_while(move |&row| row_end(product, row) > row);
        let pairs = |product: usize| -> usize { rows(product).map(|row| row_end(product, row) - row).sum() };
        // The largest product that fits, by bisection: `low` does, `high` may not.
        let (mut low, mut high) = (0, words.saturating_mul(words).saturating_add(1));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if pairs(middle) <= places {
                low = middle;
            } else {
                high = middle;
            }
        }
        let (mut starts, mut ends, mut next) = (Vec::new(), Vec::new(), 0);
        for row in rows(low) {
            starts.push(next);
            ends.push(row_end(low, row) as u32);
            next += row_end(low, row) - row;
        }
        Ok(Frequent {
            starts,
            ends,
            memory: table::memory(next * size_of::<u64>())?,
        })
    }

    /// Adds to a pair with a ≤ b; false if it has no place here.
    #[inline]
    pub(super) fn add(&mut self, a: u32, b: u32, weight: u64) -> bool {
        let Some(&end) = self.ends.get(a as usize) else {
            return false;
        };
        if b >= end {
            return false;
        }
        let place = self.starts[a as usize] + (b - a) as usize;
        let counts: &mut [u64] = bytemuck::cast_slice_mut(&mut self.memory);
        counts[place] = counts[place].saturating_add(weight);
        true
    }

    /// The pairs that were met, by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let counts: &[u64] = bytemuck::cast_slice(&self.memory);
        self.starts
            .iter()
            .zip(&self.ends)
            .enumerate()
            .flat_map(|(a, (&start, &end))| {
                let row = &counts[start..start + end as usize - a];
                let met = row.iter().enumerate().filter(|(_, weight)| **weight > 0);
                met.map(move |(at, &weight)| Entry::new(a as u32, (a + at) as u32, weight))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_its_place_or_none() {
        for (words, places) in [(1, 1), (5, 0), (5, 15), (5, 7), (40, 100), (40, 10_000)] {
            let mut frequent = Frequent::new(words, places).unwrap();
            let mut expected = Vec::new();
            for a in 0..words as u32 {
                for b in a..words as u32 {
                    let weight = u64::from(a * 100 + b + 1);
                    if frequent.add(a, b, weight) {
                        expected.push(Entry::new(a, b, weight));
                    }
                }
            }
            let found: Vec<Entry> = frequent.entries().collect();
            assert_eq!(found, expected);
            assert!(found.len() <= places);
            assert!(
                found.len() >= places.min(words * (words + 1) / 2) * 2 / 3,
                "{}",
                found.len()
            );
        }
    }
}
