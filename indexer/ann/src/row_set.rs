//! A set of rows: those that a filter lets through, those that are not deleted.

/// A set of row numbers below a fixed length, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    len: usize,
    /// Rows that are in: searches ask for it each time.
    count: usize,
}

const BITS: usize = u64::BITS as usize;

impl RowSet {
    /// No row of the rows `0..len`.
    pub fn new(len: usize) -> Self {
        Self {
            words: vec![0; len.div_ceil(BITS)],
            len,
            count: 0,
        }
    }

    /// All rows `0..len`.
    pub fn full(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(BITS)];
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(BITS)
        {
            *last >>= BITS - len % BITS;
        }
        Self {
            words,
            len,
            count: len,
        }
    }

    /// One more than the highest row that the set can have.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is in the set.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Puts a row in; whether it was not there. A row from `len` on is not taken.
    pub fn insert(&mut self, row: u32) -> bool {
        if row as usize >= self.len {
            return false;
        }
        let (word, bit) = (&mut self.words[row as usize / BITS], 1 << (row as usize % BITS));
        let new = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(new);
        new
    }

    /// Takes a row out; whether it was there.
    pub fn remove(&mut self, row: u32) -> bool {
        let there = self.contains(row);
        if there {
            self.words[row as usize / BITS] &= !(1 << (row as usize % BITS));
            self.count -= 1;
        }
        there
    }

    /// Whether a row is in the set.
    #[inline]
    pub fn contains(&self, row: u32) -> bool {
        let word = self.words.get(row as usize / BITS).copied().unwrap_or(0);
        word >> (row as usize % BITS) & 1 == 1
    }

    /// How many rows are in the set.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Keeps the rows that are in `other` too.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
        self.count = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(place, &word)| {
            let next = |rest: &u64| Some(rest & (rest - 1)).filter(|rest| *rest != 0);
            let rests = std::iter::successors(Some(word).filter(|word| *word != 0), next);
            rests.map(move |rest| (place * BITS) as u32 + rest.trailing_zeros())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_and_go_at_the_edges_of_words() {
        for len in [0, 1, 63, 64, 65, 200] {
            let mut set = RowSet::full(len);
            assert_eq!(set.count(), len);
            assert_eq!(
                set.iter().collect::<Vec<_>>(),
                (0..len as u32).collect::<Vec<_>>()
            );
            assert!(!set.contains(len as u32) && !set.insert(len as u32) && !set.remove(len as u32));
            for row in (0..len as u32).step_by(2) {
                assert!(set.remove(row) && !set.remove(row) && !set.contains(row));
            }
            let odd: Vec<u32> = (0..len as u32).filter(|row| row % 2 == 1).collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), odd);
            assert_eq!((set.count(), set.is_empty()), (odd.len(), odd.is_empty()));
            let mut other = RowSet::new(len);
            assert!(other.is_empty());
            (0..len as u32)
                .take(10)
                .for_each(|row| assert!(other.insert(row) && !other.insert(row)));
            other.intersect(&set);
            assert_eq!(other.count(), other.iter().count());
            assert_eq!(
                other.iter().collect::<Vec<_>>(),
                odd.into_iter().filter(|row| *row < 10).collect::<Vec<_>>()
            );
        }
    }
}
