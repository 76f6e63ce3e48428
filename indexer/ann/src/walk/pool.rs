//! The best nodes of a walk, sorted, and which of them have been looked around from.

/// A node and its score, packed so that the smaller number is the better node: by score, then by number.
///
/// The upper 32 bits hold the score in an order that integers have too, turned round; below lie the node's number and,
/// in the last bit, whether its neighbours have been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry(u64);

/// Nodes that an [`Entry`] can tell apart.
pub(crate) const MOST_NODES: usize = 1 << 31;

impl Entry {
    /// Not looked around from.
    #[inline(always)]
    pub fn new(score: f32, node: u32) -> Self {
        let bits = score.to_bits();
        // Negative numbers order the other way round; the sign bit puts them below the positive ones.
        let ascending = bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000);
        Self(u64::from(!ascending) << 32 | u64::from(node) << 1)
    }

    #[inline(always)]
    pub fn node(self) -> u32 {
        self.0 as u32 >> 1
    }

    #[inline(always)]
    pub fn score(self) -> f32 {
        let ascending = !((self.0 >> 32) as u32);
        let negative = ((ascending as i32 >> 31) as u32) ^ u32::MAX;
        f32::from_bits(ascending ^ (negative | 0x8000_0000))
    }

    #[inline(always)]
    fn is_expanded(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Up to `width` entries, best first.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    entries: Vec<Entry>,
    width: usize,
    /// All entries before this place are expanded.
    next: usize,
}

impl Pool {
    /// Empties the pool and sets its width, at least 1.
    pub fn restart(&mut self, width: usize) {
        self.entries.clear();
        self.width = width.max(1);
        self.entries.reserve(self.width);
        self.next = 0;
    }

    /// Puts a node in that is not there, where it is among the best.
    #[inline(always)]
    pub fn insert(&mut self, entry: Entry) {
        let full = self.entries.len() == self.width;
        if full && self.entries.last().is_some_and(|worst| entry >= *worst) {
            return;
        }
        let place = self.entries.partition_point(|there| *there < entry);
        if full {
            self.entries.pop();
        }
        self.entries.insert(place, entry);
        self.next = self.next.min(place);
    }

    /// Marks the best node that is not expanded, and hands it out.
    #[inline(always)]
    pub fn expand(&mut self) -> Option<u32> {
        let place = self.next
            + self
                .entries
                .get(self.next..)?
                .iter()
                .position(|entry| !entry.is_expanded())?;
        self.entries[place].0 |= 1;
        self.next = place + 1;
        Some(self.entries[place].node())
    }

    /// The node that would be expanded next, in most cases.
    #[inline(always)]
    pub fn peek(&self) -> Option<u32> {
        self.entries.get(self.next).map(|entry| entry.node())
    }

    /// All entries, best first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_order_by_score_then_by_node() {
        let scores = [f32::MAX, 3.5, 1.0, 1e-30, 0.0, -1e-30, -1.0, -7.25, f32::MIN];
        let entries: Vec<Entry> = scores.iter().map(|score| Entry::new(*score, 7)).collect();
        assert!(entries.is_sorted_by(|a, b| a < b));
        for (entry, score) in entries.iter().zip(scores) {
            assert_eq!((entry.score(), entry.node()), (score, 7));
        }
        assert!(Entry::new(1.0, 3) < Entry::new(1.0, 4));
        let last = MOST_NODES as u32 - 1;
        assert_eq!(Entry::new(-1.0, last).node(), last);
    }

    #[test]
    fn a_pool_keeps_the_best_and_expands_each_once() {
        let mut pool = Pool::default();
        pool.restart(3);
        assert_eq!(pool.expand(), None);
        for (score, node) in [(0.1, 1), (0.5, 5), (0.3, 3), (0.2, 2)] {
            pool.insert(Entry::new(score, node));
        }
        let nodes = |pool: &Pool| {
            pool.entries()
                .iter()
                .map(|entry| entry.node())
                .collect::<Vec<_>>()
        };
        assert_eq!(nodes(&pool), [5, 3, 2]);
        assert_eq!(pool.expand(), Some(5));
        assert_eq!(pool.expand(), Some(3));
        pool.insert(Entry::new(0.4, 4));
        assert_eq!(nodes(&pool), [5, 4, 3]);
        assert_eq!(
            (pool.peek(), pool.expand(), pool.expand()),
            (Some(4), Some(4), None)
        );
    }
}
